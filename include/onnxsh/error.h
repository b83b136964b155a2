/* Errors are values: a code, a place, a message and a hint, on the caller's stack.
 *
 * Every function that can fail returns an ox_status and takes an `ox_error *err` last, which may be NULL. The place
 * that detects a failure fills it; callers add context in front and never replace it. An ox_error owns no memory:
 * texts that do not fit are cut with an ellipsis. On success *err is left as it was. */
#ifndef ONNXSH_ERROR_H
#define ONNXSH_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define OX_API __attribute__((visibility("default")))
#define OX_MUST_USE __attribute__((warn_unused_result))
#define OX_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define OX_API
#define OX_MUST_USE
#define OX_PRINTF(f, a)
#endif

typedef enum ox_status {
#define OX_STATUS(name, exit_status, text) name,
#include <onnxsh/status.def>
#undef OX_STATUS
} ox_status;

typedef struct ox_error {
    ox_status code;
    bool has_offset; /* `offset` is meaningful: a place in a binary file */
    uint32_t line;   /* 1-based, 0 = none: a place in a text file */
    uint32_t col;    /* 1-based, 0 = none */
    uint64_t offset; /* byte offset from the start of `file` */
    char file[256];  /* path as the user gave it, "" = none; raw bytes */
    char node[192];  /* the node, value or scope concerned, "" = none; raw bytes */
    char msg[768];   /* what is wrong; no newline; raw bytes may occur: sanitise before printing */
    char hint[384];  /* what to do about it, "" = none */
} ox_error;

/* The text of a code ("out of memory"); never NULL. */
OX_API const char *ox_status_text(ox_status s);
/* The exit status of the program for a code (see status.def). */
OX_API int ox_status_exit(ox_status s);

/* Empties *err. */
OX_API void ox_error_clear(ox_error *err);
/* Fills *err (NULL is fine) with a message and returns `code`. Place and hint are emptied. */
OX_API ox_status ox_error_set(ox_error *err, ox_status code, const char *fmt, ...) OX_PRINTF(3, 4);
/* Puts "context: " in front of the message. */
OX_API void ox_error_context(ox_error *err, const char *fmt, ...) OX_PRINTF(2, 3);
/* Sets the hint. */
OX_API void ox_error_hint(ox_error *err, const char *fmt, ...) OX_PRINTF(2, 3);
/* Sets the place: a text position (line and col 1-based, 0 = unknown) or a byte offset. */
OX_API void ox_error_at_line(ox_error *err, const char *file, uint32_t line, uint32_t col);
OX_API void ox_error_at_offset(ox_error *err, const char *file, uint64_t offset);
/* Writes "FILE:LINE:COL: message" (or "FILE@0x1f: message") and, on a line of its own, "  hint: ...", sanitised and
 * without a newline at the end, into buf (always terminated). Returns the length without the terminator, cut to fit. */
OX_API size_t ox_error_format(const ox_error *err, char *buf, size_t size);

/* Long work reports its progress and asks whether to go on. `step` is called every few milliseconds or so with the
 * amount done and the total (0 = unknown) in the unit of the work; returning false stops the work, which then
 * returns OX_E_INTERRUPTED and leaves its objects as they were. NULL for an ox_task pointer means: go on. */
typedef struct ox_task {
    bool (*step)(void *ud, const char *what, uint64_t done, uint64_t total);
    void *ud;
} ox_task;

#ifdef __cplusplus
}
#endif
#endif
