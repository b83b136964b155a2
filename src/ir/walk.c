/* Floor 1. Walks over a graph: in order with the blocks inside, and topologically. Neither recurses. */
#include <onnxsh/query.h>

#include "ir/ir.h"

#include <onnxsh/print.h>

#include <stdlib.h>

/* ---- in order ---- */

/* The number of block g among those of its owner; the position that the walk came down with is tried first. */
static size_t block_number(const ox_model *m, ox_node owner, ox_graph g, size_t guess)
{
    if (ox_node_block(m, owner, guess).id == g.id) return guess;
    size_t n = ox_node_n_blocks(m, owner);
    for (size_t i = 0; i < n; i++)
        if (ox_node_block(m, owner, i).id == g.id) return i;
    return n;
}

/* A function that an attribute names is no block: it is walked as a graph of its own. */
static bool is_block_of(const ox_model *m, ox_graph b, ox_node n)
{
    return ox_graph_owner(m, b).id == n.id;
}

/* The first node of the blocks of n from number `from` on; {0} if they are empty. *at gets the block's number. */
static ox_node first_inside(const ox_model *m, ox_node n, size_t from, size_t *at)
{
    size_t count = ox_node_n_blocks(m, n);
    for (size_t i = from; i < count; i++) {
        ox_graph b = ox_node_block(m, n, i);
        if (!is_block_of(m, b, n)) continue;
        ox_node first = ox_graph_first(m, b);
        if (first.id) {
            *at = i;
            return first;
        }
    }
    return (ox_node){0, 0};
}

void ox_graph_walk(const ox_model *m, ox_graph g, ox_node_fn fn, void *ud)
{
    size_t at[OX__MAX_DEPTH + 1] = {0}; /* the number of the block that is walked, by depth */
    size_t depth = 0;
    ox_node n = ox_graph_first(m, g);
    while (n.id) {
        if (!fn(ud, n)) return;
        size_t number = 0;
        ox_node next = ox_node_n_blocks(m, n) ? first_inside(m, n, 0, &number) : (ox_node){0, 0};
        if (next.id) {
            if (++depth <= OX__MAX_DEPTH) at[depth] = number;
            n = next;
            continue;
        }
        next = ox_node_next(m, n);
        while (!next.id) { /* up, until an owner has more blocks or a neighbour */
            ox_graph in = ox_node_graph(m, n);
            if (in.id == g.id || !depth) return;
            ox_node owner = ox_graph_owner(m, in);
            size_t here = block_number(m, owner, in, depth <= OX__MAX_DEPTH ? at[depth] : 0);
            next = first_inside(m, owner, here + 1, &number);
            if (next.id) {
                if (depth <= OX__MAX_DEPTH) at[depth] = number;
                break;
            }
            depth--;
            n = owner;
            next = ox_node_next(m, n);
        }
        n = next;
    }
}

/* ---- topologically ---- */

typedef struct edge {
    uint32_t from, to; /* positions */
} edge;

typedef struct sorter {
    const ox_model *m;
    ox_graph g;
    ox_node *nodes; /* in the graph's order */
    uint32_t n;
    uint64_t *by_id; /* id << 32 | position, sorted */
    OX__VEC(edge) edges;
    uint32_t at;     /* position of the node whose uses are collected */
    uint32_t *start; /* edges of position i: to[start[i]] to to[start[i + 1]] */
    uint32_t *to;
    uint32_t *waits; /* how many inputs are not made yet */
    bool nomem;
} sorter;

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static uint32_t position(const sorter *t, uint32_t id)
{
    size_t lo = 0, hi = t->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (t->by_id[mid] >> 32 < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < t->n && t->by_id[lo] >> 32 == id ? (uint32_t)t->by_id[lo] : UINT32_MAX;
}

static void needs(sorter *t, ox_value v)
{
    if (!v.id || ox_value_graph(t->m, v).id != t->g.id) return;
    ox_node maker = ox_value_node(t->m, v);
    uint32_t from = maker.id ? position(t, maker.id) : UINT32_MAX;
    if (from == UINT32_MAX) return;
    if (!ox__vec_push(&t->edges, ((edge){from, t->at}))) t->nomem = true;
}

static bool needs_of_node(void *ud, ox_node n)
{
    sorter *t = ud;
    size_t n_in = ox_node_n_inputs(t->m, n);
    for (size_t i = 0; i < n_in; i++) needs(t, ox_node_input(t->m, n, i));
    size_t n_blocks = ox_node_n_blocks(t->m, n);
    for (size_t b = 0; b < n_blocks; b++) {
        ox_graph block = ox_node_block(t->m, n, b);
        if (!is_block_of(t->m, block, n)) continue;
        size_t n_out = ox_graph_n_outputs(t->m, block);
        for (size_t i = 0; i < n_out; i++) needs(t, ox_graph_output(t->m, block, i));
    }
    return !t->nomem;
}

static ox_status collect(sorter *t, ox_error *err)
{
    t->n = (uint32_t)ox_graph_n_nodes(t->m, t->g);
    t->nodes = ox__calloc((size_t)t->n + 1, sizeof *t->nodes);
    t->by_id = ox__calloc((size_t)t->n + 1, sizeof *t->by_id);
    t->start = ox__calloc((size_t)t->n + 3, sizeof *t->start);
    t->waits = ox__calloc((size_t)t->n + 1, sizeof *t->waits);
    if (!t->nodes || !t->by_id || !t->start || !t->waits) return ox__nomem(err);
    uint32_t i = 0;
    for (ox_node n = ox_graph_first(t->m, t->g); n.id && i < t->n; n = ox_node_next(t->m, n), i++) {
        t->nodes[i] = n;
        t->by_id[i] = (uint64_t)n.id << 32 | i;
    }
    if (t->n) qsort(t->by_id, t->n, sizeof *t->by_id, compare_u64);
    for (i = 0; i < t->n && !t->nomem; i++) {
        t->at = i;
        if (!needs_of_node(t, t->nodes[i])) break;
        size_t n_blocks = ox_node_n_blocks(t->m, t->nodes[i]);
        for (size_t b = 0; b < n_blocks; b++) {
            ox_graph block = ox_node_block(t->m, t->nodes[i], b);
            if (is_block_of(t->m, block, t->nodes[i])) ox_graph_walk(t->m, block, needs_of_node, t);
        }
    }
    if (t->nomem || t->edges.n >= UINT32_MAX) return ox__nomem(err);
    t->to = ox__calloc(t->edges.n + 1, sizeof *t->to);
    if (!t->to) return ox__nomem(err);
    for (size_t e = 0; e < t->edges.n; e++) {
        t->start[t->edges.p[e].from + 2]++;
        t->waits[t->edges.p[e].to]++;
    }
    for (i = 0; i < t->n; i++) t->start[i + 2] += t->start[i + 1];
    for (size_t e = 0; e < t->edges.n; e++) t->to[t->start[t->edges.p[e].from + 1]++] = t->edges.p[e].to;
    return OX_OK;
}

/* A heap of positions, the smallest first: a graph that is in order already comes out unchanged. */
static void heap_push(uint32_t *h, size_t *n, uint32_t x)
{
    size_t i = (*n)++;
    while (i && h[(i - 1) / 2] > x) {
        h[i] = h[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    h[i] = x;
}

static uint32_t heap_pop(uint32_t *h, size_t *n)
{
    uint32_t top = h[0], x = h[--*n];
    size_t i = 0;
    for (;;) {
        size_t c = 2 * i + 1;
        if (c >= *n) break;
        if (c + 1 < *n && h[c + 1] < h[c]) c++;
        if (h[c] >= x) break;
        h[i] = h[c];
        i = c;
    }
    h[i] = x;
    return top;
}

static void add_label(const sorter *t, ox__buf *b, uint32_t i)
{
    char text[128];
    ox_node n = t->nodes[i];
    ox_value v = {0, 0};
    for (size_t o = 0; o < ox_node_n_outputs(t->m, n) && !v.id; o++) v = ox_node_output(t->m, n, o);
    if (v.id)
        ox_value_label(t->m, v, text, sizeof text);
    else
        ox_node_op_text(t->m, n, text, sizeof text);
    ox__buf_addz(b, text);
}

/* Names a cycle: from any node that waits back along waiting makers; after n steps we stand on a cycle. */
static ox_status report_cycle(const sorter *t, ox_error *err)
{
    uint32_t *maker = ox__calloc((size_t)t->n + 1, sizeof *maker);
    ox__buf names = {0};
    if (!maker) return ox__nomem(err);
    for (size_t e = 0; e < t->edges.n; e++)
        if (t->waits[t->edges.p[e].from] && t->waits[t->edges.p[e].to]) maker[t->edges.p[e].to] = t->edges.p[e].from;
    uint32_t i = 0;
    while (!t->waits[i]) i++;
    for (uint32_t step = 0; step < t->n; step++) i = maker[i];
    add_label(t, &names, i);
    uint32_t at = maker[i];
    for (int shown = 0; at != i && shown < 4; shown++, at = maker[at]) {
        ox__buf_addz(&names, " needs ");
        add_label(t, &names, at);
    }
    ox__buf_addz(&names, at == i ? " needs " : " needs ... needs ");
    add_label(t, &names, i);
    ox__free(maker);
    ox_status s = names.failed ? ox__nomem(err) : ox__fail(err, OX_E_FORMAT, "the graph has a cycle: %s", names.p);
    if (err && s == OX_E_FORMAT) {
        size_t len;
        const char *name = ox_str_text(t->m, ox_node_name(t->m, t->nodes[i]), &len);
        len = OX__MIN(len, sizeof err->node - 1);
        memcpy(err->node, name, len);
        err->node[len] = '\0';
    }
    ox__buf_free(&names);
    return s;
}

ox_status ox_graph_toposort(const ox_model *m, ox_graph g, ox_node **out, size_t *n, ox_error *err)
{
    sorter t = {.m = m, .g = g};
    uint32_t *heap = NULL;
    ox_node *sorted = NULL;
    size_t ready = 0, done = 0;
    ox_status s = OX_OK;
    *out = NULL;
    *n = 0;
    if (!ox_graph_is_alive(m, g)) return ox__fail(err, OX_E_INVALID, "no such graph");
    OX__TRY(collect(&t, err));
    sorted = ox__calloc((size_t)t.n + 1, sizeof *sorted);
    heap = ox__calloc((size_t)t.n + 1, sizeof *heap);
    if (!sorted || !heap) OX__TRY(ox__nomem(err));
    for (uint32_t i = 0; i < t.n; i++)
        if (!t.waits[i]) heap_push(heap, &ready, i);
    while (ready) {
        uint32_t i = heap_pop(heap, &ready);
        sorted[done++] = t.nodes[i];
        for (uint32_t e = t.start[i]; e < t.start[i + 1]; e++)
            if (!--t.waits[t.to[e]]) heap_push(heap, &ready, t.to[e]);
    }
    if (done < t.n) OX__TRY(report_cycle(&t, err));
    *out = sorted;
    *n = done;
    sorted = NULL;
out:
    ox__free(sorted);
    ox__free(heap);
    ox__free(t.nodes);
    ox__free(t.by_id);
    ox__free(t.start);
    ox__free(t.to);
    ox__free(t.waits);
    ox__vec_free(&t.edges);
    return s;
}

void ox_query_free_nodes(ox_node *nodes)
{
    ox__free(nodes);
}
