/* Floor 1. The writer under the printers: gathers text in a buffer, hands it to the sink, remembers the first failure,
 * and lets nothing of a model's names through that a terminal would obey. */
#include "ir/print.h"

#include <onnxsh/text.h>

enum { BIG_BUFFER = 65536, TASK_EVERY = 1024 };

ox_status ox__printer_open(ox__printer *p, const ox_model *m, const ox_print_options *opt, const ox_sink *out,
                           bool large, ox_error *err)
{
    memset(p, 0, offsetof(ox__printer, small));
    p->big = NULL;
    p->scratch = (ox__buf){0};
    p->nodes = p->total = 0;
    p->depth = p->noted = 0;
    p->cuda = false;
    p->keep = p->fold = NULL;
    p->m = m;
    p->opt = opt;
    p->style = opt->style;
    p->out = out;
    p->err = err;
    p->buf = p->small;
    p->cap = sizeof p->small;
    if (!large) return OX_OK;
    p->total = ox_model_n_nodes(m);
    p->big = ox__alloc(BIG_BUFFER);
    if (!p->big) return p->s = ox__nomem(err);
    p->buf = p->big;
    p->cap = BIG_BUFFER;
    return OX_OK;
}

static void flush(ox__printer *p)
{
    if (p->s == OX_OK && p->n) p->s = p->out->write(p->out->ud, p->buf, p->n, p->err);
    p->n = 0;
}

ox_status ox__printer_close(ox__printer *p)
{
    flush(p);
    ox__free(p->big);
    ox__free(p->keep);
    ox__free(p->fold);
    ox__buf_free(&p->scratch);
    p->big = NULL;
    p->keep = p->fold = NULL;
    return p->s;
}

void ox__print_fail(ox__printer *p, ox_status s)
{
    if (p->s == OX_OK) p->s = s;
}

void ox__print(ox__printer *p, const char *s, size_t n)
{
    if (n >= p->cap - p->n) {
        flush(p);
        if (n >= p->cap) {
            if (p->s == OX_OK) p->s = p->out->write(p->out->ud, s, n, p->err);
            return;
        }
    }
    memcpy(p->buf + p->n, s, n);
    p->n += n;
}

void ox__prints(ox__printer *p, const char *s)
{
    ox__print(p, s, strlen(s));
}

void ox__printc(ox__printer *p, char c)
{
    ox__print(p, &c, 1);
}

void ox__print_indent(ox__printer *p, size_t columns)
{
    static const char blanks[] = "                                ";
    for (; columns > sizeof blanks - 1; columns -= sizeof blanks - 1) ox__print(p, blanks, sizeof blanks - 1);
    ox__print(p, blanks, columns);
}

void ox__print_i64(ox__printer *p, int64_t v)
{
    char text[24], *t = text + sizeof text;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do {
        *--t = (char)('0' + u % 10);
        u /= 10;
    } while (u);
    if (v < 0) *--t = '-';
    ox__print(p, t, (size_t)(text + sizeof text - t));
}

void ox__print_ink(ox__printer *p, ox_ink ink)
{
    if (p->opt->ink && p->opt->ink[ink]) ox__prints(p, p->opt->ink[ink]);
}

bool ox__text_is_plain(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] < 0x20 || s[i] > 0x7e || s[i] == '\\') return false;
    return true;
}

void ox__print_text(ox__printer *p, const char *s, size_t n)
{
    if (p->opt->raw || ox__text_is_plain(s, n)) {
        ox__print(p, s, n);
        return;
    }
    size_t len = ox_text_sanitize(s, n, NULL, 0);
    ox__buf_clear(&p->scratch);
    if (!ox__buf_reserve(&p->scratch, len + 1)) {
        ox__print_fail(p, ox__nomem(p->err));
        return;
    }
    ox_text_sanitize(s, n, p->scratch.p, len + 1);
    ox__print(p, p->scratch.p, len);
}

void ox__print_str(ox__printer *p, ox_str s)
{
    size_t n;
    const char *text = ox_str_text(p->m, s, &n);
    ox__print_text(p, text, n);
}

/* torch counts the three digits in signed arithmetic, so that a byte above 127 gets characters below '0'; both ways are
 * undone by the same rule. For people the digits are the right ones. */
static void octal(ox__printer *p, char c)
{
    char text[4] = {'\\', '0', '0', '0'};
    int v = p->style == OX_STYLE_TORCH ? (int)(signed char)c : (int)(unsigned char)c;
    for (int i = 3; i >= 1; i--) {
        text[i] = (char)('0' + v % 8);
        v /= 8;
    }
    ox__print(p, text, sizeof text);
}

/* A character beyond ASCII, for people: itself if it is printable. Returns its length. */
static size_t wide(ox__printer *p, const char *s, size_t n)
{
    unsigned char c = (unsigned char)s[0];
    size_t len = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    char safe[24];
    len = OX__MIN(len, n);
    if (p->opt->raw || (ox_text_sanitize(s, len, safe, sizeof safe) == len && memcmp(s, safe, len) == 0)) {
        ox__print(p, s, len);
        return len;
    }
    octal(p, s[0]);
    return 1;
}

void ox__print_quoted(ox__printer *p, const char *s, size_t n)
{
    static const char names[] = "\aa\bb\ff\nn\rr\tt\vv\\\\\"\"''";
    bool torch = p->style == OX_STYLE_TORCH;
    ox__printc(p, '"');
    for (size_t i = 0; i < n; i++) {
        char c = s[i];
        const char *e = NULL;
        for (const char *q = names; c && *q && !e; q += 2)
            if (*q == c) e = q + 1;
        if (e && (torch || c != '\'')) {
            ox__printc(p, '\\');
            ox__printc(p, *e);
        } else if (c >= 0x20 && c < 0x7f) {
            ox__printc(p, c);
        } else if (!torch && (unsigned char)c >= 0x80) {
            i += wide(p, s + i, n - i) - 1;
        } else {
            octal(p, c);
        }
    }
    ox__printc(p, '"');
}

bool ox__print_goes_on(ox__printer *p)
{
    const ox_task *task = p->opt->task;
    p->nodes++;
    if (task && task->step && p->nodes % TASK_EVERY == 0 && p->s == OX_OK &&
        !task->step(task->ud, "printing", p->nodes, OX__MAX(p->total, p->nodes)))
        ox__print_fail(p, ox__fail(p->err, OX_E_INTERRUPTED, "interrupted"));
    return p->s == OX_OK;
}

void ox__print_note(ox__printer *p, uint32_t bit, const char *text)
{
    if (p->noted & 1u << bit) return;
    p->noted |= 1u << bit;
    if (p->opt->note) p->opt->note(p->opt->note_ud, text);
}
