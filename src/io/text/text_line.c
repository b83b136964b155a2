/* Floor 3. The lines of a graph, places in them for errors, and the notes that are summed up. */
#include "io/text/text.h"

#include <stdio.h>

/* ---- places and notes ---- */

ox_status ox__text_fail(ox__text *t, const char *at, ox_status code, const char *fmt, ...)
{
    char msg[sizeof t->err->msg];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(msg, sizeof msg, fmt, ap);
    va_end(ap);
    ox__fail(t->err, code, "%s", msg);
    ox_error_hint(t->err, "the lines from `graph(` on must be as PyTorch printed them, none cut or wrapped");
    uint64_t col = at >= t->line && at <= t->eol ? (uint64_t)(at - t->line) + 1 : 1;
    ox_error_at_line(t->err, t->file, t->line_no, (uint32_t)OX__MIN(col, (uint64_t)UINT32_MAX));
    return code;
}

ox_status ox__text_nomem(ox__text *t)
{
    return ox__nomem(t->err);
}

ox_status ox__text_status(ox__text *t)
{
    return t->oom ? ox__nomem(t->err) : ox_model_status(t->m, t->err);
}

void ox__text_count(ox__text *t, ox__text_note note, const char *at, size_t n)
{
    if (t->notes[note].n++) return;
    t->notes[note].line = t->line_no;
    t->notes[note].col = (uint32_t)OX__MIN((uint64_t)(at - t->line) + 1, (uint64_t)UINT32_MAX);
    n = OX__MIN(n, sizeof t->notes[note].first - 1);
    memcpy(t->notes[note].first, at, n);
    t->notes[note].first[n] = 0;
}

/* ---- lines ---- */

void ox__text_blanks(ox__text *t)
{
    while (t->p < t->eol && (*t->p == ' ' || *t->p == '\t')) t->p++;
}

bool ox__text_next(ox__text *t)
{
    if (t->next >= t->stop) return false;
    t->line = t->next;
    const char *nl = memchr(t->line, '\n', (size_t)(t->stop - t->line));
    t->eol = nl ? nl : t->stop;
    t->next = nl ? nl + 1 : t->stop;
    if (t->eol > t->line && t->eol[-1] == '\r') t->eol--;
    t->line_no++;
    t->p = t->line;
    if (t->prefix_n) t->p += ox__text_prefix(t->prefix, t->prefix_n, t->line, (size_t)(t->eol - t->line));
    ox__text_blanks(t);
    return true;
}
