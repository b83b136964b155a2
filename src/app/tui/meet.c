/* Floor 7. The node of another model that is most like a node: by name, scope, what it makes, operator. Names are
 * looked up in the other model's index; else the nodes of one scope are compared, as numbers. */
#include "app/tui/meet.h"

#include "app/tui/tui.h"

#include <onnxsh/model.h>

#include <stdlib.h>
#include <string.h>

/* ---- nodes by scope ---- */

#define ABROAD 0x80000000u /* a scope of the other model that is not the same, but the innermost around it */
#define NOWHERE 0x7FFFFFFFu

void ox_kin_free(ox_kin *k)
{
    free(k->first);
    memset(k, 0, sizeof *k);
}

static bool kin_is_of(const ox_kin *k, const ox_model *m, const ox_model *other)
{
    return k->first && k->serial == ox_model_serial(m) && k->other == ox_model_serial(other) &&
           k->n_nodes == ox_model_node_limit(m) && k->n_scopes == ox_model_scope_limit(m);
}

static bool make_kin(ox_kin *k, const ox_model *m, const ox_model *other)
{
    if (kin_is_of(k, m, other)) return true;
    ox_kin_free(k);
    uint32_t nodes = ox_model_node_limit(m), scopes = ox_model_scope_limit(m);
    uint32_t *p = calloc((size_t)nodes + (size_t)scopes * 2 + 1, sizeof *p);
    if (!p) return false;
    *k = (ox_kin){p, p + scopes, p + scopes + nodes, nodes, scopes, ox_model_serial(m), ox_model_serial(other)};
    for (uint32_t id = nodes; id-- > 1;) { /* from the last on, so that each comes before those after it */
        ox_node n = ox_model_node_at(m, id);
        uint32_t scope = n.id ? ox_node_scope(m, n).id : 0;
        if (!n.id || scope >= scopes) continue;
        k->next[id] = k->first[scope];
        k->first[scope] = id;
    }
    return true;
}

/* ---- scopes of both ---- */

static uint32_t scope_of_path(const ox_model *in, const char *path)
{
    char text[1024];
    for (uint32_t id = 1; *path && id < ox_model_scope_limit(in); id++)
        if (ox_scope_path(in, ox_model_scope_at(in, id), text, sizeof text) < sizeof text && strcmp(text, path) == 0)
            return id;
    return 0;
}

static uint32_t find_scope(const ox_model *in, const ox_model *m, ox_scope s)
{
    char path[1024];
    for (uint32_t abroad = 0; s.id; s = ox_scope_parent(m, s), abroad = ABROAD) {
        uint32_t found = ox_scope_path(m, s, path, sizeof path) < sizeof path ? scope_of_path(in, path) : 0;
        if (found) return found | abroad;
    }
    return NOWHERE;
}

/* ---- likeness ---- */

/* Each counts more than all below it. Operators of two kinds are one if they are spelled alike. Numbers are names by
 * chance: they only tell apart what is alike. */
enum { NAMED = 32, WITHIN = 16, MAKES = 8, AROUND = 4, SAME_OP = 2, NUMBERED = 1 };

/* What is looked for, in words of the model where it is looked for; 0 = unknown there. */
typedef struct like {
    uint32_t name, output, op, scope;
    char spelled[48];       /* the operator, as spell writes it */
    unsigned within, makes; /* what those two count */
} like;

static uint32_t same(const ox_model *in, const ox_model *m, ox_str s)
{
    size_t n;
    const char *text = ox_str_text(m, s, &n);
    return n ? ox_str_find(in, text, n).id : 0;
}

/* In small letters and digits only: max_pool2d and MaxPool begin alike then. */
static void spell(const ox_model *m, ox_node n, char *buf, size_t size)
{
    size_t len, k = 0;
    const char *s = ox_str_text(m, ox_node_op(m, n), &len);
    for (size_t i = 0; i < len && k + 1 < size; i++)
        if (s[i] >= 'A' && s[i] <= 'Z')
            buf[k++] = (char)(s[i] | 0x20);
        else if ((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= '0' && s[i] <= '9'))
            buf[k++] = s[i];
    buf[k] = '\0';
}

static bool spelled_alike(const ox_model *in, const like *k, ox_node n)
{
    char text[sizeof k->spelled];
    spell(in, n, text, sizeof text);
    size_t a = strlen(text), b = strlen(k->spelled), least = a < b ? a : b;
    return least >= 3 && memcmp(text, k->spelled, least) == 0;
}

static bool is_number(const ox_model *m, ox_str s)
{
    size_t n;
    int64_t number;
    const char *text = ox_str_text(m, s, &n);
    return ox_text_parse_i64(text, n, &number);
}

static like like_of(const ox_model *in, ox_kin *of_m, const ox_model *m, ox_node n)
{
    ox_scope scope = ox_node_scope(m, n);
    uint32_t *known = scope.id < of_m->n_scopes ? &of_m->scope[scope.id] : NULL;
    if (known && !*known) *known = find_scope(in, m, scope);
    ox_str output = ox_value_name(m, ox_node_output(m, n, 0));
    like k = {
        .name = same(in, m, ox_node_name(m, n)), .output = same(in, m, output), .op = same(in, m, ox_node_op(m, n))};
    spell(m, n, k.spelled, sizeof k.spelled);
    if (known && *known != NOWHERE) k.scope = *known & ~ABROAD;
    k.within = known && *known & ABROAD ? AROUND : WITHIN;
    k.makes = is_number(m, output) ? NUMBERED : MAKES;
    return k;
}

static unsigned score(const ox_model *in, const like *k, ox_node n)
{
    unsigned got = 0;
    if (k->name && ox_node_name(in, n).id == k->name) got += NAMED;
    if (k->output && ox_value_name(in, ox_node_output(in, n, 0)).id == k->output) got += k->makes;
    if (k->scope && ox_node_scope(in, n).id == k->scope) got += k->within;
    if ((k->op && ox_node_op(in, n).id == k->op) || spelled_alike(in, k, n)) got += SAME_OP;
    return got;
}

/* What the index of names finds: most that has a counterpart has it there. */
static ox_node by_name(const ox_model *in, const like *k, const char **how)
{
    ox_graph g = ox_model_main(in);
    ox_node found = k->name ? ox_graph_find_node(in, g, (ox_str){k->name}) : (ox_node){0, 0};
    *how = "by its name";
    if (found.id || (k->scope && k->within == WITHIN) || k->makes != MAKES || !k->output) return found;
    *how = "by what it makes";
    return ox_value_node(in, ox_graph_find_value(in, g, (ox_str){k->output}));
}

/* Where a node stands in its scope: how many of its operator and of any come before it, how many there are. */
typedef struct spot {
    size_t of_op, before, all;
} spot;

static spot find_spot(const ox_kin *k, const ox_model *m, ox_node of)
{
    spot at = {0, 0, 0};
    uint32_t scope = ox_node_scope(m, of).id, op = ox_node_op(m, of).id;
    for (uint32_t id = scope < k->n_scopes ? k->first[scope] : 0; id; id = k->next[id]) {
        ox_node n = ox_model_node_at(m, id);
        if (!n.id || ox_node_is_folded(m, n)) continue;
        at.before += id < of.id;
        at.of_op += id < of.id && ox_node_op(m, n).id == op;
        at.all++;
    }
    return at;
}

/* Number i of the nodes of a scope that are as much alike as that, or the last; *n says how many there are. */
static ox_node alike(const ox_kin *of_in, const ox_model *in, const like *k, unsigned least, size_t i, size_t *n)
{
    ox_node best = {0, 0};
    *n = 0;
    for (uint32_t id = of_in->first[k->scope]; id; id = of_in->next[id]) {
        ox_node at = ox_model_node_at(in, id);
        if (!at.id || ox_node_is_folded(in, at) || score(in, k, at) < least) continue;
        if ((*n)++ <= i) best = at;
    }
    return best;
}

ox_node ox_meet(ox_kin *of_in, const ox_model *in, ox_kin *of_m, const ox_model *m, ox_node n, const char **how)
{
    *how = "";
    if (!make_kin(of_in, in, m) || !make_kin(of_m, m, in)) return (ox_node){0, 0};
    const like k = like_of(in, of_m, m, n);
    ox_node best = by_name(in, &k, how);
    if (best.id || !k.scope || k.scope >= of_in->n_scopes) return best;
    unsigned most = k.within;
    size_t count;
    for (uint32_t id = of_in->first[k.scope]; id; id = of_in->next[id]) {
        ox_node at = ox_model_node_at(in, id);
        unsigned got = at.id && !ox_node_is_folded(in, at) ? score(in, &k, at) : 0;
        if (got > most) most = got;
    }
    *how = most >= NAMED ? "by its name" : k.within == WITHIN ? "by its scope" : "by the scope around it";
    if (k.within != WITHIN) return alike(of_in, in, &k, most, 0, &count);
    spot at = find_spot(of_m, m, n);
    best = alike(of_in, in, &k, most, at.of_op, &count);
    if (most > WITHIN || !at.all) return best;
    return alike(of_in, in, &k, most, at.before * count / at.all, &count); /* operators of another kind: as far along */
}
