/* Floor 1. From recorded words to what they mean: which nodes and values are no longer what they were. */
#include "ir/watch.h"

#include "ir/parts.h"

#define AT(type, field) (off == offsetof(type, field))

void ox__watch_add(ox_model *m, ox__changes *c)
{
    c->next = m->watch;
    m->watch = c;
    ox__watch_clear(m, c);
}

void ox__watch_remove(ox_model *m, ox__changes *c)
{
    if (!c->gone) {
        ox__changes **p = &m->watch;
        while (*p && *p != c) p = &(*p)->next;
        if (*p) *p = c->next;
    }
    ox__vec_free(&c->nodes);
    ox__vec_free(&c->values);
    memset(c, 0, sizeof *c);
}

void ox__watch_clear(ox_model *m, ox__changes *c)
{
    c->nodes.n = c->values.n = 0;
    c->all = false;
    (void)ox_journal_mark(m); /* words are recorded, and so noted, anew */
}

void ox__watch_end(ox_model *m)
{
    for (ox__changes *c = m->watch; c; c = c->next) c->gone = true;
}

/* ---- noting ---- */
static bool node_word(uint32_t off, bool born)
{
    return AT(ox__node_row, flags)
               ? born
               : AT(ox__node_row, domain) || AT(ox__node_row, op) || AT(ox__node_row, graph) ||
                     AT(ox__node_row, in_first) || AT(ox__node_row, in_n) || AT(ox__node_row, out_first) ||
                     AT(ox__node_row, out_n) || AT(ox__node_row, attrs) || AT(ox__node_row, ext);
}

static bool value_word(uint32_t off, bool born)
{
    return AT(ox__value_row, flags) ? born
                                    : AT(ox__value_row, type) || AT(ox__value_row, tensor) || AT(ox__value_row, node) ||
                                          AT(ox__value_row, in_item) || AT(ox__value_row, init_item);
}

static bool top_word(uint32_t off)
{
    return AT(ox__top_row, opsets) || AT(ox__top_row, ir_version) || AT(ox__top_row, fn_first) || AT(ox__top_row, fn_n);
}

static void note_graph(const ox_model *m, ox__changes *c, uint32_t id, uint32_t off)
{
    const ox__graph_row *r = ox__graph_row_at(m, id);
    bool inputs = off >= offsetof(ox__graph_row, in) && off < offsetof(ox__graph_row, src);
    if (r->kind == OX_GRAPH_FUNCTION && (inputs || AT(ox__graph_row, name) || AT(ox__graph_row, ext)))
        c->all = true;
    else if (inputs && r->owner && !ox__vec_push(&c->nodes, r->owner))
        c->all = true;
}

static void note(const ox_model *m, ox__changes *c, uint32_t where, uint32_t id, bool born)
{
    uint32_t off = where & 0xffff;
    bool kept = true;
    switch ((enum ox__tab)(where >> 24)) {
    case OX__TOP: c->all |= top_word(off); break;
    case OX__GRAPH: note_graph(m, c, id, off); break;
    case OX__NODE: kept = !node_word(off, born) || ox__vec_push(&c->nodes, id); break;
    case OX__VALUE: kept = !value_word(off, born) || ox__vec_push(&c->values, id); break;
    case OX__USE: kept = !AT(ox__use_row, value) || ox__vec_push(&c->nodes, ox__use_row_at(m, id)->node); break;
    default: break;
    }
    if (!kept) c->all = true;
}

void ox__watch_note(ox_model *m, uint32_t where, uint32_t id, bool born)
{
    for (ox__changes *c = m->watch; c; c = c->next)
        if (!c->asleep && !c->all) note(m, c, where, id, born);
}
