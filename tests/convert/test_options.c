/* The options of the conversion, the names of the result, ONNX models as sources. */
#include "convert_test.h"

#include "ir/ir.h"

#include <onnxsh/schema.h>

#define TRACE(in, body) "graph(" in "):\n" body

static const char small[] = TRACE("%x : Float(2), %w : Float(2, requires_grad=1)",
                                  "  %a : Float(2) = aten::mul(%x, %w), scope: Net::/m.Block::block/m.Mul::block.0\n"
                                  "  %y : Float(2) = aten::relu(%a), scope: Net::\n  return (%y)\n");

static void common(cv *c)
{
    CV_PLAIN(c, "aten::relu", "self", "Relu");
    CV_PLAIN(c, "aten::mul", "self other", "Mul");
}

static void test_opsets(void **state)
{
    cv *c = *state;
    static const struct {
        int64_t opset;
        const char *message;
    } rows[] = {
        {6, "opset 6 cannot be written: the lowest is 9"},
        {7, "opset 7 is not written yet: the lowest is 9"},
        {8, "opset 8 is not written yet: the lowest is 9"},
        {99, "opset 99 is not known: the newest is"},
        {-1, "opset -1 cannot be written"},
    };
    common(c);
    for (size_t i = 0; i < OX__COUNT(rows); i++) {
        c->opt.opset = rows[i].opset;
        assert_int_equal(cv_run(c, small), OX_E_INVALID);
        assert_non_null(c->report); /* always made */
        if (!strstr(c->err.msg, rows[i].message)) fail_msg("'%s' lacks '%s'", c->err.msg, rows[i].message);
    }
    for (int64_t opset = OX_OPSET_MIN; opset <= 20; opset++) {
        c->opt.opset = opset;
        cv_gives(c, small, "onnx::Relu");
        assert_int_equal(ox_model_opset(c->out, ""), opset);
        assert_int_equal(ox_model_ir_version(c->out), ox_ir_for_opset(opset)); /* the lowest that fits */
    }
    c->opt.opset = 0;
    cv_gives(c, small, "onnx::Relu");
    assert_int_equal(ox_model_opset(c->out, ""), OX_OPSET_DEFAULT);
}

static void test_custom_opsets(void **state)
{
    cv *c = *state;
    common(c);
    const char *domains[] = {"my.domain"}, *wrong[] = {"ai.onnx"};
    int64_t versions[] = {4};
    CV_PLAIN(c, "acme::it", "x", "my.domain::It");
    const char *trace = TRACE("%x : Float(2)", "  %y : Float(2) = acme::it(%x)\n  return (%y)\n");
    cv_gives(c, trace, "my.domain::It");
    assert_int_equal(ox_model_opset(c->out, "my.domain"), 1);
    c->opt.n_custom_opsets = 1;
    c->opt.custom_domains = domains;
    c->opt.custom_versions = versions;
    cv_gives(c, trace, "my.domain::It");
    assert_int_equal(ox_model_opset(c->out, "my.domain"), 4);
    c->opt.custom_domains = wrong;
    assert_int_equal(cv_run(c, trace), OX_E_INVALID);
    assert_string_equal(c->err.msg, "the opset of ai.onnx is set with --opset");
    c->opt.custom_domains = domains;
    versions[0] = 0;
    assert_int_equal(cv_run(c, trace), OX_E_INVALID);
}

/* ---- names ---- */
static void test_scoped_names(void **state)
{
    cv *c = *state;
    common(c);
    cv_gives(c, small, "%/block/block.0/Mul_output_0 : Float(2) = onnx::Mul(%x, %w)");
    ox_node n = ox_graph_first(c->out, ox_model_main(c->out));
    assert_string_equal(ox_str_text(c->out, ox_node_name(c->out, n), NULL), "/block/block.0/Mul");
    n = ox_node_next(c->out, n);
    assert_string_equal(ox_str_text(c->out, ox_node_name(c->out, n), NULL), "/Relu");
    /* a module that is called again, and an operator that stands there again */
    cv_gives(c,
             TRACE("%x : Float(2)", "  %a : Float(2) = aten::relu(%x), scope: Net::/m.L::l\n  %b : Float(2) = "
                                    "aten::relu(%a), scope: Net::/m.L::l\n"
                                    "  %c : Float(2) = aten::relu(%b), scope: Net::\n  %y : Float(2) = aten::relu(%c), "
                                    "scope: Net::/m.L::l\n  return (%y)\n"),
             "%/l/Relu_output_0 : Float(2) = onnx::Relu(%x)");
    assert_non_null(strstr(c->text.p, "%/l/Relu_1_output_0 : Float(2) = onnx::Relu(%/l/Relu_output_0)"));
    assert_non_null(strstr(c->text.p, "%/Relu_output_0 : Float(2) = onnx::Relu(%/l/Relu_1_output_0)"));
    n = ox_graph_last(c->out, ox_model_main(c->out));
    assert_string_equal(ox_str_text(c->out, ox_node_name(c->out, n), NULL), "/l_1/Relu");
    /* words that are numbers keep the word before them */
    cv_gives(c,
             TRACE("%x : Float(2)",
                   "  %a : Float(2) = aten::relu(%x), scope: Net::/m.Block::blocks.0/m.Attn::attn/m.Linear::q\n"
                   "  %y : Float(2) = aten::relu(%a)\n  return (%y)\n"),
             "%/blocks.0/attn/q/Relu_output_0");
}

static void test_interface_names(void **state)
{
    cv *c = *state;
    common(c);
    const char *in[] = {"actual_input_1", "learned_0"}, *out[] = {"probabilities"}, *twice[] = {"same", "same"},
               *many[] = {"a", "b", "c"};
    c->opt.n_input_names = 1;
    c->opt.input_names = in;
    c->opt.n_output_names = 1;
    c->opt.output_names = out;
    cv_gives(c, small, "graph(%actual_input_1 : Float(2)\n      %w : Float(2)) {");
    assert_non_null(strstr(c->text.p, "return (%probabilities);"));
    c->opt.n_input_names = 2;
    cv_gives(c, small, "%learned_0 : Float(2)");
    const ox_dynamic_axis axis = {"actual_input_1", -1, "n"};
    c->opt.n_dynamic = 1;
    c->opt.dynamic = &axis; /* the new name serves too */
    cv_gives(c, small, "graph(%actual_input_1 : Float(n)");
    c->opt.n_dynamic = 0;
    c->opt.input_names = twice;
    assert_int_equal(cv_run(c, small), OX_E_INVALID);
    assert_string_equal(c->err.msg, "the name 'same' is given twice");
    c->opt.n_input_names = 3;
    c->opt.input_names = many;
    assert_int_equal(cv_run(c, small), OX_E_INVALID);
    assert_string_equal(c->err.msg, "3 input names for 2 inputs");
}

/* ---- weights ---- */

/* Gives input `name` of the source data before it is converted. */
static ox_status run_bound(cv *c, const char *trace, const char *name)
{
    float data[2] = {3, 4};
    int64_t dims[1] = {2};
    ox_tensor t;
    cv_close(c);
    ox__buf_clear(&c->text);
    assert_ok(ox_open_memory(&c->src, trace, strlen(trace), "trace", NULL, NULL, NULL, &c->err), &c->err);
    assert_ok(ox_tensor_add_raw(c->src, &t, OX_FLOAT, 1, dims, data, sizeof data, &c->err), &c->err);
    ox_graph g = ox_model_main(c->src);
    ox_value v = ox_graph_find_value(c->src, g, ox_str_addz(c->src, name));
    assert_ok(ox_graph_bind_input(c->src, g, v, t, false, &c->err), &c->err);
    ox_status s = ox_convert(&c->out, &c->report, c->src, c->r, &c->opt, &c->err);
    return s;
}

/* Tied weights are one initializer, under the first name; those that only look alike are not. */
static void test_shared_weights(void **state)
{
    cv *c = *state;
    common(c);
    const char *trace = TRACE("%x : Float(2), %w : Float(2), %tied : Float(2), %other : Float(2)",
                              "  %a : Float(2) = aten::mul(%x, %w)\n  %b : Float(2) = aten::mul(%a, %tied)\n"
                              "  %y : Float(2) = aten::mul(%b, %other)\n  return (%y)\n");
    static const char *const names[] = {"w", "tied", "other"};
    float data[2] = {3, 4};
    int64_t dims[1] = {2};
    ox_tensor t[3];
    assert_ok(ox_open_memory(&c->src, trace, strlen(trace), "trace", NULL, NULL, NULL, &c->err), &c->err);
    ox_graph g = ox_model_main(c->src);
    for (int i = 0; i < 3; i++) {
        assert_ok(ox_tensor_add_raw(c->src, &t[i], OX_FLOAT, 1, dims, data, sizeof data, &c->err), &c->err);
        ox_value v = ox_graph_find_value(c->src, g, ox_str_addz(c->src, names[i]));
        assert_ok(ox_graph_bind_input(c->src, g, v, t[i == 1 ? 0 : i], false, &c->err), &c->err);
    }
    assert_ok(ox_convert(&c->out, &c->report, c->src, c->r, &c->opt, &c->err), &c->err);
    g = ox_model_main(c->out);
    assert_int_equal(ox_graph_n_initializers(c->out, g), 2);
    ox_value w = ox_graph_initializer(c->out, g, 0);
    assert_string_equal(ox_str_text(c->out, ox_value_name(c->out, w), NULL), "w");
    assert_int_equal(ox_value_n_uses(c->out, w), 2);
}

static void test_params(void **state)
{
    cv *c = *state;
    common(c);
    /* auto: an initializer where the data is known */
    assert_ok(run_bound(c, small, "w"), &c->err);
    ox_graph g = ox_model_main(c->out);
    assert_int_equal(ox_graph_n_inputs(c->out, g), 1);
    assert_int_equal(ox_graph_n_initializers(c->out, g), 1);
    c->opt.keep_initializers_as_inputs = true;
    assert_ok(run_bound(c, small, "w"), &c->err);
    g = ox_model_main(c->out);
    assert_int_equal(ox_graph_n_inputs(c->out, g), 2);
    assert_true(ox_value_is_input(c->out, ox_graph_initializer(c->out, g, 0)));
    c->opt.keep_initializers_as_inputs = false;
    /* input: it stays outside, behind the other inputs */
    const char *first = TRACE("%w : Float(2), %x : Float(2)", "  %y : Float(2) = aten::mul(%x, %w)\n  return (%y)\n");
    c->opt.params = OX_PARAMS_INPUT;
    assert_ok(run_bound(c, first, "w"), &c->err);
    g = ox_model_main(c->out);
    assert_int_equal(ox_graph_n_inputs(c->out, g), 2);
    assert_int_equal(ox_graph_n_initializers(c->out, g), 0);
    assert_string_equal(ox_str_text(c->out, ox_value_name(c->out, ox_graph_input(c->out, g, 1)), NULL), "w");
    /* initializer: a parameter without data is a failure */
    c->opt.params = OX_PARAMS_INITIALIZER;
    cv_fails(c, small, OX_FAILURE_CONSTANT, "the data of parameter w is not known");
    assert_ok(run_bound(c, small, "w"), &c->err);
    assert_int_equal(ox_graph_n_initializers(c->out, ox_model_main(c->out)), 1);
}

static void test_folded_weight_keeps_its_name(void **state)
{
    cv *c = *state;
    CV_PLAIN(c, "aten::t", "self", "Transpose");
    CV_PLAIN(c, "aten::relu", "self", "Relu");
    const char *trace =
        TRACE("%fc.weight : Float(2), %x : Float(2)",
              "  %a : Float(2) = aten::t(%fc.weight)\n  %b : Float(2) = acme::both(%x, %a)\n  return (%b)\n");
    CV_PLAIN(c, "acme::both", "x w", "Add");
    assert_ok(run_bound(c, trace, "fc.weight"), &c->err);
    assert_int_equal(ox_graph_n_nodes(c->out, ox_model_main(c->out)), 1);
}

static void test_doc(void **state)
{
    cv *c = *state;
    common(c);
    const char *trace =
        TRACE("%x : Float(2)", "  %y : Float(2) = aten::relu(%x), scope: Net:: # net.py:12:4\n  return (%y)\n");
    cv_gives(c, trace, "onnx::Relu");
    ox_node n = ox_graph_first(c->out, ox_model_main(c->out));
    assert_string_equal(ox_str_text(c->out, ox_node_doc(c->out, n), NULL), "");
    c->opt.doc = true;
    cv_gives(c, trace, "onnx::Relu");
    n = ox_graph_first(c->out, ox_model_main(c->out));
    assert_string_equal(ox_str_text(c->out, ox_node_doc(c->out, n), NULL), "net.py(12)");
}

/* ---- ONNX as a source ---- */
static void test_dump_of_onnx_nodes(void **state)
{
    cv *c = *state;
    /* nodes, names and values as they are; nothing is folded or removed */
    cv_gives(c,
             TRACE("%x : Float(2)",
                   "  %17 : Float(2) = onnx::Relu(%x)\n  %18 : Float(2) = onnx::Identity(%17)\n  return (%18)\n"),
             "  %17 : Float(2) = onnx::Relu(%x)\n  %18 : Float(2) = onnx::Identity(%17)\n  return (%18);\n");
    /* a node that is not of the target opset */
    const char *old = TRACE("%x : Float(2, 1)", "  %y : Float(2) = onnx::Squeeze[axes=[1]](%x)\n  return (%y)\n");
    const ox_failure *f =
        cv_fails(c, old, OX_FAILURE_REFUSED, "Squeeze with the attribute 'axes' is not that of opset 17");
    assert_non_null(strstr(f->hint, "opset 11"));
    c->opt.opset = 11;
    cv_gives(c, old, "onnx::Squeeze[axes=[1]](%x)");
}

static ox_status run_onnx(cv *c, int64_t from, const char *trace)
{
    cv_close(c);
    ox__buf_clear(&c->text);
    ox_model *dump = NULL;
    assert_ok(ox_open_memory(&dump, trace, strlen(trace), "trace", NULL, NULL, NULL, &c->err), &c->err);
    dump->kind = OX_MODEL_ONNX;
    c->src = dump;
    assert_ok(ox_model_set_opset(dump, ox_str_addz(dump, ""), from, &c->err), &c->err);
    return ox_convert(&c->out, &c->report, c->src, c->r, &c->opt, &c->err);
}

static void test_onnx_model(void **state)
{
    cv *c = *state;
    const char *model = TRACE("%x : Float(2)", "  %a : Float(2) = onnx::Sigmoid(%x)\n  %b : Float(2) = my::Thing(%a)\n "
                                               " %y : Float(2) = onnx::Softmax[axis=0](%b)\n  return (%y)\n");
    c->opt.opset = 13;
    ox_status s = run_onnx(c, 13, model);
    if (s != OX_OK) fail_msg("%s", ox_report_at(c->report, 0)->message);
    assert_ok(run_onnx(c, 15, model), &c->err); /* none of them changed */
    assert_int_equal(ox_model_opset(c->out, ""), 13);
    assert_int_equal(run_onnx(c, 11, model), OX_E_CHECK); /* Softmax did, at 13 */
    const ox_failure *f = cv_failure(c, OX_FAILURE_REFUSED, "Softmax is not the same at opset 13 as at 11");
    assert_non_null(f);
    assert_non_null(strstr(f->hint, "--opset 11"));
    assert_int_equal(ox_report_n_failures(c->report), 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, cv_setup, cv_teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        T(test_opsets),
        T(test_custom_opsets),
        T(test_scoped_names),
        T(test_interface_names),
        T(test_shared_weights),
        T(test_params),
        T(test_folded_weight_keeps_its_name),
        T(test_doc),
        T(test_dump_of_onnx_nodes),
        T(test_onnx_model),
    };
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
