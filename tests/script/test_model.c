/* Models from Lua: reading, editing through the journal, handles that are dead, foreign or of a closed model; tensors.
 */
#include "fixture.h"

#include <onnxsh/graph.h>

static const char net[] = "graph(%x : Float(2, 3, 8, 8, strides=[192, 64, 8, 1], requires_grad=0, device=cpu),\n"
                          "      %w : Float(4, 3, 3, 3, strides=[27, 9, 3, 1], requires_grad=0, device=cpu)):\n"
                          "  %c : Float(2, 4, 6, 6) = onnx::Conv[dilations=[1, 1], group=1, kernel_shape=[3, 3], "
                          "pads=[0, 0, 0, 0], strides=[1, 1]]"
                          "(%x, %w), scope: __main__.Net::/torch.nn.modules.conv.Conv2d::conv # net.py:12:4\n"
                          "  %r : Float(2, 4, 6, 6) = onnx::Relu(%c), scope: "
                          "__main__.Net::/torch.nn.modules.activation.ReLU::act # net.py:13:0\n"
                          "  %s : Float(2, 4, 6, 6) = onnx::Sigmoid(%r), scope: __main__.Net:: # net.py:14:0\n"
                          "  return (%s)\n";

static int setup_net(void **state)
{
    ox_error err;
    if (setup(state) != 0) return -1;
    ox_error_clear(&err);
    if (open_trace(*state, net, &err) == OX_OK) return 0;
    print_error("%s\n", err.msg);
    return -1;
}

static void test_reading(void **state)
{
    fixture *f = *state;
    assert_prints(f, "model:kind()", "trace");
    assert_prints(f, "#graph:nodes(), graph:nodes().n", "3\t3");
    assert_prints(f, "conv = graph:nodes()[1] return conv:op(), conv:domain()", "onnx::Conv\t");
    assert_prints(f, "conv:attrs().strides", "{1, 1, n = 2}");
    assert_prints(f, "conv:attr('group'), conv:attr('no')", "1\tnil");
    assert_prints(f, "conv:scope():path(), conv:scope():class()", "conv\ttorch.nn.modules.conv.Conv2d");
    assert_prints(f, "tostring(conv:scope())", "Net/Conv2d[conv]");
    assert_prints(f, "conv:scope():matches('conv'), conv:scope():matches('act')", "true\tfalse");
    assert_prints(f, "conv:scope():parent():path()", "");
    assert_prints(f, "conv:loc()", "net.py\t12");
    assert_prints(f, "x = conv:input(1) return x:name(), x:is_input(), x:is_output(), x:node()", "x\ttrue\tfalse\tnil");
    assert_prints(f, "x:type():sizes()", "{2, 3, 8, 8, n = 4}");
    assert_prints(f, "x:type():rank(), x:type():dim(1), x:type():dim(-1), x:type():dtype(), x:type():kind()",
                  "4\t2\t8\tfloat32\ttensor");
    assert_raises(f, "x:type():dim(5)", "dim 5 of rank 4", 1);
    assert_prints(f, "conv:output():uses()[1].node:op(), conv:output():uses()[1].index", "onnx::Relu\t1");
    assert_prints(f, "conv:output():node() == conv, conv:next():prev() == conv, conv:prev()", "true\ttrue\tnil");
    assert_prints(f, "conv == conv:next(), conv == 3, conv ~= x", "false\tfalse\ttrue");
    assert_prints(f, "t = {} t[conv] = 1 return t[graph:nodes()[1]]", "1"); /* one thing is one key */
    assert_prints(f, "graph:value('%r'):name(), graph:value('r') == graph:value('%r'), graph:value('zz')",
                  "r\ttrue\tnil");
    assert_prints(f, "#graph:inputs(), #graph:outputs(), #graph:initializers()", "2\t1\t0");
    assert_prints(f, "conv:graph() == graph, #conv:blocks(), conv:input(9), conv:output(2)", "true\t0\tnil\tnil");
}

static void test_inference(void **state)
{
    fixture *f = *state;
    assert_prints(f, "#model:infer()", "0");
    assert_prints(f, "x = graph:value('x') return graph:add('NonZero', x)", "%6 : Tensor");
    assert_prints(f, "nz = graph:nodes()[4]:output() return #model:infer(), nz:type():dim(1), nz:type():dim(2)",
                  "0\t4\tfalse");
    assert_prints(f,
                  "nz:type():reason(2):match('onnx::NonZero #%d+'), nz:type():reason(1), nz:type():reason(-1) ~= nil",
                  "onnx::NonZero #5\tnil\ttrue");
    assert_raises(f, "nz:type():reason(3)", "dim 3 of rank 2", 1);
    assert_prints(f, "graph:nodes()[1]:set_input(2, x) return model:infer()[1].node:op()", "onnx::Conv");
    assert_prints(f, "model:infer().n", "0"); /* nothing has changed since */
    assert_raises(f, "model:infer{strict = true}", "Conv", 1);
    assert_raises(f, "model:infer{loud = true}", "no option 'loud'", 1);
    assert_raises(f, "model:infer(3)", "table expected", 1);
}

static void test_find(void **state)
{
    fixture *f = *state;
    assert_prints(f, "#graph:find('op:Conv'), graph:find('op:Conv')[1]:op()", "1\tonnx::Conv");
    assert_prints(f, "#model:find('scope:act'), #graph:find('op:Nothing')", "1\t0");
    assert_raises(f, "\ngraph:find('(op:Conv')", "", 2);
    assert_raises(f, "graph:find()", "string expected", 1);
}

static void test_editing(void **state)
{
    fixture *f = *state;
    ox_error err;
    assert_prints(f, "r = graph:nodes()[2] r:set_name('renamed') return r:name()", "renamed");
    assert_prints(f, "r:set_attr('alpha_f', 0.5) r:set_attr('axes_i', {1, 2}) return r:attr('alpha'), r:attr('axes')",
                  "0.5\t{1, 2, n = 2}");
    assert_prints(f, "r:remove_attr('axes') return r:attr('axes')", "nil");
    assert_raises(f, "r:set_attr('alpha', 1)", "no type suffix", 1);
    assert_prints(f, "r:set_op('Elu') return r:op()", "onnx::Elu");
    assert_prints(f, "r:set_op('com.microsoft::Gelu') return r:op(), r:domain()", "com.microsoft::Gelu\tcom.microsoft");
    assert_prints(f, "r:output():rename('%hidden') return graph:value('hidden') == r:output()", "true");
    assert_prints(
        f,
        "s = graph:nodes()[3] n = s:insert('Neg', s:input(1)) s:set_input(1, n) return #graph:nodes(), s:prev():op()",
        "4\tonnx::Neg");
    assert_prints(
        f,
        "a, b = graph:add('Split', s:output(), {axis_i = 0, outputs = 2}) return b:node() == a:node(), #graph:nodes()",
        "true\t5");
    assert_prints(f, "graph:add_output(a) return #graph:outputs()", "2");
    assert_raises(f, "a:node():delete()", "", 1);
    assert_prints(f, "graph:remove_output(2) a:node():delete() return #graph:nodes()", "4");
    assert_raises(f, "graph:remove_output(2)", "no such output", 1);
    assert_raises(f, "r:delete()", "", 1);
    assert_prints(f, "n:node():replace_with(r:output()) return s:input(1) == r:output(), #graph:nodes()", "true\t3");
    assert_raises(f, "r:replace_with()", "1 outputs, got 0", 1);
    assert_prints(f,
                  "w = graph:add_initializer('scale', sym.tensor{1.5, 2}) return w:tensor():totable(), w:is_constant()",
                  "{1.5, 2.0, n = 2}\ttrue");
    assert_prints(f, "w:set_tensor(sym.tensor({3, 4}, 'float32')) return w:tensor()[2]", "4.0");
    assert_prints(f, "s:output():set_type('float16', {'N', 4, false, '2*N+1'}) return s:output():type():sizes()",
                  "{\"N\", 4, false, \"2*N+1\", n = 4}");
    assert_raises(f, "s:output():set_type('float99')", "no dtype", 1);
    assert_prints(f, "r:output():replace_with(graph:value('c')) return s:input(1):name()", "c");
    assert_prints(f, "s:set_input(2, s:input(1)) s:set_input(1, nil) return s:inputs()[1], s:inputs().n", "false\t2");
    assert_raises(f, "s:set_input(9, nil)", "input 9 of 2", 1);
    assert_prints(f, "model:set_metadata('k', 'v') return model:metadata().k", "v");
    assert_prints(f, "model:set_metadata('k') return model:metadata().k", "nil");
    /* all of it is one step of the journal, which takes it back */
    assert_ok(ox_journal_commit(f->model, "lua", &err), &err);
    assert_ok(ox_journal_undo(f->model, NULL, &err), &err);
    assert_prints(f, "r:op(), r:name(), s:inputs().n, #graph:nodes()", "onnx::Relu\t\t1\t3");
    assert_ok(ox_journal_redo(f->model, NULL, &err), &err);
    assert_prints(f, "r:op()", "com.microsoft::Gelu");
}

static void test_a_failing_chunk_leaves_nothing(void **state)
{
    fixture *f = *state;
    assert_raises(f, "graph:nodes()[1]:set_name('half')\nkept = graph:add('Relu', graph:value('s'))\nerror('no')", "no",
                  3);
    assert_prints(f, "graph:nodes()[1]:name(), #graph:nodes()", "\t3");
    assert_raises(f, "kept:name()", "no longer there", 1);
    assert_prints(f, "tostring(kept)", "(deleted value)");
    /* the slot is used again, the old handle is not taken for the new thing */
    assert_prints(f, "new = graph:add('Relu', graph:value('s')) return new == kept, new:node():op()",
                  "false\tonnx::Relu");
    assert_raises(f, "kept:name()", "no longer there", 1);
}

static void test_deleted_things(void **state)
{
    fixture *f = *state;
    ox_error err;
    assert_prints(f, "v = graph:add('Neg', graph:value('s')) n = v:node()", "");
    assert_ok(ox_journal_commit(f->model, "add", &err), &err);
    assert_prints(f, "n:delete()", "");
    assert_ok(ox_journal_commit(f->model, "delete", &err), &err);
    assert_raises(f, "\nn:op()", "no longer there", 2);
    assert_raises(f, "graph:add('Relu', v)", "no longer there", 1);
    assert_ok(ox_journal_undo(f->model, NULL, &err), &err);
    assert_prints(f, "n:op(), v:node() == n", "onnx::Neg\ttrue"); /* alive again under its old handle */
}

static void test_handles_of_other_models(void **state)
{
    fixture *f = *state;
    ox_model *first = f->model;
    ox_error err;
    assert_prints(f, "old, oldv, oldt, oldm = graph:nodes()[1], graph:value('x'), graph:value('x'):type(), model", "");
    f->model = NULL;
    assert_ok(open_trace(f, net, &err), &err);
    ox_model *second = f->model;
    assert_raises(f, "old:op()", "a model that is closed", 1);
    assert_raises(f, "oldm:kind()", "a model that is closed", 1);
    assert_raises(f, "oldt:rank()", "a model that is closed", 1);
    assert_raises(f, "graph:add('Relu', oldv)", "closed", 1);
    assert_prints(f, "old == graph:nodes()[1], tostring(oldv)", "false\t(closed model's value)");
    f->model = first;
    assert_prints(f, "old:op()", "onnx::Conv");
    f->model = second;
    ox_model_free(first);
    assert_raises(f, "old:op()", "a model that is closed", 1);
    ox_model_free(f->model);
    f->model = NULL;
    assert_prints(f, "model, graph", "nil\tnil");
    /* a new model at the same address is another model */
    for (int i = 0; i < 20; i++) {
        assert_ok(open_trace(f, net, &err), &err);
        if (i == 0) assert_prints(f, "kept = graph:nodes()[1]", "");
    }
    assert_raises(f, "kept:op()", "a model that is closed", 1);
}

static void test_wrong_arguments(void **state)
{
    fixture *f = *state;
    assert_raises(f, "\ngraph:add_output(3)", "a value expected, got a number", 2);
    assert_raises(f, "graph.nodes(4)", "a graph expected", 1);
    assert_raises(f, "graph:value('x').type(graph)", "a value expected, got a graph", 1);
    assert_raises(f, "graph:nodes()[1]:nothing()", "nothing", 1);
    assert_raises(f, "graph:add('Relu', 3)", "sym.tensor", 1);
    assert_raises(f, "graph:add('Relu', 'x')", "input 1: a value, a number, a tensor or nil expected, got a string", 1);
}

/* ---- tensors ---- */

static void test_tensors(void **state)
{
    fixture *f = *state;
    assert_prints(f, "t = sym.tensor({{1, 2, 3}, {4, 5, 6}}) return tostring(t), t:dtype(), t:rank(), #t",
                  "int64[2, 3]\tint64\t2\t6");
    assert_prints(f, "t[1], t[6], t[7], t[0]", "1\t6\tnil\tnil");
    assert_prints(f, "t:totable(), t:sizes()", "{1, 2, 3, 4, 5, 6, n = 6}\t{2, 3, n = 2}");
    assert_prints(f, "tostring(sym.tensor(2.5)), tostring(sym.tensor(true)), tostring(sym.tensor{'a', 'b'})",
                  "float32[]\tbool[]\tstring[2]");
    assert_prints(f, "sym.tensor({1, 2.5}):totable()", "{1.0, 2.5, n = 2}");
    assert_prints(f, "sym.tensor({1, 0, 1, 0}, 'bool', {2, 2}):totable()", "{true, false, true, false, n = 4}");
    assert_prints(f, "sym.tensor(7, 'int8', {2, 2}):totable()", "{7, 7, 7, 7, n = 4}");
    assert_prints(f, "#sym.tensor({}, 'int64'), #sym.tensor(1, 'int64', {0})", "0\t0");
    assert_prints(f, "sym.tensor({1, 2, 3, 4}, 'float16')[3], sym.tensor({0.1}, 'float64')[1]", "3.0\t0.1");
    assert_prints(f, "sym.tensor(t, 'float32'):totable(), sym.tensor(t):sizes()",
                  "{1.0, 2.0, 3.0, 4.0, 5.0, 6.0, n = 6}\t{2, 3, n = 2}");
    assert_raises(f, "sym.tensor{{1, 2}, {3}}", "rows of different length", 1);
    assert_raises(f, "sym.tensor{1, {2}}", "cannot be in a tensor", 1);
    assert_raises(f, "sym.tensor({1, 2, 3}, 'int64', {2, 2})", "3 elements for dims that hold 4", 1);
    assert_raises(f, "sym.tensor({300}, 'uint8')", "does not fit uint8", 1);
    assert_raises(f, "sym.tensor({1.5}, 'int32')", "does not fit int32", 1);
    assert_raises(f, "sym.tensor({print})", "cannot be in a tensor", 1);
    assert_raises(f, "sym.tensor({1}, 'float99')", "no dtype", 1);
    assert_raises(f, "sym.tensor({'a'}, 'int64')", "does not fit", 1);
    assert_raises(f, "sym.tensor({1}, 'string')", "no string", 1);
    assert_raises(f, "sym.tensor(1, 'int64', {-1})", "no size", 1);
    assert_raises(f, "sym.tensor(1, 'int64', {1 << 62, 1 << 62})", "too large", 1);
    assert_raises(f, "sym.tensor(1, 'int64', {1 << 40, 1 << 20})", "", 1);
    assert_raises(f, "sym.tensor()", "value expected", 1);
    assert_raises(f, "t = {} t[1] = t sym.tensor(t)", "nested", 1);
}

static void test_tensors_in_models(void **state)
{
    fixture *f = *state;
    assert_prints(f, "b = graph:add_initializer('b', sym.tensor({true, false, true}))", "");
    assert_prints(f, "b:tensor():totable()", "{true, false, true, n = 3}");
    assert_prints(f, "graph:add_initializer('u', sym.tensor({1, 2, 3, 15}, 'uint4')):tensor():totable()",
                  "{1, 2, 3, 15, n = 4}");
    assert_prints(f, "t = graph:value('u'):tensor() return t[1], t[4], t[2]", "1\t15\t2");
    assert_prints(
        f,
        "six = {} for i = 1, 6001 do six[i] = i % 8 end "
        "t = graph:add_initializer('f', sym.tensor(six, 'float6_e3m2')):tensor() "
        "local all = t:totable() for i = 1, 6001 do assert(all[i] == i % 8 and t[i] == i % 8, i) end return #t",
        "6001");
    assert_prints(f, "graph:add_initializer('s', sym.tensor({{'a', 'bc'}})):tensor():totable()",
                  "{\"a\", \"bc\", n = 2}");
    assert_prints(f,
                  "big = {} for i = 1, 5000 do big[i] = i end "
                  "l = graph:add_initializer('l', sym.tensor(big, 'int32')):tensor() "
                  "local sum = 0 for _, x in ipairs(l:totable()) do sum = sum + x end return sum, l[5000], #l",
                  "12502500\t5000\t5000");
    assert_prints(f,
                  "c = graph:add('Add', graph:value('s'), sym.tensor({1.0})) "
                  "return c:node():input(2):node():op(), c:node():input(2):tensor()[1]",
                  "onnx::Constant\t1.0");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reading, setup_net, teardown),
        cmocka_unit_test_setup_teardown(test_inference, setup_net, teardown),
        cmocka_unit_test_setup_teardown(test_find, setup_net, teardown),
        cmocka_unit_test_setup_teardown(test_editing, setup_net, teardown),
        cmocka_unit_test_setup_teardown(test_a_failing_chunk_leaves_nothing, setup_net, teardown),
        cmocka_unit_test_setup_teardown(test_deleted_things, setup_net, teardown),
        cmocka_unit_test_setup_teardown(test_handles_of_other_models, setup_net, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_arguments, setup_net, teardown),
        cmocka_unit_test_setup_teardown(test_tensors, setup_net, teardown),
        cmocka_unit_test_setup_teardown(test_tensors_in_models, setup_net, teardown),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
