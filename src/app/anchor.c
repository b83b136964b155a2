/* Floor 7. Anchors: a node known by what it is. */
#include "app/anchor.h"

#include "app/cmd.h"

#include <onnxsh/print.h>

#include <stdint.h>
#include <string.h>

static void copy(const ox_model *m, ox_str s, char *buf, size_t size)
{
    size_t n;
    const char *text = ox_str_text(m, s, &n);
    snprintf(buf, size, "%.*s", (int)(n < size ? n : size - 1), text);
}

static ox_str first_output(const ox_model *m, ox_node n)
{
    return ox_value_name(m, ox_node_output(m, n, 0));
}

/* The nodes of a model one after the other: those of a block are made after what is around it. */
static ox_node next_node(const ox_model *m, uint32_t *id)
{
    while (++*id < ox_model_node_limit(m)) {
        ox_node n = ox_model_node_at(m, *id);
        if (n.id) return n;
    }
    return (ox_node){0, 0};
}

void ox_anchor_take(const ox_model *m, ox_node n, ox_anchor *out)
{
    *out = (ox_anchor){.place = SIZE_MAX};
    if (!m || !ox_node_is_alive(m, n)) return;
    copy(m, ox_node_name(m, n), out->name, sizeof out->name);
    copy(m, first_output(m, n), out->output, sizeof out->output);
    ox_node_op_text(m, n, out->op, sizeof out->op);
    ox_node_scope_text(m, n, out->scope, sizeof out->scope);
    out->place = 0;
    uint32_t id = 0;
    for (ox_node at = next_node(m, &id); at.id && at.id != n.id; at = next_node(m, &id)) out->place++;
}

/* How much a node is like the anchor: its name counts most, then what it makes, then what it is. */
static unsigned likeness(const ox_model *m, const ox_anchor *a, ox_node n, size_t place)
{
    char op[sizeof a->op], scope[sizeof a->scope];
    const char *name = ox_str_text(m, ox_node_name(m, n), NULL), *output = ox_str_text(m, first_output(m, n), NULL);
    bool named = *a->name && strcmp(name, a->name) == 0, makes = *a->output && strcmp(output, a->output) == 0;
    if (!named && !makes && place != a->place) return 0;
    ox_node_op_text(m, n, op, sizeof op);
    ox_node_scope_text(m, n, scope, sizeof scope);
    bool is = strcmp(op, a->op) == 0, within = strcmp(scope, a->scope) == 0;
    if (!named && !makes && !is) return 0;
    return 8u * named + 4u * makes + 2u * is + within;
}

ox_node ox_anchor_find(const ox_model *m, const ox_anchor *a)
{
    ox_node best = {0, 0};
    unsigned most = 0;
    uint32_t id = 0;
    size_t place = 0;
    if (!m || a->place == SIZE_MAX) return best;
    for (ox_node n = next_node(m, &id); n.id; n = next_node(m, &id), place++) {
        unsigned like = likeness(m, a, n, place);
        if (like > most) most = like, best = n;
    }
    return best;
}
