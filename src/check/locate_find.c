/* Floor 4. Mentions resolved: names by one pass over the nodes and one over the values, numbers by the order of the
 * main graph, source lines and operators by the nodes that have them. Of one mention the surest group counts: the name
 * of the node, else the value, else the number if the operator agrees, else the source line, else the operator. */
#include "check/locate.h"

#include <onnxsh/print.h>
#include <onnxsh/query.h>
#include <onnxsh/text.h>

#include <stdio.h>

enum { MAX_HITS = 100000, MAX_SOURCES = 256 };

typedef struct found {
    ox_node by_name, by_index;
    ox_value value;
} found;

typedef struct search {
    ox__locate *l;
    /* Each mention is two links: 2 * i for the name of a node, 2 * i + 1 for that of a value. */
    uint32_t *first; /* by string id: 1 + the first link of that name, 0 = none */
    uint32_t *next;  /* by link: 1 + the next one of the same name */
    size_t n_strings;
    found *of;                              /* by mention */
    size_t n_sources, sources[MAX_SOURCES]; /* the mentions of source lines */
    ox_status s;
    uint64_t seen;
} search;

static ox_status hit(ox__locate *l, const ox__mention *x, ox__rank rank, const char *how, ox_node n, ox_value v)
{
    ox__hit h = {rank, {n, v, how, x->form, x->at.begin, x->at.end}};
    if (l->hits.n >= MAX_HITS) return OX_OK;
    return ox__vec_push(&l->hits, h) ? OX_OK : ox__nomem(l->err);
}

/* ---- texts ---- */
static bool is_op(const ox__locate *l, ox__span op, ox_node n)
{
    char full[512], word[512];
    size_t len = op.end - op.begin;
    if (!len || len >= sizeof word) return false;
    memcpy(word, l->text + op.begin, len);
    while (len && word[len - 1] == '_') len--; /* aten::elu_ is reported as elu, and the reverse */
    word[len] = '\0';
    const char *name = ox_str_text(l->m, ox_node_op(l->m, n), NULL),
               *domain = ox_str_text(l->m, ox_node_domain(l->m, n), NULL);
    snprintf(full, sizeof full, "%s%s%s", domain, *domain && *domain != '^' ? "::" : "", name);
    size_t k = strlen(full);
    while (k && full[k - 1] == '_') full[--k] = '\0';
    const char *tail = strrchr(full, ':');
    return strcmp(full, word) == 0 ||
           (!strchr(word, ':') && strcmp(tail ? tail + 1 : full + (*full == '^'), word) == 0);
}

/* True if both paths end in the same parts: one is the end of the other, or the last two agree. */
static bool same_file(const char *a, size_t n_a, const char *b, size_t n_b)
{
    size_t k = 0, parts = 0;
    while (k < n_a && k < n_b && a[n_a - 1 - k] == b[n_b - 1 - k]) parts += a[n_a - 1 - k++] == '/';
    bool a_ends = k == n_a && (k == n_b || b[n_b - 1 - k] == '/'),
         b_ends = k == n_b && (k == n_a || a[n_a - 1 - k] == '/');
    return k && (a_ends || b_ends || parts >= 2);
}

static bool is_source(const ox__locate *l, const ox__mention *x, ox_node n)
{
    size_t len;
    ox_loc_info loc = ox_loc_get(l->m, ox_node_loc(l->m, n));
    if (!loc.file.id || (int64_t)loc.line != x->line) return false;
    const char *file = ox_str_text(l->m, loc.file, &len);
    return same_file(file, len, l->text + x->file.begin, x->file.end - x->file.begin);
}

/* ---- names ---- */
static void take_node(search *x, ox_node n)
{
    ox_str name = ox_node_name(x->l->m, n);
    if (!name.id || name.id >= x->n_strings) return;
    for (uint32_t k = x->first[name.id]; k; k = x->next[k - 1]) {
        found *f = &x->of[(k - 1) / 2];
        if ((k - 1) % 2 == 0 && !f->by_name.id) f->by_name = n;
    }
}

static void take_value(search *x, ox_value v)
{
    ox_str name = ox_value_name(x->l->m, v);
    if (!name.id || name.id >= x->n_strings) return;
    for (uint32_t k = x->first[name.id]; k; k = x->next[k - 1]) {
        found *f = &x->of[(k - 1) / 2];
        if ((k - 1) % 2 == 1 && !f->value.id) f->value = v;
    }
}

static ox_status tick(search *x)
{
    const ox_task *t = x->l->task;
    if ((++x->seen & 0xFFF) || !t || t->step(t->ud, "search", 0, 0)) return OX_OK;
    return ox_error_set(x->l->err, OX_E_INTERRUPTED, "interrupted");
}

static bool on_node(void *ud, ox_node n)
{
    search *x = ud;
    ox__locate *l = x->l;
    take_node(x, n);
    for (size_t i = 0; x->s == OX_OK && i < x->n_sources; i++) {
        const ox__mention *w = &l->mentions.p[x->sources[i]];
        if (is_source(l, w, n)) x->s = hit(l, w, OX__RANK_SOURCE, "source line", n, (ox_value){0});
    }
    if (x->s == OX_OK) x->s = tick(x);
    return x->s == OX_OK;
}

/* A return node has no place of its own. */
static void walk_nodes(search *x)
{
    const ox_model *m = x->l->m;
    ox_graph_walk(m, ox_model_main(m), on_node, x);
    for (size_t i = 0; x->s == OX_OK && i < ox_model_n_functions(m); i++)
        ox_graph_walk(m, ox_model_function(m, i), on_node, x);
}

static void walk_values(search *x)
{
    const ox_model *m = x->l->m;
    for (uint32_t id = 1; x->s == OX_OK && id < ox_model_value_limit(m); id++) {
        ox_value v = ox_model_value_at(m, id);
        if (!v.id) continue;
        take_value(x, v);
        x->s = tick(x);
    }
}

static void walk_numbers(search *x)
{
    const ox__locate *l = x->l;
    int64_t i = 0, last = -1;
    for (size_t k = 0; k < l->mentions.n; k++) last = OX__MAX(last, l->mentions.p[k].index);
    for (ox_node n = ox_graph_first(l->m, ox_model_main(l->m)); n.id && i <= last; n = ox_node_next(l->m, n), i++)
        for (size_t k = 0; k < l->mentions.n; k++)
            if (l->mentions.p[k].index == i) x->of[k].by_index = n;
}

/* ---- what a mention leads to ---- */
typedef struct of_op {
    search *x;
    const ox__mention *w;
} of_op;

static bool on_op(void *ud, ox_node n)
{
    of_op *o = ud;
    if (is_op(o->x->l, o->w->op, n)) o->x->s = hit(o->x->l, o->w, OX__RANK_OP, "operator", n, (ox_value){0});
    if (o->x->s == OX_OK) o->x->s = tick(o->x);
    return o->x->s == OX_OK;
}

static bool op_was_looked_for(const ox__locate *l, size_t mention)
{
    ox__span op = l->mentions.p[mention].op;
    for (size_t i = 0; i < mention; i++) {
        ox__span other = l->mentions.p[i].op;
        if (other.end - other.begin == op.end - op.begin &&
            memcmp(l->text + other.begin, l->text + op.begin, op.end - op.begin) == 0)
            return true;
    }
    return false;
}

static ox_status settle(search *x, size_t i)
{
    ox__locate *l = x->l;
    const ox__mention *w = &l->mentions.p[i];
    const found *f = &x->of[i];
    ox__rank rank = w->form ? OX__RANK_NAMED : OX__RANK_WORD;
    if (f->by_name.id) return hit(l, w, rank, "node name", f->by_name, (ox_value){0});
    if (f->value.id) return hit(l, w, rank, "value", ox_value_node(l->m, f->value), f->value);
    if (f->by_index.id && (!w->op.end || is_op(l, w->op, f->by_index)))
        return hit(l, w, rank, "number in the file", f->by_index, (ox_value){0});
    if (!w->op.end || op_was_looked_for(l, i)) return OX_OK;
    of_op o = {x, w};
    ox_graph_walk(l->m, ox_model_main(l->m), on_op, &o);
    return x->s;
}

static bool link_name(search *x, size_t link, ox_str name)
{
    if (!name.id) return true;
    if (name.id >= x->n_strings) {
        size_t n = (size_t)name.id + 1;
        uint32_t *p = ox__realloc(x->first, n * sizeof *p);
        if (!p) return false;
        memset(p + x->n_strings, 0, (n - x->n_strings) * sizeof *p);
        x->first = p;
        x->n_strings = n;
    }
    x->next[link] = x->first[name.id];
    x->first[name.id] = (uint32_t)link + 1;
    return true;
}

static ox_status link_mention(search *x, size_t i)
{
    const ox__mention *w = &x->l->mentions.p[i];
    if (w->file.end && w->line >= 0 && x->n_sources < MAX_SOURCES) x->sources[x->n_sources++] = i;
    bool ok = link_name(x, 2 * i, w->node) && link_name(x, 2 * i + 1, w->value);
    return ok ? OX_OK : ox__nomem(x->l->err);
}

ox_status ox__locate_resolve(ox__locate *l)
{
    search x = {.l = l};
    ox_status s = OX_OK;
    size_t n = l->mentions.n;
    x.next = ox__calloc(2 * n, sizeof *x.next);
    x.of = ox__calloc(n, sizeof *x.of);
    if (!x.next || !x.of) OX__TRY(ox__nomem(l->err));
    for (size_t i = 0; i < n; i++) OX__TRY(link_mention(&x, i));
    walk_nodes(&x);
    if (x.s == OX_OK) walk_values(&x);
    walk_numbers(&x);
    s = x.s;
    for (size_t i = 0; s == OX_OK && i < n; i++) s = settle(&x, i);
out:
    ox__free(x.first);
    ox__free(x.next);
    ox__free(x.of);
    return s;
}
