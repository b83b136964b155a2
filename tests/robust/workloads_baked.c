/* Pieces of work of test_alloc.c: a model held against another of other sizes, and a dim that becomes dynamic. */
#include "workloads.h"

#include "files.h"

#include <onnxsh/baked.h>
#include <onnxsh/journal.h>

#include <string.h>

static const char *const texts[2][2] = {
    {"graph(%x : Float(2, 3, 5)):\n"
     "  %1 : int = prim::Constant[value=10]()\n"
     "  %2 : int = prim::Constant[value=3]()\n"
     "  %n : NoneType = prim::Constant()\n"
     "  %l : int[] = prim::ListConstruct(%1, %2)\n"
     "  %y : Float(10, 3) = aten::view(%x, %l)\n"
     "  %k : int[] = prim::Constant[value=[2, 9]]()\n"
     "  %z : Float(2, 9) = aten::zeros(%k, %n, %n, %n, %n)\n"
     "  %t : Long() = prim::Constant[value={5}]()\n"
     "  %d : Float(2, 9) = aten::div(%z, %t)\n"
     "  %v : Long(2) = prim::Constant[value= 2  5 [ CPULongType{2} ]]()\n"
     "  %e : Float(10, 2) = aten::mul(%y, %v)\n"
     "  return (%e, %d)\n",
     "graph(%x : Float(4, 3, 7)):\n"
     "  %1 : int = prim::Constant[value=28]()\n"
     "  %2 : int = prim::Constant[value=3]()\n"
     "  %n : NoneType = prim::Constant()\n"
     "  %l : int[] = prim::ListConstruct(%1, %2)\n"
     "  %y : Float(28, 3) = aten::view(%x, %l)\n"
     "  %k : int[] = prim::Constant[value=[4, 100]]()\n"
     "  %z : Float(4, 100) = aten::zeros(%k, %n, %n, %n, %n)\n"
     "  %t : Long() = prim::Constant[value={7}]()\n"
     "  %d : Float(4, 100) = aten::div(%z, %t)\n"
     "  %v : Long(2) = prim::Constant[value= 4  7 [ CPULongType{2} ]]()\n"
     "  %e : Float(28, 2) = aten::mul(%y, %v)\n"
     "  return (%e, %d)\n"},
    {"graph(%x : Float(2, 2, 5)) {\n"
     "  %k : Float(2, 1, 5) = onnx::Constant[value=<Tensor>]()\n"
     "  %r : Float(2, 1) = onnx::Constant[value= 1  1 [ CPUFloatType{2,1} ]]()\n"
     "  %s : Long(2) = onnx::Constant[value= 4  5 [ CPULongType{2} ]]()\n"
     "  %y : Float(4, 5) = onnx::Reshape(%x, %s)\n"
     "  %z : Float(2, 2, 5) = onnx::Add(%x, %k)\n"
     "  %a : Float(2, 2, 5) = onnx::Add(%z, %r)\n"
     "  %f : Float(2) = onnx::Constant[value= 0.5  1 [ CPUFloatType{2} ]]()\n"
     "  %e : Float(2, 2, 1) = onnx::LpPool[kernel_shape=[5], p=1](%a)\n"
     "  return (%y, %e, %f);\n}\n",
     "graph(%x : Float(3, 2, 7)) {\n"
     "  %k : Float(3, 1, 7) = onnx::Constant[value=<Tensor>]()\n"
     "  %r : Float(3, 1) = onnx::Constant[value= 1  1  1 [ CPUFloatType{3,1} ]]()\n"
     "  %s : Long(2) = onnx::Constant[value= 6  7 [ CPULongType{2} ]]()\n"
     "  %y : Float(6, 7) = onnx::Reshape(%x, %s)\n"
     "  %z : Float(3, 2, 7) = onnx::Add(%x, %k)\n"
     "  %a : Float(3, 2, 7) = onnx::Add(%z, %r)\n"
     "  %f : Float(2) = onnx::Constant[value= 0.5  2 [ CPUFloatType{2} ]]()\n"
     "  %e : Float(3, 2, 1) = onnx::LpPool[kernel_shape=[7], p=2](%a)\n"
     "  return (%y, %e, %f);\n}\n"},
};

static ox_model *other;

static ox_model *open_text(const char *text)
{
    ox_model *m = NULL;
    ox_error err;
    if (ox_open_memory(&m, text, strlen(text), "text", NULL, NULL, NULL, &err) != OX_OK ||
        ox_journal_commit(m, "open", &err) != OX_OK)
        files_stop("text", &err);
    ox_model_set_saved(m);
    return m;
}

void before_baked(const workload *w)
{
    hand.m = open_text(texts[w->mode][0]);
    other = open_text(texts[w->mode][1]);
}

ox_status run_baked(const workload *w, ox_error *err)
{
    const ox_model *others[] = {other};
    static const ox_dynamic_axis axes[] = {{"x", 0, "batch"}, {"x", 2, "n"}};
    ox_dynamic_options opt = {.n_axes = 2, .axes = axes, .baked = {1, others, NULL}};
    ox_baked *b = NULL;
    (void)w;
    ox_mark mark = ox_journal_mark(hand.m);
    ox_status s = ox_baked_find(&b, hand.m, &opt.baked, err);
    ox_baked_free(b);
    b = NULL;
    if (s == OX_OK) s = ox_dynamic_make(&b, hand.m, &opt, err);
    if (s == OX_OK) s = ox_journal_commit(hand.m, "dynamic", err);
    if (s != OX_OK) ox_journal_rollback(hand.m, mark);
    ox_baked_free(b);
    return s;
}

bool after_baked(const workload *w, ox_status s)
{
    ox_model_free(other);
    other = NULL;
    return after_edit(w, s);
}
