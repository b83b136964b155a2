/* What the fuzz targets share. A target is one file with LLVMFuzzerTestOneInput; it is linked to libFuzzer, and to
 * replay.c, which feeds it a corpus. A property that does not hold ends the process, as a sanitizer would. */
#ifndef OX_FUZZ_H
#define OX_FUZZ_H

#include "base/base.h"

#include <onnxsh/print.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Stops with a message unless it holds. */
#define FUZZ_CHECK(holds, ...) ((holds) ? (void)0 : fuzz_stop(__FILE__, __LINE__, #holds, __VA_ARGS__))
_Noreturn void fuzz_stop(const char *file, int line, const char *what, const char *fmt, ...) OX_PRINTF(4, 5);

/* A directory of this process, on a memory file system where there is one, without syncing: saves cost little. It holds
 * w.bin of 64 bytes, for external data. Removed when the process ends. */
const char *fuzz_dir(void);
const char *fuzz_path(const char *name); /* a name in it; the last two results live */
/* Removes all from the directory but w.bin. */
void fuzz_clean(void);

/* A sink that gathers up to 16 MiB, and checks on the way that a terminal may have it. */
typedef struct fuzz_text {
    ox__buf b;
    bool cut;
} fuzz_text;
ox_sink fuzz_sink(fuzz_text *t);
/* Stops if a byte of it must not reach a terminal. */
void fuzz_check_safe(const char *s, size_t n, const char *of);
/* An error must say what is wrong, with a place inside the input, and be safe to print. */
void fuzz_check_error(const ox_error *err, ox_status s, size_t n);

#endif
