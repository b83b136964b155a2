/* Floor 0. Files: read-only maps that survive truncation, whole reads of pipes, atomic saves.
 *
 * A map is checked (size, mtime, ctime, inode) with ox__map_check before its bytes are trusted again, and every walk
 * over mapped bytes runs inside ox__guarded, which turns a SIGBUS inside the map into OX_E_IO. */
#ifndef ONNXSH_BASE_FILE_H
#define ONNXSH_BASE_FILE_H

#include "base/base.h"

#include <sys/stat.h>

typedef struct ox__map {
    char *path; /* as given; owned */
    int fd;
    const uint8_t *p; /* NULL for an empty file */
    uint64_t n;
    struct stat st;    /* at opening */
    bool owned_memory; /* p was allocated (standard input), not mapped: nothing to check */
} ox__map;

/* Maps a regular file read-only (O_CLOEXEC, O_NONBLOCK so that a fifo does not hang; MADV_RANDOM if large). A fifo or
 * character device is read whole into memory only if allow_stream; a directory, socket or block device is OX_E_IO. */
ox_status ox__map_open(ox__map *out, const char *path, bool allow_stream, ox_error *err) OX_MUST_USE;
/* The same, streams allowed; while a fifo that nobody writes to is waited for, the task (may be NULL) is asked. */
ox_status ox__map_open_any(ox__map *out, const char *path, const ox_task *task, ox_error *err) OX_MUST_USE;
/* Reads a file descriptor to its end, at most max bytes (OX_E_LIMIT beyond), as an owned-memory map called `name`. */
ox_status ox__map_read_fd(ox__map *out, int fd, const char *name, uint64_t max, const ox_task *task,
                          ox_error *err) OX_MUST_USE;
/* Maps an already opened descriptor, which it takes over (also on failure). */
ox_status ox__map_fd(ox__map *out, int fd, const char *path, ox_error *err) OX_MUST_USE;
/* Opens a file strictly beneath a directory, for external data: rel has no absolute path, `..`, `.` or empty
 * component, backslash, drive letter or NUL (n is its length); no symbolic link anywhere and link count 1 unless
 * follow_links; a regular file only. openat2(RESOLVE_BENEATH|NO_SYMLINKS|NO_MAGICLINKS) where the kernel has it, else
 * component by component with O_NOFOLLOW. Errors name the rule and hint at --follow-links where that would help. */
ox_status ox__open_beneath(int *fd, const char *dir, const char *rel, size_t n, bool follow_links,
                           ox_error *err) OX_MUST_USE;
/* The rules for rel that need no file system (what open_beneath checks first). */
ox_status ox__check_relative(const char *rel, size_t n, ox_error *err) OX_MUST_USE;
/* OX_OK if the file is still what was opened; else OX_E_IO saying what changed. */
ox_status ox__map_check(const ox__map *map, ox_error *err) OX_MUST_USE;
/* Call it for a map of a file that our own save has just replaced: the map holds the old file, which lost its name. Its
 * new ctime and link count are taken for good, unless its content changed too. */
void ox__map_replaced(ox__map *map);
/* Copies n bytes from offset on by reading, not through the map: nothing becomes resident, a truncated file is OX_E_IO.
 */
ox_status ox__map_read(const ox__map *map, uint64_t offset, void *dst, size_t n, ox_error *err) OX_MUST_USE;
void ox__map_close(ox__map *map); /* all zero is fine */

/* Opens a temporary file without a name, in $TMPDIR or where the system keeps such; it goes with its last descriptor.
 */
ox_status ox__temp_open(int *fd, ox_error *err) OX_MUST_USE;

/* Runs fn(ud, err); a SIGBUS while it runs ends it with OX_E_IO ("FILE changed while it was read"). What fn held is
 * not unwound: fn must own nothing but what its caller frees, and hold no lock. Guards nest. */
ox_status ox__guarded(ox_status (*fn)(void *ud, ox_error *err), void *ud, const char *path, ox_error *err) OX_MUST_USE;
/* For a change of stacks: makes `other` the innermost guard (NULL = none), returns the one that was. */
void *ox__guard_swap(void *other);

/* ---- atomic save: a temporary file beside the target, synced and renamed on commit ---- */
typedef struct ox__save ox__save;
/* Follows a symlinked target, takes over its mode and, where allowed, its owner. Checks that the target and its
 * directory can be written. A process that is killed leaves a file `.onnxsh-*` behind, and the old file whole; the next
 * save in that directory removes what is left so. */
ox_status ox__save_open(ox__save **out, const char *path, ox_error *err) OX_MUST_USE;
/* Sticky buffered writes: after a failure they do nothing and commit reports the first failure. */
void ox__save_write(ox__save *sv, const void *p, size_t n);
/* Copies a span of a map in steps of 1 MiB at most (copy_file_range where it works); the map is checked now and once
 * more before the rename, so it must outlive sv. */
void ox__save_copy(ox__save *sv, const ox__map *map, uint64_t offset, uint64_t n, const ox_task *task);
void ox__save_pad(ox__save *sv, uint64_t to_multiple); /* zero bytes up to a multiple */
uint64_t ox__save_offset(const ox__save *sv);          /* bytes written so far */
ox_status ox__save_status(const ox__save *sv, ox_error *err) OX_MUST_USE;
/* Flushes, fsyncs, renames over the target, fsyncs the directory; frees sv in any case, the temporary file gone. */
ox_status ox__save_commit(ox__save *sv, ox_error *err) OX_MUST_USE;
/* Drops the temporary file and frees sv. NULL is fine. */
void ox__save_abort(ox__save *sv);

/* ---- stale.c, for the atomic save ---- */
/* Locks a temporary file that was just made; false: a save that sweeps took it for a stale one, make another. */
bool ox__temporary_hold(int fd);
/* Removes the temporary files in a directory whose writers are gone. */
void ox__temporary_sweep(int dir);

#endif
