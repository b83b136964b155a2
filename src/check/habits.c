/* Floor 4. The walk of the checks of habits: names of nodes, and for each operator of a table what looks at it. */
#include "check/habits.h"

enum { MAX_DEPTH = 128 };

/* What is looked at, by name of the operator in ai.onnx or aten. Bits of `inputs` are inputs that hold indices. */
static const struct {
    const char *op;
    bool aten;
    ox__habit_fn look;
    uint32_t inputs;
} table[] = {
    {"BatchNormalization", false, ox__habit_batch_norm, 0},
    {"Cast", false, ox__habit_cast, 0},
    {"Concat", false, ox__habit_concat, 0},
    {"ConstantOfShape", false, ox__habit_expand, 1},
    {"Dropout", false, ox__habit_dropout, 0},
    {"Expand", false, ox__habit_expand, 2},
    {"Gather", false, NULL, 2},
    {"GatherElements", false, NULL, 2},
    {"GatherND", false, NULL, 2},
    {"If", false, ox__habit_block, 0},
    {"Loop", false, ox__habit_block, 0},
    {"Pad", false, NULL, 2},
    {"Range", false, NULL, 7},
    {"Reshape", false, ox__habit_reshape, 2},
    {"Resize", false, ox__habit_resize, 8},
    {"Scan", false, ox__habit_block, 0},
    {"ScatterElements", false, NULL, 2},
    {"ScatterND", false, NULL, 2},
    {"Slice", false, ox__habit_slice, 0x18}, /* axes and steps: starts and ends are clamped to the dim anyway */
    {"Split", false, NULL, 2},
    {"Squeeze", false, NULL, 2},
    {"Tile", false, NULL, 2},
    {"TopK", false, NULL, 2},
    {"Unsqueeze", false, NULL, 2},
    {"Upsample", false, ox__habit_resize, 0},
    {"expand", true, ox__habit_expand, 0},
    {"reshape", true, ox__habit_reshape, 0},
    {"view", true, ox__habit_reshape, 0},
};

typedef struct walk {
    ox__check *c;
    uint32_t op[OX__COUNT(table)]; /* ids of the operators' strings, UINT32_MAX = not in this model */
    uint32_t *by_name;             /* string id -> the node that had this name last */
    size_t n_names;
    ox_node unnamed; /* the first of a root graph */
    size_t n_unnamed, n_nodes;
} walk;

static void look_at_name(walk *w, ox_node n)
{
    ox__check *c = w->c;
    ox_str name = ox_node_name(c->m, n);
    w->n_nodes++;
    if (name.id <= 1) {
        if (!w->n_unnamed++) w->unnamed = n;
        return;
    }
    if (name.id >= w->n_names) {
        size_t room = OX__MAX((size_t)name.id + 1, w->n_names + w->n_names / 2 + 64);
        uint32_t *p = ox__realloc(w->by_name, room * sizeof *p);
        if (!p) {
            ox__check_fail(c, ox__nomem(c->err));
            return;
        }
        memset(p + w->n_names, 0, (room - w->n_names) * sizeof *p);
        w->by_name = p;
        w->n_names = room;
    }
    ox_node other = ox_model_node_at(c->m, w->by_name[name.id]);
    if (other.id && ox_node_graph(c->m, other).id == ox_node_graph(c->m, n).id)
        ox__check_report(c, OX__CHECK_NODE_NAME_TWICE, OX__AT_NODE(n), NULL, "%s has the name of the node #%u",
                         ox__check_node_name(c, n), other.id);
    w->by_name[name.id] = n.id;
}

static void look_at_op(walk *w, ox_node n)
{
    const ox_model *m = w->c->m;
    uint32_t op = ox_node_op(m, n).id;
    for (size_t i = 0; i < OX__COUNT(table); i++) {
        if (w->op[i] != op) continue;
        if (!ox_node_is(m, n, table[i].aten ? "aten" : "", table[i].op)) continue;
        if (table[i].look) table[i].look(w->c, n);
        if (table[i].inputs && !w->c->stopped) ox__habit_indices(w->c, n, table[i].inputs);
    }
}

static void look_at_graph(walk *w, ox_graph g, int depth)
{
    ox__check *c = w->c;
    if (depth > MAX_DEPTH) return;
    for (ox_node n = ox_graph_first(c->m, g); n.id && !c->stopped; n = ox_node_next(c->m, n)) {
        ox__check_step(c);
        if (c->onnx) look_at_name(w, n);
        if (!c->stopped) look_at_op(w, n);
        for (size_t i = 0; i < ox_node_n_blocks(c->m, n); i++) look_at_graph(w, ox_node_block(c->m, n, i), depth + 1);
    }
}

static void look_at_root(walk *w, ox_graph g)
{
    ox__check *c = w->c;
    w->n_unnamed = w->n_nodes = 0;
    if (!c->stopped) look_at_graph(w, g, 0);
    if (w->n_unnamed)
        ox__check_report(c, OX__CHECK_UNNAMED_NODE, OX__AT_NODE(w->unnamed), NULL,
                         "%zu of %zu nodes of %s have no name, the first is %s", w->n_unnamed, w->n_nodes,
                         ox__check_name(c, ox_graph_name(c->m, g)), ox__check_node_name(c, w->unnamed));
}

static void check_opset_ir(ox__check *c)
{
    int64_t have = ox_model_ir_version(c->m), opset = ox_model_opset(c->m, ""), want = ox_ir_for_opset(opset);
    if (opset > 0 && opset <= ox_opset_newest("") && have > 0 && have < want)
        ox__check_report(c, OX__CHECK_OPSET_IR, (ox__place_of){0}, NULL,
                         "opset %lld came with IR version %lld, the model states %lld", (long long)opset,
                         (long long)want, (long long)have);
}

void ox__check_habits(ox__check *c)
{
    walk w = {.c = c};
    struct ox__baked baked;
    if (!ox__check_wants_any(c, OX__CHECK_UNUSED_INITIALIZER, OX__CHECK_SUSPECT_SHAPE)) return;
    for (size_t i = 0; i < OX__COUNT(table); i++) w.op[i] = ox_str_find(c->m, table[i].op, strlen(table[i].op)).id;
    for (size_t i = 0; i < OX__COUNT(table); i++) w.op[i] = w.op[i] ? w.op[i] : UINT32_MAX;
    if (c->onnx) check_opset_ir(c);
    ox__habit_baked_begin(c, &baked);
    look_at_root(&w, ox_model_main(c->m));
    ox__habit_baked_end(c);
    for (size_t i = 0; i < ox_model_n_functions(c->m) && !c->stopped; i++) look_at_root(&w, ox_model_function(c->m, i));
    if (!c->stopped) ox__habit_unused(c);
    c->baked = NULL;
    ox__free(w.by_name);
}
