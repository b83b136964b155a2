/* Floor 7. Markdown and HTML. */
#include "app/cmd/doc.h"

#include <onnxsh/text.h>

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- text ---- */
static void put_html(FILE *f, const char *s)
{
    for (; *s; s++) {
        const char *by = *s == '&' ? "&amp;" : *s == '<' ? "&lt;" : *s == '>' ? "&gt;" : *s == '"' ? "&quot;" : NULL;
        if (by)
            fputs(by, f);
        else
            fputc(*s, f);
    }
}

/* Where a character would be markup it is escaped, and only there, for reports are read as they are too: names hold
 * underscores, scopes brackets. */
static bool is_markup(const char *s, size_t at)
{
    char c = s[at], before = at ? s[at - 1] : ' ', after = s[at + 1];
    if (c == '_') return !isalnum((unsigned char)before) || !isalnum((unsigned char)after);
    if (c == ']') return after == '(' || after == '[' || after == ':';
    return strchr("\\`*<|&~", c) != NULL;
}

static void put_markdown(FILE *f, const char *s)
{
    for (size_t i = 0; s[i]; i++) {
        if (is_markup(s, i)) fputc('\\', f);
        fputc(s[i], f);
    }
}

/* One line of data; a newline in it is a blank. */
static void put_n(const ox_doc *d, const char *s, size_t n, bool plain)
{
    size_t full = ox_text_sanitize(s, n, NULL, 0);
    char *safe = malloc(full + 1);
    if (!safe) return;
    ox_text_sanitize(s, n, safe, full + 1);
    if (d->html)
        put_html(d->f, safe);
    else if (plain)
        fputs(safe, d->f);
    else
        put_markdown(d->f, safe);
    free(safe);
}

static void put(const ox_doc *d, const char *s)
{
    while (*s) {
        size_t n = strcspn(s, "\n");
        put_n(d, s, n, false);
        s += n + (s[n] == '\n');
        if (*s) fputc(' ', d->f);
    }
}

/* ---- structure ---- */
static const char style[] =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:75em;margin:2em auto;padding:0 1em;color:#222;background:#fff}"
    "table{border-collapse:collapse;display:block;overflow-x:auto}td,th{border:1px solid #bbb;padding:.2em "
    ".6em;text-align:left;"
    "vertical-align:top}pre{background:#f4f4f4;padding:.6em;overflow-x:auto}"
    "@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}pre{background:#282828}td,th{border-color:#"
    "555}}";

static void end_list(ox_doc *d)
{
    if (!d->in_list) return;
    fputs(d->html ? "</ul>\n" : "\n", d->f);
    d->in_list = false;
}

void ox_doc_begin(ox_doc *d, FILE *f, bool html, const char *title)
{
    *d = (ox_doc){.f = f, .html = html};
    if (html) {
        fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>", f);
        put(d, title);
        fprintf(f, "</title><style>%s</style></head><body>\n<h1>", style);
    } else {
        fputs("# ", f);
    }
    put(d, title);
    fputs(html ? "</h1>\n" : "\n\n", f);
}

void ox_doc_end(ox_doc *d)
{
    end_list(d);
    if (d->html) fputs("</body></html>\n", d->f);
}

void ox_doc_heading(ox_doc *d, const char *text)
{
    end_list(d);
    fputs(d->html ? "<h2>" : "## ", d->f);
    put(d, text);
    fputs(d->html ? "</h2>\n" : "\n\n", d->f);
}

void ox_doc_text(ox_doc *d, const char *text)
{
    end_list(d);
    fputs(d->html ? "<p>" : "", d->f);
    put(d, text);
    fputs(d->html ? "</p>\n" : "\n\n", d->f);
}

void ox_doc_item(ox_doc *d, const char *name, const char *text)
{
    if (!d->in_list && d->html) fputs("<ul>\n", d->f);
    d->in_list = true;
    fputs(d->html ? "<li><b>" : "- **", d->f);
    put(d, name);
    fputs(d->html ? "</b>: " : "**: ", d->f);
    put(d, text);
    fputs(d->html ? "</li>\n" : "\n", d->f);
}

void ox_doc_itemf(ox_doc *d, const char *name, const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) >= 0) {
        ox_doc_item(d, name, text);
        free(text);
    }
    va_end(ap);
}

void ox_doc_table(ox_doc *d, const char *const *titles)
{
    end_list(d);
    for (d->columns = 0; titles[d->columns]; d->columns++) {}
    d->column = 0;
    fputs(d->html ? "<table>\n<tr>" : "|", d->f);
    for (size_t i = 0; i < d->columns; i++) {
        fputs(d->html ? "<th>" : " ", d->f);
        put(d, titles[i]);
        fputs(d->html ? "</th>" : " |", d->f);
    }
    fputs(d->html ? "</tr>\n" : "\n|", d->f);
    for (size_t i = 0; !d->html && i < d->columns; i++) fputs("---|", d->f);
    if (!d->html) fputc('\n', d->f);
}

void ox_doc_cell(ox_doc *d, const char *text)
{
    if (d->column == 0) fputs(d->html ? "<tr>" : "|", d->f);
    fputs(d->html ? "<td>" : " ", d->f);
    put(d, text);
    fputs(d->html ? "</td>" : " |", d->f);
    d->column = (d->column + 1) % d->columns;
    if (d->column == 0) fputs(d->html ? "</tr>\n" : "\n", d->f);
}

void ox_doc_cellf(ox_doc *d, const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) >= 0) {
        ox_doc_cell(d, text);
        free(text);
    }
    va_end(ap);
}

void ox_doc_table_end(ox_doc *d)
{
    fputs(d->html ? "</table>\n" : "\n", d->f);
}

void ox_doc_code(ox_doc *d, const char *text)
{
    end_list(d);
    if (d->html) fputs("<pre>", d->f);
    while (*text) { /* indented: no fence that the text could close */
        size_t n = strcspn(text, "\n");
        if (!d->html) fputs("    ", d->f);
        put_n(d, text, n, true);
        fputc('\n', d->f);
        text += n + (text[n] == '\n');
    }
    fputs(d->html ? "</pre>\n" : "\n", d->f);
}
