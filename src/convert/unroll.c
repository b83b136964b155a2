/* Floor 5. Loops whose rounds are known: each round becomes a copy of the body. What a loop does that is not unrolled
 * becomes an ONNX Loop. */
#include "convert/args.h"
#include "convert/fold.h"

/* ---- whether the condition can be known at each round ---- */
typedef struct judge {
    ox__conv *c;
    ox_node loop;
    ox_graph body;
    int depth;
    ox_status s;
} judge;

enum { MAX_DEPTH = 100 };

static bool is_static(judge *j, ox_value v);

/* An operator on numbers, strings and lists that constant propagation computes: none of its inputs is a tensor. */
static bool is_static_node(judge *j, ox_node n)
{
    ox_model *m = j->c->m;
    bool plain = ox__is_prim(j->c, n, "ListConstruct") || ox__is_prim(j->c, n, "TupleConstruct") ||
                 ox__is_prim(j->c, n, "DictConstruct");
    const char *domain = ox_str_text(m, ox_node_domain(m, n), NULL), *op = ox_str_text(m, ox_node_op(m, n), NULL);
    if (!plain && (ox_node_n_blocks(m, n) || !ox__constants_fold(domain, op))) return false;
    for (size_t i = 0; i < ox_node_n_inputs(m, n); i++)
        if (!is_static(j, ox_node_input(m, n, i))) return false;
    return true;
}

static bool is_static_if(judge *j, ox_node n, size_t i)
{
    ox_model *m = j->c->m;
    if (!is_static(j, ox_node_input(m, n, 0))) return false;
    for (size_t b = 0; b < ox_node_n_blocks(m, n); b++) {
        ox_value v = ox_graph_output(m, ox_node_block(m, n, b), i);
        ox_node from = ox_value_node(m, v);
        if (from.id && ox__is_prim(j->c, from, "Uninitialized")) continue;
        if (!is_static(j, v)) return false;
    }
    return true;
}

static bool find_static(judge *j, ox_value v)
{
    ox_model *m = j->c->m;
    ox_arg a;
    ox_error e;
    if (ox__conv_flags(j->c, v) & OX__V_WRITTEN) return false;
    if (ox__arg_read(j->c, v, &a, &e) == OX_OK && a.kind != OX_ARG_VALUE && a.kind != OX_ARG_LIST) return true;
    ox_node n = ox_value_node(m, v);
    if (n.id) return ox__is_prim(j->c, n, "If") ? is_static_if(j, n, ox_value_index(m, v)) : is_static_node(j, n);
    if (ox_value_graph(m, v).id != j->body.id) return false;
    uint32_t i = ox_value_index(m, v);
    if (i == 0) return true; /* the number of the round */
    return is_static(j, ox_node_input(m, j->loop, i + 1)) && is_static(j, ox_graph_output(m, j->body, i));
}

/* All must be so: one that was met before needs no second look. */
static bool is_static(judge *j, ox_value v)
{
    bool first;
    if (!v.id || j->depth > MAX_DEPTH) return false;
    if (j->s == OX_OK) j->s = ox__search_meet(j->c, v, &first, j->c->err);
    if (j->s != OX_OK) return false;
    if (!first) return true;
    j->depth++;
    bool yes = find_static(j, v);
    j->depth--;
    return yes;
}

/* ---- one round ---- */

/* The rounds that are left count on from where the copies stopped. */
static ox_status shift_round(ox__conv *c, ox_graph body, int64_t done)
{
    ox_value round = ox_graph_input(c->m, body, 0), args[2] = {round};
    ox_node first = ox_graph_first(c->m, body), add = ox_value_first_use(c->m, round).node;
    ox_arg by = {.kind = OX_ARG_INT, .i = done}, more;
    if (!first.id || !add.id) return OX_OK;
    bool sum_of = ox_value_n_uses(c->m, round) == 1 && ox__is_aten(c, add, "add") && ox_node_n_inputs(c->m, add) == 2 &&
                  ox_node_input(c->m, add, 0).id == round.id;
    ox_status s = sum_of ? ox__arg_read(c, ox_node_input(c->m, add, 1), &more, c->err) : OX_OK;
    sum_of = s == OX_OK && sum_of && more.kind == OX_ARG_INT && !__builtin_add_overflow(by.i, more.i, &by.i);
    if (s == OX_OK) s = ox__pass_constant(c, first, &by, (ox_type){0}, &args[1]);
    if (s == OX_OK && sum_of) return ox_node_set_input(c->m, add, 1, args[1], c->err);
    if (s == OX_OK) s = ox_node_create(c->m, &add, body, first, c->s_aten, ox__conv_str(c, "add"), 2, args, 1, c->err);
    if (s == OX_OK) s = ox_node_set_origin(c->m, add, ox_node_origin(c->m, first), c->err);
    if (s != OX_OK) return s;
    ox_value sum = ox_node_output(c->m, add, 0);
    s = ox_value_set_type(c->m, sum, ox_type_simple(c->m, OX_TYPE_INT), c->err);
    if (s == OX_OK) s = ox_value_replace_uses(c->m, round, sum, c->err);
    return s == OX_OK ? ox_node_set_input(c->m, add, 0, round, c->err) : s;
}

/* Copies round `i` in front of the loop, which takes its results from then on. */
static ox_status copy_round(ox__conv *c, ox_node n, int64_t i, ox_value *values, ox_value *results)
{
    ox_graph body = ox_node_block(c->m, n, 0);
    size_t carried = ox_node_n_outputs(c->m, n);
    ox_arg round = {.kind = OX_ARG_INT, .i = i};
    ox_status s = ox__pass_constant(c, n, &round, (ox_type){0}, &values[0]);
    for (size_t k = 0; k < carried; k++) values[k + 1] = ox_node_input(c->m, n, k + 2);
    if (s == OX_OK) s = ox__copy_block(c, body, values, n, results);
    for (size_t k = 0; s == OX_OK && k <= carried; k++) s = ox_node_set_input(c->m, n, k + 1, results[k], c->err);
    return s;
}

static ox__verdict finish(ox__fold *f)
{
    ox_model *m = f->c->m;
    for (size_t i = 0; f->s == OX_OK && i < ox_node_n_outputs(m, f->n); i++)
        f->s = ox__pass_stand_in(f->c, ox_node_output(m, f->n, i), ox_node_input(m, f->n, i + 2));
    if (f->s == OX_OK) f->s = ox_node_delete(m, f->n, f->c->err);
    return OX__FOLD_DONE;
}

static bool always_on(ox__conv *c, ox_graph body)
{
    ox_arg a;
    ox_error e;
    return ox__arg_read(c, ox_graph_output(c->m, body, 0), &a, &e) == OX_OK && a.kind == OX_ARG_BOOL && a.i;
}

static bool has_graphs(const ox__conv *c, ox_graph g)
{
    for (ox_node n = ox_graph_first(c->m, g); n.id; n = ox_node_next(c->m, n)) {
        if (ox_node_n_blocks(c->m, n) && !ox_node_attr(c->m, n, "blocks")) return true; /* of ONNX nodes */
        for (size_t i = 0; i < ox_node_n_blocks(c->m, n); i++)
            if (has_graphs(c, ox_node_block(c->m, n, i))) return true;
    }
    return false;
}

static bool can_judge(ox__fold *f, ox_graph body)
{
    judge j = {.c = f->c, .loop = f->n, .body = body};
    ox__search_begin(f->c);
    bool yes = is_static(&j, ox_graph_output(f->c->m, body, 0));
    f->s = j.s;
    return yes && j.s == OX_OK;
}

static ox_status too_long(ox__fold *f, size_t size, int64_t trips)
{
    ox__conv *c = f->c;
    if (ox__conv_flags(c, ox_graph_input(c->m, ox_node_block(c->m, f->n, 0), 0)) & OX__V_TOLD) return OX_OK;
    ox_status s = trips < INT64_MAX
                      ? ox__report_note(c, OX_FAILURE_WARNING, f->n, "--unroll N lets more nodes be copied",
                                        "a loop of %lld rounds of %zu nodes is not unrolled: it becomes an ONNX Loop",
                                        (long long)trips, size)
                      : ox__report_note(c, OX_FAILURE_WARNING, f->n, "--unroll N lets more nodes be copied",
                                        "a loop is not unrolled to its end: its rest becomes an ONNX Loop");
    return s == OX_OK ? ox__conv_set_flags(c, ox_graph_input(c->m, ox_node_block(c->m, f->n, 0), 0), OX__V_TOLD, c->err)
                      : s;
}

/* All rounds of a loop that counts to a known number. */
static ox__verdict unroll_for(ox__fold *f, int64_t trips)
{
    ox__conv *c = f->c;
    size_t n = ox_node_n_outputs(c->m, f->n);
    ox_value *values = ox__alloc(2 * (n + 1) * sizeof *values);
    if (!values) return ox__fold_nomem(f);
    for (int64_t i = 0; f->s == OX_OK && i < trips; i++) f->s = copy_round(c, f->n, i, values, values + n + 1);
    ox__free(values);
    f->again = true;
    return f->s == OX_OK ? finish(f) : OX__FOLD_DONE;
}

/* One round of a loop whose condition follows from numbers; the walk comes back to it. */
static ox__verdict unroll_while(ox__fold *f, ox_graph body, int64_t trips)
{
    ox__conv *c = f->c;
    size_t n = ox_node_n_outputs(c->m, f->n);
    ox_value *values = ox__alloc(2 * (n + 1) * sizeof *values);
    if (!values) return ox__fold_nomem(f);
    f->s = copy_round(c, f->n, 0, values, values + n + 1);
    ox__free(values);
    ox_arg left = {.kind = OX_ARG_INT, .i = trips == INT64_MAX ? trips : trips - 1};
    ox_value v = {0};
    if (f->s == OX_OK) f->s = ox__pass_constant(c, f->n, &left, (ox_type){0}, &v);
    if (f->s == OX_OK) f->s = ox_node_set_input(c->m, f->n, 0, v, c->err);
    if (f->s == OX_OK) f->s = shift_round(c, body, 1);
    f->again = true;
    return OX__FOLD_DONE;
}

ox__verdict ox__rule_loop(ox__fold *f)
{
    ox__conv *c = f->c;
    size_t n = ox_node_n_outputs(c->m, f->n);
    if (ox_node_n_blocks(c->m, f->n) != 1 || f->n_in != n + 2) return OX__FOLD_NOT;
    ox_graph body = ox_node_block(c->m, f->n, 0);
    if (ox_graph_n_inputs(c->m, body) != n + 1 || ox_graph_n_outputs(c->m, body) != n + 1) return OX__FOLD_NOT;
    bool counted = f->in[0].kind == OX_ARG_INT;
    int64_t trips = f->in[0].i;
    if ((counted && trips <= 0) || (f->in[1].kind == OX_ARG_BOOL && !f->in[1].i)) return finish(f);
    if (!counted || f->in[1].kind != OX_ARG_BOOL || has_graphs(c, body)) return OX__FOLD_NOT;
    bool on = always_on(c, body);
    if (!on && !can_judge(f, body)) return f->s == OX_OK ? OX__FOLD_NOT : OX__FOLD_DONE;
    size_t size = ox__block_size(c, body), limit = c->opt->unroll ? c->opt->unroll : OX_UNROLL_DEFAULT;
    int64_t rounds = on ? trips : 1;
    if (c->opt->no_unroll || c->unrolled >= limit || (uint64_t)rounds > (limit - c->unrolled) / (size + 1)) {
        f->s = too_long(f, size, trips);
        return f->s == OX_OK ? OX__FOLD_NOT : OX__FOLD_DONE;
    }
    c->unrolled += (size_t)rounds * (size + 1);
    return on ? unroll_for(f, trips) : unroll_while(f, body, trips);
}
