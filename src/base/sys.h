/* Floor 0. The system calls that touch files, behind one table, so that a test can make the n-th of them fail. The
 * table is state that changes, by tests alone; the functions below it go on after EINTR and short counts. */
#ifndef ONNXSH_BASE_SYS_H
#define ONNXSH_BASE_SYS_H

#include "base/base.h"

#include <sys/types.h>

typedef struct ox__sys_table {
    int (*openat)(int dir, const char *path, int flags, mode_t mode);
    int (*openat_beneath)(int dir, const char *path, int flags); /* openat2; -1 with ENOSYS where there is none */
    ssize_t (*read)(int fd, void *p, size_t n);
    ssize_t (*pread)(int fd, void *p, size_t n, off_t offset);
    ssize_t (*write)(int fd, const void *p, size_t n);
    ssize_t (*copy_range)(int in, off_t *offset, int out, size_t n); /* copy_file_range */
    int (*fsync)(int fd);
    int (*ftruncate)(int fd, off_t n);
    int (*renameat)(int from_dir, const char *from, int to_dir, const char *to);
    int (*close)(int fd); /* closes also when it is made to fail */
} ox__sys_table;
extern ox__sys_table ox__sys;

/* For tests: the n-th call of the table from now fails with errno `error`, or does half of its work if that is
 * OX__SYS_SHORT; `persistent` goes on so. 0 puts the real calls back. Also set at start from the environment variable
 * ONNXSH_FAIL_SYS=N[:EIO|ENOSPC|EDQUOT|EINTR|SHORT|number][+]. */
enum { OX__SYS_SHORT = -1 };
void ox__sys_fail_at(uint64_t n, int error, bool persistent);
uint64_t ox__sys_count(void); /* calls since the last ox__sys_fail_at that was not 0 */

int ox__sys_open(int dir, const char *path, int flags, mode_t mode);
/* Writes all n bytes; false with errno. */
bool ox__sys_write_all(int fd, const void *p, size_t n);
/* Reads until n bytes or the end of the file; the count, or -1 with errno. */
ssize_t ox__sys_read_all(int fd, void *p, size_t n, off_t offset);
int ox__sys_fsync(int fd);
int ox__sys_close(int fd); /* EINTR counts as done: the descriptor is gone then, too */

#endif
