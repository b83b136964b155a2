/* Floor 7. From the trace to what it became: an index by the provenance of the result's nodes and weights. */
#include "app/tui/became.h"

#include <onnxsh/model.h>
#include <onnxsh/print.h>
#include <onnxsh/text.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 512, NEAR = 64 };
#define NOWHERE UINT32_MAX

void ox_became_free(ox_became *b)
{
    free(b->first);
    memset(b, 0, sizeof *b);
}

bool ox_became_begin(ox_became *b, uint32_t n, uint32_t n_result)
{
    ox_became_free(b);
    uint32_t *p = calloc((size_t)n * 5 + n_result + 1, sizeof *p);
    if (!p) return false;
    b->n = n;
    b->n_result = n_result;
    b->first = p;
    b->last = b->first + n;
    b->count = b->last + n;
    b->weight = b->count + n;
    b->home = b->weight + n;
    b->next = b->home + n;
    return true;
}

void ox_became_add(ox_became *b, const ox_model *result, ox_node n)
{
    uint32_t of = ox_node_origin(result, n);
    if (!of || of >= b->n || n.id >= b->n_result) return;
    if (b->last[of])
        b->next[b->last[of]] = n.id;
    else
        b->first[of] = n.id;
    b->last[of] = n.id;
    b->count[of]++;
}

bool ox_became_weights(ox_became *b, const ox_model *result)
{
    ox_graph g = ox_model_main(result);
    size_t n = ox_graph_n_initializers(result, g);
    for (int i = 0; i < PIECE && b->n_weights < n; i++) {
        ox_value v = ox_graph_initializer(result, g, b->n_weights++);
        uint32_t of = ox_value_origin(result, v);
        if (of && of < b->n && !b->weight[of]) b->weight[of] = v.id;
    }
    if (b->n && b->n_weights == n) memset(b->home, 0, b->n * sizeof *b->home); /* asked too early */
    b->whole = b->n_weights == n;
    return !b->whole;
}

bool ox_became_some(const ox_became *b, uint32_t id)
{
    return id < b->n && (b->first[id] || b->weight[id]);
}

/* Breadth first along the uses, not far. */
static uint32_t nearest(const ox_became *b, const ox_model *m, uint32_t id)
{
    uint32_t queue[NEAR] = {id};
    size_t n = 1;
    for (size_t at = 0; at < n; at++) {
        if (ox_became_some(b, queue[at])) return queue[at];
        ox_node k = ox_model_node_at(m, queue[at]);
        for (size_t i = 0, count = ox_node_n_outputs(m, k); i < count && n < NEAR; i++)
            for (ox_use u = ox_value_first_use(m, ox_node_output(m, k, i)); u.node.id && n < NEAR;
                 u = ox_value_next_use(m, u)) {
                bool known = ox_node_is_return(m, u.node);
                for (size_t j = 0; j < n && !known; j++) known = queue[j] == u.node.id;
                if (!known) queue[n++] = u.node.id;
            }
    }
    return 0;
}

uint32_t ox_became_home(ox_became *b, const ox_model *m, uint32_t id)
{
    if (!id || id >= b->n || !m) return 0;
    if (!b->home[id]) {
        uint32_t found = nearest(b, m, id);
        b->home[id] = found ? found : NOWHERE;
    }
    return b->home[id] == NOWHERE ? 0 : b->home[id];
}

ox_node ox_became_reader(const ox_became *b, const ox_model *result, uint32_t id)
{
    ox_value w = id < b->n && b->weight[id] ? ox_model_value_at(result, b->weight[id]) : (ox_value){0, 0};
    ox_use u = w.id ? ox_value_first_use(result, w) : (ox_use){{0, 0}, 0};
    while (u.node.id && ox_node_is_return(result, u.node)) u = ox_value_next_use(result, u);
    return u.node;
}

void ox_became_name(const ox_model *result, ox_node k, char *buf, size_t size)
{
    size_t n;
    ox_value out = ox_node_output(result, k, 0);
    const char *name = ox_str_text(result, ox_node_name(result, k), &n);
    if (size) buf[0] = '\0';
    if (n)
        ox_text_sanitize(name, n < 100 ? n : 100, buf, size);
    else if (out.id)
        ox_value_label(result, out, buf, size);
}

/* "onnx::Conv /features/Conv" of what a node with nodes or a weight became. */
static size_t own_text(const ox_became *b, const ox_model *result, uint32_t id, char *buf, size_t size)
{
    char text[256], label[512];
    size_t n;
    if (!b->first[id]) {
        n = ox_value_label(result, ox_model_value_at(result, b->weight[id]), label, sizeof label);
        return (size_t)snprintf(buf, size, "initializer %.*s", (int)(n < sizeof label ? n : sizeof label - 1), label);
    }
    ox_node last = ox_model_node_at(result, b->last[id]);
    ox_node_op_text(result, last, text, sizeof text);
    ox_became_name(result, last, label, sizeof label);
    if (b->count[id] > 1) return (size_t)snprintf(buf, size, "%u nodes, the last %s %s", b->count[id], text, label);
    return (size_t)snprintf(buf, size, "%s %s", text, label);
}

void ox_became_text(ox_became *b, const ox_model *m, const ox_model *result, uint32_t id, char *buf, size_t size)
{
    uint32_t home = ox_became_home(b, m, id);
    const char *lead = home == id ? b->first[id] ? "" : "folded into " : "no node of its own: goes into ";
    int n = snprintf(buf, size, "%s", home ? lead : "no node of its own");
    if (home && (size_t)n < size) own_text(b, result, home, buf + n, size - (size_t)n);
}
