/* Floor 0. Error values: filling them, putting context in front, and writing them for people. An ox_error owns no
 * memory; a text that does not fit is cut, and an ellipsis says so. */
#include <onnxsh/error.h>

#include "base/base.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <onnxsh/text.h>

static const char ellipsis[] = "\xe2\x80\xa6";

static const struct {
    int exit;
    const char *text;
} statuses[] = {
#define OX_STATUS(name, exit_status, text) [name] = {exit_status, text},
#include <onnxsh/status.def>
#undef OX_STATUS
};

const char *ox_status_text(ox_status s)
{
    return (size_t)s < OX__COUNT(statuses) ? statuses[s].text : "unknown status";
}

int ox_status_exit(ox_status s)
{
    return (size_t)s < OX__COUNT(statuses) ? statuses[s].exit : 3;
}

/* Ends the n bytes that dst holds of a longer text with an ellipsis, never inside a UTF-8 character. */
static void cut(char *dst, size_t size)
{
    size_t n = size - sizeof ellipsis;
    while (n > 0 && ((unsigned char)dst[n] & 0xC0) == 0x80) n--;
    memcpy(dst + n, ellipsis, sizeof ellipsis);
}

/* The arguments may point into the error that is being filled, so the text is made aside first. */
static void format_into(char *dst, size_t size, const char *fmt, va_list ap)
{
    char text[sizeof((ox_error *)0)->msg];
    int n = vsnprintf(text, size, fmt, ap);
    if (n < 0) {
        dst[0] = '\0';
        return;
    }
    if ((size_t)n >= size) cut(text, size);
    memcpy(dst, text, strlen(text) + 1);
}

static void copy_into(char *dst, size_t size, const char *s)
{
    size_t n = s ? strlen(s) : 0;
    if (n < size) {
        memmove(dst, s ? s : "", n + 1);
    } else {
        memmove(dst, s, size - 1);
        dst[size - 1] = '\0';
        cut(dst, size);
    }
}

void ox_error_clear(ox_error *err)
{
    if (!err) return;
    err->code = OX_OK;
    err->has_offset = false;
    err->line = err->col = 0;
    err->offset = 0;
    err->file[0] = err->node[0] = err->msg[0] = err->hint[0] = '\0';
}

ox_status ox_error_set(ox_error *err, ox_status code, const char *fmt, ...)
{
    if (!err) return code;
    char text[sizeof err->msg];
    va_list ap;
    va_start(ap, fmt);
    format_into(text, sizeof text, fmt, ap);
    va_end(ap);
    ox_error_clear(err);
    err->code = code;
    memcpy(err->msg, text, strlen(text) + 1);
    return code;
}

void ox_error_context(ox_error *err, const char *fmt, ...)
{
    if (!err) return;
    char text[sizeof err->msg];
    va_list ap;
    va_start(ap, fmt);
    format_into(text, sizeof text, fmt, ap);
    va_end(ap);
    size_t n = strlen(text), m = strlen(err->msg);
    if (n + 2 > sizeof text - 1) n = sizeof text - 3;
    memcpy(text + n, ": ", 2);
    n += 2;
    size_t fits = OX__MIN(m, sizeof text - 1 - n);
    memcpy(text + n, err->msg, fits);
    text[n + fits] = '\0';
    if (fits < m) cut(text, sizeof text);
    memcpy(err->msg, text, strlen(text) + 1);
}

void ox_error_hint(ox_error *err, const char *fmt, ...)
{
    if (!err) return;
    va_list ap;
    va_start(ap, fmt);
    format_into(err->hint, sizeof err->hint, fmt, ap);
    va_end(ap);
}

void ox_error_at_line(ox_error *err, const char *file, uint32_t line, uint32_t col)
{
    if (!err) return;
    copy_into(err->file, sizeof err->file, file);
    err->line = line;
    err->col = col;
    err->has_offset = false;
    err->offset = 0;
}

void ox_error_at_offset(ox_error *err, const char *file, uint64_t offset)
{
    ox_error_at_line(err, file, 0, 0);
    if (!err) return;
    err->has_offset = true;
    err->offset = offset;
}

typedef struct out {
    char *p;
    size_t n, size;
} out;

/* Appends a part, made safe for a terminal, as far as it fits. */
static void put(out *o, const char *s)
{
    if (o->size - o->n < 2) return;
    ox_text_sanitize(s, strlen(s), o->p + o->n, o->size - o->n);
    o->n += strlen(o->p + o->n);
}

static void put_raw(out *o, const char *s)
{
    size_t n = strlen(s);
    if (n >= o->size - o->n) return;
    memcpy(o->p + o->n, s, n + 1);
    o->n += n;
}

size_t ox_error_format(const ox_error *err, char *buf, size_t size)
{
    if (size == 0) return 0;
    out o = {buf, 0, size};
    buf[0] = '\0';
    if (err->file[0]) {
        char place[64] = ": ";
        if (err->has_offset)
            snprintf(place, sizeof place, "@0x%" PRIx64 ": ", err->offset);
        else if (err->line && err->col)
            snprintf(place, sizeof place, ":%" PRIu32 ":%" PRIu32 ": ", err->line, err->col);
        else if (err->line)
            snprintf(place, sizeof place, ":%" PRIu32 ": ", err->line);
        put(&o, err->file);
        put_raw(&o, place);
    }
    put(&o, err->msg[0] ? err->msg : ox_status_text(err->code));
    if (err->hint[0]) {
        put_raw(&o, "\n  hint: ");
        put(&o, err->hint);
    }
    return o.n;
}

ox_status ox__nomem(ox_error *err)
{
    return ox_error_set(err, OX_E_NOMEM, "out of memory");
}

ox_status ox__errno(ox_error *err, const char *what, const char *path)
{
    int e = errno;
    ox_status s = ox_error_set(err, e == ENOMEM ? OX_E_NOMEM : OX_E_IO, "%s: %s", what, strerror(e));
    if (path) ox_error_at_line(err, path, 0, 0);
    return s;
}
