/* Type and shape inference: graphs in the seed style with types left out, and what the values must become. */
#include "ox_test.h"

#include "ops/infer.h"

#include <onnxsh/io.h>
#include <onnxsh/print.h>

typedef struct fixture {
    ox_model *m;
    ox__facts *f;
    ox_error err;
} fixture;

static int setup(void **state)
{
    static fixture fx;
    memset(&fx, 0, sizeof fx);
    *state = &fx;
    return 0;
}

static void close_model(fixture *fx)
{
    ox__facts_free(fx->f);
    ox_model_free(fx->m);
    fx->f = NULL;
    fx->m = NULL;
}

static int teardown(void **state)
{
    close_model(*state);
    return 0;
}

static ox_status infer(fixture *fx, int64_t opset, const char *inputs, const char *nodes)
{
    char text[4096];
    close_model(fx);
    snprintf(text, sizeof text, "graph(%s):\n%s  return (%%y)\n", inputs, nodes);
    ox_error_clear(&fx->err);
    assert_ok(ox_open_memory(&fx->m, text, strlen(text), "case", NULL, NULL, NULL, &fx->err), &fx->err);
    assert_ok(ox__facts_create(&fx->f, fx->m, &fx->err), &fx->err);
    ox__infer_options opt = {.opset = opset, .evaluate = true, .blocks = true};
    return ox__infer_graph(fx->f, ox_model_main(fx->m), &opt, NULL, &fx->err);
}

static void check_value(fixture *fx, const char *name, const char *want)
{
    char got[256];
    ox_value v = ox_graph_find_value(fx->m, ox_model_main(fx->m), ox_str_addz(fx->m, name));
    assert_int_not_equal(v.id, 0);
    ox_type_text(fx->m, ox_value_type(fx->m, v), got, sizeof got);
    assert_string_equal(got, want);
}

typedef struct row {
    int64_t opset;
    const char *inputs, *nodes, *want; /* the type of %y */
} row;

#define NODE(x) "  %y : Tensor = " x "\n"
#define CONST(name, type, text) "  %" name " : " type "() = onnx::Constant[value=" text "]()\n"
#define FLOATS(name, n, text) \
    "  %" name " : Float(" #n ") = onnx::Constant[value= " text " [ CPUFloatType{" #n "} ]]()\n"
#define LONGS(name, n, text) "  %" name " : Long(" #n ") = onnx::Constant[value= " text " [ CPULongType{" #n "} ]]()\n"
#define LONG1(name, v) "  %" name " : Long(1) = onnx::Constant[value={" v "}]()\n"

static const row rows[] = {
    /* element by element */
    {17, "%x : Float(2, N)", NODE("onnx::Relu(%x)"), "Float(2, N)"},
    {17, "%x : Float(...)", NODE("onnx::Relu(%x)"), "Float(...)"},
    {17, "%x : Half(2)", NODE("onnx::Cast[to=1](%x)"), "Float(2)"},
    {17, "%x : Float(2), %z : Double()", NODE("onnx::CastLike(%x, %z)"), "Double(2)"},
    {17, "%x : Float(2)", NODE("onnx::IsNaN(%x)"), "Bool(2)"},
    {17, "%x : Float(N, 3), %z : Float(3)", NODE("onnx::Add(%x, %z)"), "Float(N, 3)"},
    {17, "%x : Float(N, 1), %z : Float(M)", NODE("onnx::Add(%x, %z)"), "Float(N, M)"},
    {17, "%x : Float(N), %z : Float(M)", NODE("onnx::Add(%x, %z)"), "Float(*)"},
    {17, "%x : Float(N), %z : Float(4)", NODE("onnx::Add(%x, %z)"), "Float(4)"},
    {17, "%x : Long(2), %z : Long(2)", NODE("onnx::Less(%x, %z)"), "Bool(2)"},
    {17, "%c : Bool(2, 1), %x : Float(3), %z : Float()", NODE("onnx::Where(%c, %x, %z)"), "Float(2, 3)"},
    {17, "%x : Float(3), %z : Long()", NODE("onnx::Pow(%x, %z)"), "Float(3)"},
    /* shapes */
    {17, "%x : Float(N, 3)", NODE("onnx::Shape(%x)"), "Long(2)"},
    {17, "%x : Float(N, 3, 4)", NODE("onnx::Shape[start=-2](%x)"), "Long(2)"},
    {17, "%x : Float(N, 3)", NODE("onnx::Size(%x)"), "Long()"},
    {17, "%x : Float(N, 3, 4)", LONGS("s", 2, "0 -1") NODE("onnx::Reshape(%x, %s)"), "Float(N, 12)"},
    {17, "%x : Float(N, 3, 4)", LONGS("s", 2, "-1 12") NODE("onnx::Reshape(%x, %s)"), "Float(N, 12)"},
    {17, "%x : Float(2, 12)", LONGS("s", 3, "2 3 -1") NODE("onnx::Reshape(%x, %s)"), "Float(2, 3, 4)"},
    {17, "%x : Float(N, 6)", "  %s : Long(2) = onnx::Shape(%x)\n" NODE("onnx::Reshape(%x, %s)"), "Float(N, 6)"},
    {17, "%x : Float(2, 3), %s : Long(2)", NODE("onnx::Reshape(%x, %s)"), "Float(*, *)"},
    {17, "%x : Float(N, 3, 4)", NODE("onnx::Flatten[axis=1](%x)"), "Float(N, 12)"},
    {11, "%x : Float(1, N, 1)", NODE("onnx::Squeeze[axes=[0]](%x)"), "Float(N, 1)"},
    {13, "%x : Float(1, N, 1)", LONG1("a", "-1") NODE("onnx::Squeeze(%x, %a)"), "Float(1, N)"},
    {13, "%x : Float(1, 2, 1)", NODE("onnx::Squeeze(%x)"), "Float(2)"},
    {13, "%x : Float(1, N, 1)", NODE("onnx::Squeeze(%x)"), "Float(...)"},
    {11, "%x : Float(N)", NODE("onnx::Unsqueeze[axes=[0, 2]](%x)"), "Float(1, N, 1)"},
    {13, "%x : Float(N)", LONGS("a", 2, "0 2") NODE("onnx::Unsqueeze(%x, %a)"), "Float(1, N, 1)"},
    {17, "%x : Float(1, 3)", LONGS("s", 3, "2 4 1") NODE("onnx::Expand(%x, %s)"), "Float(2, 4, 3)"},
    {17, "%x : Float(2, N)", LONGS("s", 2, "3 2") NODE("onnx::Tile(%x, %s)"), "Float(6, 2*N)"},
    {17, "%x : Float(2, N, 4)", NODE("onnx::Transpose[perm=[2, 0, 1]](%x)"), "Float(4, 2, N)"},
    {17, "%x : Float(2, N)", NODE("onnx::Transpose(%x)"), "Float(N, 2)"},
    {17, "%x : Float(2, N), %z : Float(2, M)", NODE("onnx::Concat[axis=1](%x, %z)"), "Float(2, M+N)"},
    {9, "%x : Float(N, 10)", NODE("onnx::Slice[axes=[1], ends=[-1], starts=[2]](%x)"), "Float(N, 7)"},
    {11, "%x : Float(10)",
     LONG1("b", "-1") LONG1("e", "-11") LONG1("a", "0") LONG1("s", "-3") NODE("onnx::Slice(%x, %b, %e, %a, %s)"),
     "Float(4)"},
    {17, "%x : Float(5, 4), %i : Long(2, 3)", NODE("onnx::Gather[axis=1](%x, %i)"), "Float(5, 2, 3)"},
    {17, "%x : Float(4, 5), %i : Long(3, 1)", NODE("onnx::GatherND(%x, %i)"), "Float(3, 5)"},
    {9, "%x : Float(1, 2)", NODE("onnx::Pad[pads=[0, 1, 0, 2]](%x)"), "Float(1, 5)"},
    {13, "%x : Float(1, N)", LONGS("p", 4, "0 1 0 2") NODE("onnx::Pad(%x, %p)"), "Float(1, N+3)"},
    {17, "%x : Float(2, 8, 3, 3)", NODE("onnx::DepthToSpace[blocksize=2](%x)"), "Float(2, 2, 6, 6)"},
    {17, "%x : Float(2, 3)", NODE("onnx::NonZero(%x)"), "Long(2, *)"},
    {4, "%x : Float(2, N)", NODE("onnx::Reshape[shape=[-1, 2]](%x)"), "Float(N, 2)"},
    {17, "%x : Float(7, 1, 1), %s : Long(1)", NODE("onnx::Expand(%x, %s)"), "Float(7, 1, *)"},
    {5, "%x : Float(2, N), %r : Long()",
     "  %a : Long() = onnx::Constant[value={-1}]()\n" NODE("onnx::Tile(%x, %r, %a)"), "Float(2, *)"},
    {1, "%x : Float(1, N)", NODE("onnx::Pad[paddings=[0, 1, 0, 2]](%x)"), "Float(1, N+3)"},
    {18, "%x : Float(7)", "  %y : Tensor, %z : Tensor = onnx::Split[num_outputs=3](%x)\n", "Float(3)"},
    {18, "%x : Float(N, 3)", LONG1("s", "5") NODE("onnx::CenterCropPad[axes=[-1]](%x, %s)"), "Float(N, 5)"},
    {18, "%x : Float(N, 3), %s : Long(2)", NODE("onnx::CenterCropPad(%x, %s)"), "Float(*, *)"},
    /* strings and signals */
    {20, "%x : Tensor(N), %z : Tensor(1)", NODE("onnx::StringConcat(%x, %z)"), "String(N)"},
    {20, "%x : Tensor(N)", NODE("onnx::StringSplit(%x)"), "String(N, *)"},
    {20, "%x : Tensor(1, N)", NODE("onnx::StringNormalizer(%x)"), "String(1, *)"},
    {20, "%x : Tensor(N)", NODE("onnx::RegexFullMatch[pattern=\"a\"](%x)"), "Bool(N)"},
    {20, "%x : Long(N, 4)", NODE("onnx::TfIdfVectorizer[ngram_indexes=[0, 5]](%x)"), "Float(N, 6)"},
    {20, "%x : Byte(N)", NODE("onnx::ImageDecoder[pixel_format=\"Grayscale\"](%x)"), "Byte(*, *, 1)"},
    {20, "%x : Float(B, N, 1)", NODE("onnx::DFT[onesided=1](%x)"), "Float(B, N//2+1, 2)"},
    {17, "%x : Float(B, 5, 2)", NODE("onnx::DFT[inverse=1, onesided=1](%x)"), "Float(B, 8, 1)"},
    {20, "%x : Float(B, N, 1), %n : Long(), %a : Long()", NODE("onnx::DFT(%x, %n, %a)"), "Float(*, *, 2)"},
    {17, "%x : Float(B, 10, 1), %w : Float(4)",
     "  %s : Long() = onnx::Constant[value={2}]()\n" NODE("onnx::STFT(%x, %s, %w)"), "Float(B, 4, 3, 2)"},
    /* windows */
    {17, "%x : Float(N, 3, 32, 32), %w : Float(8, 3, 3, 3)",
     NODE("onnx::Conv[dilations=[1, 1], group=1, kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2]](%x, %w)"),
     "Float(N, 8, 16, 16)"},
    {17, "%x : Float(N, 3, H, W), %w : Float(8, 3, 3, 3)", NODE("onnx::Conv[pads=[1, 1, 1, 1]](%x, %w)"),
     "Float(N, 8, H, W)"},
    {17, "%x : Float(1, 4, 5), %w : Float(4, 2, 3)", NODE("onnx::ConvTranspose[strides=[2]](%x, %w)"),
     "Float(1, 2, 11)"},
    {17, "%x : Float(1, 1, 7)", NODE("onnx::MaxPool[ceil_mode=1, kernel_shape=[2], strides=[2]](%x)"),
     "Float(1, 1, 4)"},
    {17, "%x : Float(1, 1, 7)", NODE("onnx::AveragePool[auto_pad=\"SAME_UPPER\", kernel_shape=[2], strides=[2]](%x)"),
     "Float(1, 1, 4)"},
    {17, "%x : Float(N, 16, H, W)", NODE("onnx::GlobalAveragePool(%x)"), "Float(N, 16, 1, 1)"},
    {10, "%x : Float(1, 3, 4, N)", FLOATS("s", 4, "1 1 2.5 2") NODE("onnx::Resize(%x, %s)"), "Float(1, 3, 10, 2*N)"},
    {20, "%x : Float(N, 2, 3), %s : Long(4)", NODE("onnx::AffineGrid(%x, %s)"), "Float(N, *, *, 2)"},
    {20, "%x : Float(N, 3, 4), %s : Long(...)", NODE("onnx::AffineGrid(%x, %s)"), "Float(N, *, *, *, 3)"},
    {20, "%x : Float(...), %s : Long(K)", NODE("onnx::AffineGrid(%x, %s)"), "Float(...)"},
    /* products */
    {17, "%x : Float(B, 2, 3), %z : Float(3, 4)", NODE("onnx::MatMul(%x, %z)"), "Float(B, 2, 4)"},
    {17, "%x : Float(3), %z : Float(3)", NODE("onnx::MatMul(%x, %z)"), "Float()"},
    {17, "%x : Float(N, 3), %z : Float(4, 3), %c : Float(4)", NODE("onnx::Gemm[transB=1](%x, %z, %c)"), "Float(N, 4)"},
    {17, "%x : Float(B, I, 3), %z : Float(B, 3, J)", NODE("onnx::Einsum[equation=\"bik,bkj->bij\"](%x, %z)"),
     "Float(B, I, J)"},
    {17, "%x : Float(B, I, 3)", NODE("onnx::Einsum[equation=\"...i->...\"](%x)"), "Float(B, I)"},
    /* reductions */
    {11, "%x : Float(N, 3, 4)", NODE("onnx::ReduceSum[axes=[-1], keepdims=0](%x)"), "Float(N, 3)"},
    {13, "%x : Float(N, 3, 4)", LONG1("a", "1") NODE("onnx::ReduceSum(%x, %a)"), "Float(N, 1, 4)"},
    {17, "%x : Float(N, 3, 4)", NODE("onnx::ReduceMean[keepdims=0](%x)"), "Float()"},
    {18, "%x : Float(N, 3)", NODE("onnx::ReduceMean[noop_with_empty_axes=1](%x)"), "Float(N, 3)"},
    {17, "%x : Float(N, 3)", NODE("onnx::ArgMax[axis=1, keepdims=0](%x)"), "Long(N)"},
    {17, "%x : Float(N, 3)", NODE("onnx::Softmax[axis=-1](%x)"), "Float(N, 3)"},
    {17, "%x : Float(N, 3, 4), %s : Float(4)", NODE("onnx::LayerNormalization(%x, %s)"), "Float(N, 3, 4)"},
    /* recurrent */
    {17, "%x : Float(S, B, 8), %w : Float(2, 64, 8), %r : Float(2, 64, 16)",
     NODE("onnx::LSTM[direction=\"bidirectional\", hidden_size=16](%x, %w, %r)"), "Float(S, 2, B, 16)"},
    /* makers */
    {17, "%x : Float(N, 3)", "  %s : Long(2) = onnx::Shape(%x)\n" NODE("onnx::ConstantOfShape(%s)"), "Float(N, 3)"},
    {17, "%x : Float()",
     CONST("a", "Long", "{2}") CONST("b", "Long", "{9}") CONST("d", "Long", "{3}") NODE("onnx::Range(%a, %b, %d)"),
     "Long(3)"},
    {11, "",
     CONST("a", "Float", "{1}") CONST("b", "Float", "{2}") CONST("d", "Float", "{0.3}") NODE("onnx::Range(%a, %b, %d)"),
     "Float(4)"},
    {6, "%x : Float(N, 3), %z : Float(N)", NODE("onnx::Add[axis=0, broadcast=1](%x, %z)"), "Float(N, 3)"},
    {26, "%x : Float(N)", NODE("onnx::BitCast[to=6](%x)"), "Int(N)"},
    {28, "%x : Float(N, 3), %z : Float(2, 3)", NODE("onnx::SwiGLU(%x, %z)"), "Float(2, 3)"},
    {17, "%x : Float(3)", NODE("onnx::RandomNormalLike[dtype=11](%x)"), "Double(3)"},
};

static void test_rows(void **state)
{
    fixture *fx = *state;
    for (size_t i = 0; i < OX__COUNT(rows); i++) {
        ox_status s = infer(fx, rows[i].opset, rows[i].inputs, rows[i].nodes);
        if (s != OX_OK) fail_msg("%s: %s", rows[i].nodes, fx->err.msg);
        char got[256];
        ox_value v = ox_graph_output(fx->m, ox_model_main(fx->m), 0);
        ox_type_text(fx->m, ox_value_type(fx->m, v), got, sizeof got);
        if (strcmp(got, rows[i].want) != 0) fail_msg("%s: is %s, should be %s", rows[i].nodes, got, rows[i].want);
    }
}

/* ---- shapes as values ---- */
static void test_shape_arithmetic(void **state)
{
    fixture *fx = *state;
    /* view(x, [size(x, 0), 2, -1]) and x.size(1) * 2 + 1 */
    assert_ok(
        infer(
            fx, 17, "%x : Float(N, seq, 8)",
            "  %s : Long(3) = onnx::Shape(%x)\n"
            "  %i : Long() = onnx::Constant[value={1}]()\n"
            "  %n : Long() = onnx::Gather[axis=0](%s, %i)\n"
            "  %two : Long() = onnx::Constant[value={2}]()\n"
            "  %m : Long() = onnx::Mul(%n, %two)\n"
            "  %p : Long() = onnx::Add(%m, %i)\n" LONG1("a", "0") "  %u : Long(1) = onnx::Unsqueeze(%p, %a)\n" LONG1(
                "eight", "8") "  %t : Long(2) = onnx::Concat[axis=0](%u, %eight)\n" NODE("onnx::ConstantOfShape(%t)")),
        &fx->err);
    check_value(fx, "y", "Float(2*seq+1, 8)");
    ox__vec_fact v;
    ox_value t = ox_graph_find_value(fx->m, ox_model_main(fx->m), ox_str_addz(fx->m, "t"));
    assert_true(ox__facts_vec(fx->f, t, &v));
    assert_int_equal(v.n, 2);
    char text[64];
    ox_dim_text(fx->m, v.dims[0], text, sizeof text);
    assert_string_equal(text, "2*seq+1");
    const int64_t *ints;
    size_t n;
    assert_false(ox__facts_ints(fx->f, t, &ints, &n));
}

static void test_slice_of_shape(void **state)
{
    fixture *fx = *state;
    assert_ok(infer(fx, 17, "%x : Float(N, 3, 4, 5)",
                    "  %s : Long(4) = onnx::Shape(%x)\n" LONG1("b", "1") LONG1("e", "3")
                        LONG1("a", "0") "  %t : Long(2) = onnx::Slice(%s, %b, %e, %a)\n"
                                        "  %p : Long(1) = onnx::ReduceProd[keepdims=1](%t)\n" NODE(
                                            "onnx::ConstantOfShape(%p)")),
              &fx->err);
    check_value(fx, "t", "Long(2)");
    check_value(fx, "y", "Float(12)");
}

static void test_constants_are_computed(void **state)
{
    fixture *fx = *state;
    assert_ok(infer(fx, 17, "%x : Float(1)",
                    CONST("a", "Float", "{2.5}") "  %b : Tensor = onnx::Floor(%a)\n"
                                                 "  %c : Tensor = onnx::Cast[to=7](%b)\n" NODE("onnx::Mul(%c, %c)")),
              &fx->err);
    check_value(fx, "y", "Long()");
    ox_value y = ox_graph_output(fx->m, ox_model_main(fx->m), 0);
    const int64_t *ints;
    size_t n;
    assert_true(ox__facts_ints(fx->f, y, &ints, &n));
    assert_int_equal(n, 1);
    assert_int_equal(ints[0], 4);
}

/* ---- errors ---- */
static const struct {
    int64_t opset;
    const char *inputs, *nodes, *message;
} errors[] = {
    {17, "%x : Float(2), %z : Float(3)", NODE("onnx::Add(%x, %z)"), "dims 2 and 3 cannot be broadcast"},
    {17, "%x : Float(2), %z : Long(2)", NODE("onnx::Add(%x, %z)"), "inputs of float32 and int64"},
    {17, "%x : Float(2, 3), %z : Float(4, 5)", NODE("onnx::MatMul(%x, %z)"), "3 columns by 4 rows"},
    {17, "%x : Float(2, 3, 4), %z : Float(4, 5)", NODE("onnx::Gemm(%x, %z)"), "3 dims, 2 are needed"},
    {17, "%x : Float(1, 3, 9), %w : Float(8, 4, 3)", NODE("onnx::Conv(%x, %w)"), "3 input channels"},
    {17, "%x : Float(1, 3, 2), %w : Float(8, 3, 3)", NODE("onnx::Conv(%x, %w)"), "larger than the padded input"},
    {17, "%x : Float(2, 3)", LONGS("s", 2, "4 2") NODE("onnx::Reshape(%x, %s)"),
     "6 elements cannot be reshaped into 8"},
    {17, "%x : Float(2, 3)", LONGS("s", 2, "-1 -1") NODE("onnx::Reshape(%x, %s)"), "more than one -1"},
    {17, "%x : Float(2, 3)", LONG1("s", "-2") NODE("onnx::Reshape(%x, %s)"), "-2 in the shape"},
    {17, "%x : Float(2, 3)", NODE("onnx::Transpose[perm=[0, 0]](%x)"), "no permutation"},
    {17, "%x : Float(2, 3)", NODE("onnx::Transpose[perm=[0]](%x)"), "1 entries for 2 dims"},
    {18, "%x : Float(4)", "  %y : Tensor, %z : Tensor = onnx::Split[num_outputs=1](%x)\n", "1 parts for 2 outputs"},
    {18, "%x : Float(4)", LONGS("s", 2, "1 2") NODE("onnx::CenterCropPad(%x, %s)"), "a shape of 2 dims for 1 axes"},
    {17, "%x : Float(4, 2)", NODE("onnx::DFT(%x)"), "the parts of a number"},
    {20, "%x : Float(4, 3)", NODE("onnx::DFT(%x)"), "neither 1 nor 2"},
    {17, "%x : Float(4, 1), %s : Long()", NODE("onnx::STFT(%x, %s)"), "2 dims and not 3"},
    {20, "%x : Tensor(2, 2)", NODE("onnx::StringNormalizer(%x)"), "2 and not 1"},
    {20, "%x : Long(4)", NODE("onnx::TfIdfVectorizer(%x)"), "ngram_indexes are absent"},
    {17, "%x : Float(4)", NODE("onnx::SequenceMap(%x)"), "the body is missing"},
    {17, "%x : Float(2, 3), %z : Float(2)", NODE("onnx::Concat[axis=0](%x, %z)"), "2 and 1 dims"},
    {17, "%x : Float(2, 3), %z : Float(2, 4)", NODE("onnx::Concat[axis=0](%x, %z)"), "differ in dim 1"},
    {17, "%x : Float(2, 3)", NODE("onnx::ReduceMean[axes=[2]](%x)"), "axis 2 is outside the 2 dims"},
    {13, "%x : Float(2, 3)", LONG1("a", "0") NODE("onnx::Squeeze(%x, %a)"), "dim 0 is 2 and not 1"},
    {17, "%x : Float(2)", NODE("onnx::Cast[to=99](%x)"), "no element type"},
    {17, "%x : Float(2)", NODE("onnx::Einsum[equation=\"ij->i\"](%x)"), "does not fit an input of 1 dims"},
};

static void test_errors(void **state)
{
    fixture *fx = *state;
    for (size_t i = 0; i < OX__COUNT(errors); i++) {
        ox_status s = infer(fx, errors[i].opset, errors[i].inputs, errors[i].nodes);
        if (s != OX_E_CHECK || !strstr(fx->err.msg, errors[i].message))
            fail_msg("%s: got %s '%s', expected '%s'", errors[i].nodes, ox_status_text(s), fx->err.msg,
                     errors[i].message);
    }
}

/* An unknown dim says why. */
static void test_reasons(void **state)
{
    fixture *fx = *state;
    assert_ok(infer(fx, 17, "%x : Float(2, 3)", NODE("onnx::NonZero(%x)")), &fx->err);
    ox_type_info t = ox_type_get(fx->m, ox_value_type(fx->m, ox_graph_output(fx->m, ox_model_main(fx->m), 0)));
    assert_int_equal(ox_dim_get_kind(fx->m, t.dims[1]), OX_DIM_UNKNOWN);
    assert_string_equal(ox_str_text(fx->m, ox_dim_name(fx->m, t.dims[1]), NULL),
                        "how many elements are not zero depends on data");
}

/* ---- merging ---- */
static void test_merge_and_promote(void **state)
{
    fixture *fx = *state;
    assert_ok(infer(fx, 17, "%x : Float(2, 3)", NODE("onnx::Relu(%x)")), &fx->err);
    ox_model *m = fx->m;
    ox_dim two = ox_dim_const(m, 2), three = ox_dim_const(m, 3), unknown = ox_dim_unknown(m, NULL);
    ox_dim a[2] = {two, unknown}, b[2] = {unknown, three}, c[2] = {three, three};
    bool clash = false;
    ox_type merged =
        ox__type_merge(m, ox_type_tensor(m, OX_FLOAT, 2, a), ox_type_tensor(m, OX_UNDEFINED, 2, b), &clash);
    assert_false(clash);
    ox_dim both[2] = {two, three};
    assert_int_equal(merged.id, ox_type_tensor(m, OX_FLOAT, 2, both).id);
    merged = ox__type_merge(m, ox_type_tensor(m, OX_FLOAT, 2, a), ox_type_tensor(m, OX_FLOAT, 2, c), &clash);
    assert_true(clash);
    ox_type_info t = ox_type_get(m, ox__type_join(m, ox_type_tensor(m, OX_FLOAT, 2, both),
                                                  ox_type_tensor(m, OX_FLOAT, 2, c), "why", (ox_node){0}));
    assert_int_equal(ox_dim_get_kind(m, t.dims[0]), OX_DIM_UNKNOWN);
    assert_true(ox_dim_equal(m, t.dims[1], three));
    assert_int_equal(ox__dtype_promote(OX_INT64, OX_FLOAT16), OX_FLOAT16);
    assert_int_equal(ox__dtype_promote(OX_UINT8, OX_INT8), OX_INT16);
    assert_int_equal(ox__dtype_promote(OX_FLOAT16, OX_BFLOAT16), OX_FLOAT);
    assert_int_equal(ox__dtype_promote(OX_BOOL, OX_INT32), OX_INT32);
    assert_int_equal(ox__dtype_promote(OX_FLOAT, OX_DOUBLE), OX_DOUBLE);
}

/* ---- blocks ---- */
static void test_if_and_loop(void **state)
{
    fixture *fx = *state;
    assert_ok(
        infer(fx, 17, "%c : Bool(), %x : Float(2, 3)",
              "  %y : Tensor = onnx::If(%c)\n"
              "    block0():\n      %a : Tensor = onnx::Relu(%x)\n      -> (%a)\n"
              "    block1():\n" LONGS("s", 2, "2 -1") "      %b : Tensor = onnx::Reshape(%x, %s)\n      -> (%b)\n"),
        &fx->err);
    check_value(fx, "y", "Float(2, 3)");
    assert_ok(infer(fx, 17, "%n : Long(), %c : Bool(), %x : Float(2, 3)",
                    "  %y : Tensor, %z : Tensor = onnx::Loop(%n, %c, %x)\n"
                    "    block0(%i : Long(), %k : Bool(), %u : Float(2, 3)):\n"
                    "      %v : Tensor = onnx::Relu(%u)\n      -> (%k, %v, %v)\n"),
              &fx->err);
    check_value(fx, "y", "Float(2, 3)");
    check_value(fx, "z", "Float(*, 2, 3)");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_shape_arithmetic, setup, teardown),
        cmocka_unit_test_setup_teardown(test_slice_of_shape, setup, teardown),
        cmocka_unit_test_setup_teardown(test_constants_are_computed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reasons, setup, teardown),
        cmocka_unit_test_setup_teardown(test_merge_and_promote, setup, teardown),
        cmocka_unit_test_setup_teardown(test_if_and_loop, setup, teardown),
    };
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
