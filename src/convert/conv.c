/* Floor 5. Small helpers of one conversion. */
#include "convert/internal.h"

/* Room is taken for all values at once, and cleared for so many as they come. */
enum { STRIDE = 4096 };

static ox__vinfo *info_at(ox__conv *c, ox_value v)
{
    if (v.id >= c->values.n) {
        if (!ox_value_is_alive(c->m, v)) return NULL;
        size_t had = c->values.n, want = (size_t)v.id + STRIDE;
        if (!ox__vec_reserve(&c->values, OX__MAX(want, (size_t)ox_model_value_limit(c->m)))) return NULL;
        c->values.n = want;
        memset(c->values.p + had, 0, (want - had) * sizeof *c->values.p);
    }
    return &c->values.p[v.id];
}

ox__vinfo *ox__conv_info(ox__conv *c, ox_value v)
{
    if (!v.id) return NULL;
    ox__vinfo *x = info_at(c, v);
    if (x && x->gen != v.gen) *x = (ox__vinfo){.gen = v.gen, .failure = SIZE_MAX};
    return x;
}

uint32_t ox__conv_flags(const ox__conv *c, ox_value v)
{
    return v.id && v.id < c->values.n && c->values.p[v.id].gen == v.gen ? c->values.p[v.id].flags : 0;
}

ox_status ox__conv_set_flags(ox__conv *c, ox_value v, uint32_t flags, ox_error *err)
{
    ox__vinfo *x = ox__conv_info(c, v);
    if (!x) return ox__nomem(err);
    x->flags |= flags;
    return OX_OK;
}

void ox__search_begin(ox__conv *c)
{
    if (++c->search) return;
    memset(c->marks.p, 0, c->marks.n * sizeof *c->marks.p); /* numbers have run out */
    c->search = 1;
}

bool ox__search_met(const ox__conv *c, ox_value v)
{
    return v.id < c->marks.n && c->marks.p[v.id] == c->search;
}

ox_status ox__search_meet(ox__conv *c, ox_value v, bool *first, ox_error *err)
{
    size_t had = c->marks.n;
    if (v.id >= had) {
        size_t want = OX__MAX((size_t)v.id + 1, (size_t)ox_model_value_limit(c->m));
        if (!ox__vec_reserve(&c->marks, want)) return ox__nomem(err);
        c->marks.n = want;
        memset(c->marks.p + had, 0, (want - had) * sizeof *c->marks.p);
    }
    *first = c->marks.p[v.id] != c->search;
    c->marks.p[v.id] = c->search;
    return OX_OK;
}

ox_str ox__conv_str(ox__conv *c, const char *text)
{
    return ox_str_add(c->m, text, strlen(text));
}

int64_t ox__conv_opset(const ox__conv *c, const char *domain)
{
    if (!domain || !*domain || !strcmp(domain, "onnx") || !strcmp(domain, "ai.onnx")) return c->opset;
    for (size_t i = c->opt->n_custom_opsets; i-- > 0;)
        if (strcmp(c->opt->custom_domains[i], domain) == 0) return c->opt->custom_versions[i];
    int64_t imported = ox_model_opset(c->m, domain);
    return imported ? imported : ox_opset_newest(domain);
}

ox_status ox__conv_tick(ox__conv *c, const char *what)
{
    const ox_task *t = c->opt->task;
    if (!t || !t->step || (c->done++ & 255) != 0 || t->step(t->ud, what, c->done, ox_model_n_nodes(c->m))) return OX_OK;
    return ox__fail(c->err, OX_E_INTERRUPTED, "interrupted");
}

bool ox__node_in(const ox__conv *c, ox_node n, ox_str domain)
{
    return ox_node_domain(c->m, n).id == domain.id;
}
