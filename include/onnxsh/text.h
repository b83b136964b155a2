/* Text for people: one sanitiser for every outlet (screen, prompt, log, error). Names in models are bytes, possibly
 * invalid UTF-8, possibly hostile; nothing in them may reach a terminal as a control. */
#ifndef ONNXSH_TEXT_H
#define ONNXSH_TEXT_H

#include <onnxsh/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Writes n bytes of s into buf so that they are safe to print: valid UTF-8 of printable characters stays; control
 * bytes (C0, DEL, C1), invalid UTF-8, bidirectional and zero-width controls and line separators become `\xNN` for
 * each byte; a backslash that would read as such an escape becomes `\x5c`. Tabs and newlines are escaped too.
 * buf is terminated and cut at a whole escape; returns the full length (as snprintf). buf may be NULL if size is 0. */
OX_API size_t ox_text_sanitize(const char *s, size_t n, char *buf, size_t size);
/* The inverse, for names typed by people: `\xNN` becomes the byte. Returns the length; buf needs n + 1 bytes. */
OX_API size_t ox_text_unescape(const char *s, size_t n, char *buf);
/* How many letters must be changed, added or taken away to make b of a, case aside: for "did you mean". A text longer
 * than OX_TEXT_DISTANCE_MAX is OX_TEXT_FAR from all others. */
enum { OX_TEXT_DISTANCE_MAX = 64, OX_TEXT_FAR = 99 };
OX_API size_t ox_text_distance(const char *a, const char *b);
/* Columns that sanitised UTF-8 text takes on a terminal (wide characters 2, combining 0). */
OX_API size_t ox_text_width(const char *s, size_t n);
/* The bytes of the first character of sanitised text, with the marks that combine with it; *width gets its columns (0
 * for marks that have nothing to combine with). 0 bytes at the end. For those who place text cell by cell. */
OX_API size_t ox_text_next(const char *s, size_t n, size_t *width);
/* Fits sanitised text into `width` columns by replacing its middle with an ellipsis ("features…conv1"). buf is
 * terminated; returns bytes written. */
OX_API size_t ox_text_fit(const char *s, size_t n, size_t width, char *buf, size_t size);
/* Writes a JSON string literal with quotes; invalid UTF-8 bytes become U+FFFD escapes (\ufffd). As snprintf. */
OX_API size_t ox_text_json(const char *s, size_t n, char *buf, size_t size);

/* Numbers always use a point, whatever the locale. Shortest text that reads back as the same double / float32
 * ("0.1", "1e-05", "3", "nan", "inf"). Returns the length, as snprintf. */
OX_API size_t ox_text_f64(double v, char *buf, size_t size);
OX_API size_t ox_text_f32(float v, char *buf, size_t size);
/* As torch prints a double in a graph dump: "1.", "0.10000000000000001", "1.0000000000000001e-05". */
OX_API size_t ox_text_torch_f64(double v, char *buf, size_t size);
/* Parses all n bytes as a double (decimal, nan, inf, with sign); false if they are not one. */
OX_API bool ox_text_parse_f64(const char *s, size_t n, double *v);
OX_API bool ox_text_parse_i64(const char *s, size_t n, int64_t *v);

#ifdef __cplusplus
}
#endif
#endif
