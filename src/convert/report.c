/* Floor 5. The report: failures and warnings with their places, and what each pass changed. It owns its texts. */
#include "convert/internal.h"

#include <onnxsh/print.h>

#include <stdio.h>

ox_report *ox__report_create(void)
{
    return ox__calloc(1, sizeof(ox_report));
}

void ox_report_free(ox_report *r)
{
    if (!r) return;
    ox__vec_free(&r->rows);
    ox__vec_free(&r->passes);
    ox__arena_free(&r->mem);
    ox__free(r);
}

size_t ox_report_n(const ox_report *r)
{
    return r ? r->rows.n : 0;
}

const ox_failure *ox_report_at(const ox_report *r, size_t i)
{
    return r && i < r->rows.n ? &r->rows.p[i] : NULL;
}

size_t ox_report_n_failures(const ox_report *r)
{
    return r ? r->n_failures : 0;
}

void ox_report_calls(const ox_report *r, uint64_t *called, uint64_t *repeated)
{
    *called = r ? r->n_called : 0;
    *repeated = r ? r->n_repeated : 0;
}

size_t ox_report_passes(const ox_report *r, const ox_pass_stat **rows)
{
    if (rows) *rows = r ? r->passes.p : NULL;
    return r ? r->passes.n : 0;
}

static const char *keep(ox_report *r, const char *s, size_t n)
{
    char *p = ox__arena_alloc(&r->mem, n + 1);
    if (!p) return NULL;
    if (n) memcpy(p, s, n);
    p[n] = '\0';
    return p;
}

static const char *keepz(ox_report *r, const char *s)
{
    return s && *s ? keep(r, s, strlen(s)) : "";
}

static const char *scope_text(ox__conv *c, ox_node n)
{
    ox_scope s = ox_node_scope(c->m, n);
    if (!s.id) return "";
    size_t len = ox_scope_print(c->m, s, NULL, 0);
    char *p = ox__arena_alloc(&c->report->mem, len + 1);
    if (p) ox_scope_print(c->m, s, p, len + 1);
    return p;
}

ox_status ox__report_add(ox__conv *c, const ox__finding *f)
{
    ox_report *r = c->report;
    char op[256] = "";
    if (f->node.id) ox_node_op_text(c->m, f->node, op, sizeof op);
    ox_loc_info loc = ox_loc_get(c->m, ox_node_loc(c->m, f->node));
    size_t n_file;
    const char *file = ox_str_text(c->m, loc.file, &n_file);
    ox_failure row = {.kind = f->kind,
                      .node = ox_model_node_at(c->src, ox_node_origin(c->m, f->node)),
                      .op = keepz(r, op),
                      .scope = f->node.id ? scope_text(c, f->node) : "",
                      .file = n_file ? keep(r, file, n_file) : "",
                      .line = loc.line,
                      .col = loc.col,
                      .message = keepz(r, f->message),
                      .hint = keepz(r, f->hint  ? f->hint
                                       : f->err ? f->err->hint
                                                : NULL),
                      .arguments = keepz(r, f->arguments),
                      .lua_file = keepz(r, f->err ? f->err->file : NULL),
                      .lua_line = f->err ? f->err->line : 0,
                      .cause = f->cause};
    if (!row.op || !row.scope || !row.file || !row.message || !row.hint || !row.arguments || !row.lua_file)
        return ox__nomem(c->err);
    if (!ox__vec_push(&r->rows, row)) return ox__nomem(c->err);
    if (f->kind != OX_FAILURE_WARNING) r->n_failures++;
    return OX_OK;
}

ox_status ox__report_note(ox__conv *c, ox_failure_kind kind, ox_node n, const char *hint, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return ox__report_add(c, &(ox__finding){.kind = kind, .node = n, .message = text, .hint = hint, .cause = SIZE_MAX});
}

ox_status ox__report_unread(ox__conv *c)
{
    ox_report *r = c->report;
    ox_error why;
    if (ox_model_graph_status(c->src, &why) == OX_OK) return OX_OK;
    ox_failure row = {.kind = OX_FAILURE_REFUSED,
                      .op = "",
                      .scope = "",
                      .file = keepz(r, why.file),
                      .line = why.line,
                      .col = why.col,
                      .message = keepz(r, why.msg),
                      .hint = keepz(r, why.hint),
                      .arguments = "",
                      .lua_file = "",
                      .cause = SIZE_MAX};
    if (!row.file || !row.message || !row.hint || !ox__vec_push(&r->rows, row)) return ox__nomem(c->err);
    r->n_failures++;
    return OX_OK;
}
