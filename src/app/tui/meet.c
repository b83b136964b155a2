/* Floor 7. The node of another model that is most like a node: by name, scope, what it makes, operator. Names
 * are looked up in the other model once, then nodes are compared as numbers: it takes as long as to list them. */
#include "app/tui/meet.h"

#include "app/tui/tui.h"

#include <onnxsh/model.h>

#include <string.h>

/* Each counts more than all below it. Numbers are names by chance: they only tell apart what is alike. */
enum { NAMED = 32, WITHIN = 16, MAKES = 8, AROUND = 4, SAME_OP = 2, NUMBERED = 1 };

/* What is looked for, in words of the model where it is looked for; 0 = unknown there. */
typedef struct like {
    uint32_t name, output, op, domain, scope;
    unsigned within, makes; /* what those two count */
} like;

static uint32_t same(const ox_model *in, const ox_model *m, ox_str s)
{
    size_t n;
    const char *text = ox_str_text(m, s, &n);
    return n ? ox_str_find(in, text, n).id : 0;
}

static uint32_t scope_of_path(const ox_model *in, const char *path)
{
    char text[1024];
    for (uint32_t id = 1; *path && id < ox_model_scope_limit(in); id++)
        if (ox_scope_path(in, ox_model_scope_at(in, id), text, sizeof text) < sizeof text && strcmp(text, path) == 0)
            return id;
    return 0;
}

/* The same scope, or the innermost around it that is there. */
static uint32_t same_scope(const ox_model *in, const ox_model *m, ox_scope s, unsigned *counts)
{
    char path[1024];
    uint32_t found = 0;
    *counts = WITHIN;
    for (; s.id; s = ox_scope_parent(m, s), *counts = AROUND) {
        if (ox_scope_path(m, s, path, sizeof path) < sizeof path) found = scope_of_path(in, path);
        if (found) break;
    }
    return found;
}

static bool is_number(const ox_model *m, ox_str s)
{
    size_t n;
    int64_t number;
    const char *text = ox_str_text(m, s, &n);
    return ox_text_parse_i64(text, n, &number);
}

static like like_of(const ox_model *in, const ox_model *m, ox_node n)
{
    ox_str output = ox_value_name(m, ox_node_output(m, n, 0));
    like k = {
        .name = same(in, m, ox_node_name(m, n)), .output = same(in, m, output), .op = same(in, m, ox_node_op(m, n))};
    k.domain = same(in, m, ox_node_domain(m, n));
    k.scope = same_scope(in, m, ox_node_scope(m, n), &k.within);
    k.makes = is_number(m, output) ? NUMBERED : MAKES;
    return k;
}

static unsigned score(const ox_model *in, const like *k, ox_node n)
{
    unsigned got = 0;
    if (k->name && ox_node_name(in, n).id == k->name) got += NAMED;
    if (k->output && ox_value_name(in, ox_node_output(in, n, 0)).id == k->output) got += k->makes;
    if (k->scope && ox_node_scope(in, n).id == k->scope) got += k->within;
    if (k->op && ox_node_op(in, n).id == k->op && ox_node_domain(in, n).id == k->domain) got += SAME_OP;
    return got;
}

static ox_node next(const ox_model *m, uint32_t *id)
{
    while (++*id < ox_model_node_limit(m)) {
        ox_node n = ox_model_node_at(m, *id);
        if (n.id) return n;
    }
    return (ox_node){0, 0};
}

/* How many nodes of its scope and operator come before it. */
static size_t place(const ox_model *m, ox_node of)
{
    size_t before = 0;
    uint32_t id = 0, scope = ox_node_scope(m, of).id, op = ox_node_op(m, of).id;
    for (ox_node n = next(m, &id); n.id && n.id < of.id; n = next(m, &id))
        before += ox_node_scope(m, n).id == scope && ox_node_op(m, n).id == op && !ox_node_is_folded(m, n);
    return before;
}

/* What the index of names finds: most that has a counterpart has it there. */
static ox_node by_name(const ox_model *in, const like *k, const char **how)
{
    ox_graph g = ox_model_main(in);
    ox_node found = k->name ? ox_graph_find_node(in, g, (ox_str){k->name}) : (ox_node){0, 0};
    *how = "by its name";
    if (found.id || k->scope || k->makes != MAKES || !k->output) return found;
    *how = "by what it makes";
    return ox_value_node(in, ox_graph_find_value(in, g, (ox_str){k->output}));
}

ox_node ox_meet(const ox_model *in, const ox_model *m, ox_node n, const char **how)
{
    const like k = like_of(in, m, n);
    ox_node best = by_name(in, &k, how);
    if (best.id) return best;
    unsigned most = AROUND - 1;
    size_t seen = 0, wanted = place(m, n);
    uint32_t id = 0;
    for (ox_node at = next(in, &id); at.id; at = next(in, &id)) {
        unsigned got = score(in, &k, at);
        if (got < most || got < AROUND || ox_node_is_folded(in, at)) continue;
        if (got > most) seen = 0;
        if (seen++ <= (got < WITHIN ? 0 : wanted)) best = at; /* of those that are alike, the one of the same number */
        most = got;
    }
    *how = most >= NAMED    ? "by its name"
           : most >= WITHIN ? "by its scope"
           : most >= MAKES  ? "by what it makes"
                            : "by the scope around it";
    return best;
}
