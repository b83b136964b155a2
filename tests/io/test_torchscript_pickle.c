/* Pickles by hand: what PyTorch writes becomes data, all else is refused with its place, and nothing is ever called. */
#include "ox_test.h"

#include "io/torchscript/pickle.h"

#include <math.h>

static ox__obj_tree tree;
static ox_error err;
static ox__buf out;

static int setup(void **state)
{
    (void)state;
    memset(&tree, 0, sizeof tree);
    memset(&out, 0, sizeof out);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ox__alloc_fail_at(0, false);
    ox__obj_tree_free(&tree);
    ox__buf_free(&out);
    return 0;
}

static ox_status read_bytes(const void *p, size_t n)
{
    ox__obj_tree_free(&tree);
    ox__reader r = ox__reader_make(p, p, n);
    return ox__pickle_read(&tree, &r, 32 << 20, 12, "f.pkl", 1000, NULL, &err);
}

#define READ(text) read_bytes("" text, sizeof(text) - 1)
#define GOOD(text) assert_ok(READ("\x80\x02" text "."), &err)
#define BAD(text, code, part) assert_fails(READ("\x80\x02" text), code, part, &err)

static const ox__obj *item(const ox__obj *o, uint32_t i)
{
    assert_true(i < o->n);
    return o->items[i];
}

static void is_int(const ox__obj *o, int64_t v)
{
    assert_int_equal(o->kind, OX__OBJ_INT);
    assert_true(o->i == v);
}

static void is_text(const ox__obj *o, int kind, const char *text)
{
    assert_int_equal(o->kind, kind);
    assert_int_equal(o->n, strlen(text));
    assert_string_equal(o->s, text);
}

static void test_numbers(void **state)
{
    (void)state;
    GOOD("(N\x88\x89K\xffM\xfe\xffJ\xff\xff\xff\xff"
         "\x8a\x00\x8a\x01\x80\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80\x8a\x0a\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00"
         "\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\x00G\x3f\xf8\x00\x00\x00\x00\x00\x00t");
    const ox__obj *t = tree.root;
    assert_int_equal(t->kind, OX__OBJ_TUPLE);
    assert_int_equal(t->n, 12);
    assert_int_equal(item(t, 0)->kind, OX__OBJ_NONE);
    assert_true(item(t, 1)->kind == OX__OBJ_BOOL && item(t, 1)->i == 1);
    assert_true(item(t, 2)->kind == OX__OBJ_BOOL && item(t, 2)->i == 0);
    is_int(item(t, 3), 255);
    is_int(item(t, 4), 65534);
    is_int(item(t, 5), -1);
    is_int(item(t, 6), 0);
    is_int(item(t, 7), -128);
    is_int(item(t, 8), INT64_MIN);
    is_int(item(t, 9), 255);
    assert_int_equal(item(t, 10)->kind, OX__OBJ_BIGINT);
    assert_int_equal(item(t, 10)->n, 9);
    assert_true(item(t, 11)->kind == OX__OBJ_FLOAT && item(t, 11)->f == 1.5);
}

static void test_texts(void **state)
{
    (void)state;
    GOOD("(X\x02\x00\x00\x00\xc3\xa9U\x01"
         "aT\x01\x00\x00\x00"
         "b\x8c\x01"
         "cC\x02\x00\xff"
         "B\x00\x00\x00\x00t");
    is_text(item(tree.root, 0), OX__OBJ_STR, "\xc3\xa9");
    is_text(item(tree.root, 1), OX__OBJ_STR, "a");
    is_text(item(tree.root, 2), OX__OBJ_STR, "b");
    is_text(item(tree.root, 3), OX__OBJ_STR, "c");
    assert_int_equal(item(tree.root, 4)->kind, OX__OBJ_BYTES);
    assert_memory_equal(item(tree.root, 4)->s, "\x00\xff", 3); /* terminated */
    is_text(item(tree.root, 5), OX__OBJ_BYTES, "");
    /* protocol 2 has no bytes of its own */
    GOOD("c_codecs\nencode\nX\x03\x00\x00\x00\xc3\xbf"
         "aX\x06\x00\x00\x00latin1\x86R");
    assert_int_equal(tree.root->kind, OX__OBJ_BYTES);
    assert_int_equal(tree.root->n, 2);
    assert_memory_equal(tree.root->s,
                        "\xff"
                        "a",
                        3);
    BAD("c_codecs\nencode\nX\x03\x00\x00\x00\xe2\x82\xacX\x06\x00\x00\x00latin1\x86R.", OX_E_FORMAT, "bytes");
    BAD("c_codecs\nencode\nX\x01\x00\x00\x00\xc3X\x06\x00\x00\x00latin1\x86R.", OX_E_FORMAT, "bytes");
    BAD("c_codecs\nencode\nX\x01\x00\x00\x00"
        "aX\x06\x00\x00\x00rot_13\x86R.",
        OX_E_FORMAT, "bytes");
}

static void test_containers(void **state)
{
    (void)state;
    GOOD("](K\x01K\x02"
         "eK\x03"
         "aK\x04"
         "a");
    assert_int_equal(tree.root->kind, OX__OBJ_LIST);
    assert_int_equal(tree.root->n, 4);
    for (uint32_t i = 0; i < 4; i++) is_int(item(tree.root, i), i + 1);
    GOOD("(t");
    assert_true(tree.root->kind == OX__OBJ_TUPLE && tree.root->n == 0);
}

static void test_dicts(void **state)
{
    (void)state;
    GOOD("}q\x00(K\x01NX\x01\x00\x00\x00k\x88uX\x01\x00\x00\x00mK\x07s");
    assert_int_equal(tree.root->kind, OX__OBJ_DICT);
    assert_int_equal(tree.root->n, 3);
    assert_int_equal(ox__obj_get(tree.root, "k")->kind, OX__OBJ_BOOL);
    is_int(ox__obj_get(tree.root, "m"), 7);
    assert_null(ox__obj_get(tree.root, "none"));
    GOOD("ccollections\nOrderedDict\nq\x00)Rq\x01(X\x01\x00\x00\x00"
         "aK\x01u}X\x09\x00\x00\x00_metadataNsb");
    is_int(ox__obj_get(tree.root, "a"), 1);
    assert_int_equal(tree.root->n, 1);
    GOOD("ccollections\nOrderedDict\n](](K\x01K\x02"
         "ee\x85R");
    is_int(tree.root->items[1], 2);
    BAD("ccollections\nOrderedDict\n]K\x01"
        "a\x85R.",
        OX_E_FORMAT, "a dict");
}

static void test_sets_and_constants(void **state)
{
    (void)state;
    GOOD("(cbuiltins\nset\n](K\x01K\x02"
         "e\x85R"
         "cbuiltins\ncomplex\nG\x3f\xf0\x00\x00\x00\x00\x00\x00K\x02\x86R"
         "ctorch\nSize\nK\x02K\x03\x86\x85R"
         "ctorch\ndevice\nX\x04\x00\x00\x00"
         "cudaK\x01\x86R"
         "ctorch\nfloat16\nctorch\nquint8\nctorch\nchannels_last\n"
         "ctorch.serialization\n_get_layout\nX\x0d\x00\x00\x00torch.strided\x85R"
         "cargparse\nNamespace\n)\x81}X\x02\x00\x00\x00lrK\x01sbt");
    const ox__obj *t = tree.root;
    assert_int_equal(item(t, 0)->kind, OX__OBJ_SET);
    assert_int_equal(item(t, 0)->n, 2);
    assert_int_equal(item(t, 1)->kind, OX__OBJ_COMPLEX);
    assert_true(item(t, 1)->c[0] == 1 && item(t, 1)->c[1] == 2);
    assert_int_equal(item(t, 2)->kind, OX__OBJ_TUPLE);
    is_int(item(item(t, 2), 1), 3);
    is_text(item(t, 3), OX__OBJ_DEVICE, "cuda:1");
    is_text(item(t, 4), OX__OBJ_DTYPE, "float16");
    is_text(item(t, 5), OX__OBJ_DTYPE, "quint8");
    is_text(item(t, 6), OX__OBJ_GLOBAL, "channels_last");
    is_text(item(t, 7), OX__OBJ_GLOBAL, "strided");
    assert_int_equal(item(t, 8)->kind, OX__OBJ_OBJECT);
    assert_string_equal(item(t, 8)->object->class_name, "argparse.Namespace");
    is_int(ox__obj_get(item(t, 8), "lr"), 1);
}

#define DTYPE(name, order) \
    "cnumpy\ndtype\nX\x02\x00\x00\x00" name "\x89\x88\x87R(K\x03X\x01\x00\x00\x00" order \
    "NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
#define SCALAR(dtype, bytes) "cnumpy.core.multiarray\nscalar\n" dtype "C" bytes "\x86R"

static void test_numpy(void **state)
{
    (void)state;
    GOOD("(" SCALAR(DTYPE("f8", "<"), "\x08\x00\x00\x00\x00\x00\x00\xe0\x3f") SCALAR(DTYPE("i2", "<"), "\x02\xfe\xff")
             SCALAR(DTYPE("b1", "|"),
                    "\x01\x01") "ccollections\ndefaultdict\ncbuiltins\nlist\n\x85RK\x01NsX\x00\x00\x00\x00t");
    assert_true(item(tree.root, 0)->kind == OX__OBJ_FLOAT && item(tree.root, 0)->f == 0.5);
    is_int(item(tree.root, 1), -2);
    assert_true(item(tree.root, 2)->kind == OX__OBJ_BOOL && item(tree.root, 2)->i == 1);
    assert_true(item(tree.root, 3)->kind == OX__OBJ_DICT && item(tree.root, 3)->n == 1);
    BAD(SCALAR(DTYPE("f8", ">"), "\x08\x00\x00\x00\x00\x00\x00\xe0\x3f") ".", OX_E_UNSUPPORTED, "NumPy");
    BAD(SCALAR(DTYPE("f8", "<"), "\x01\x00") ".", OX_E_UNSUPPORTED, "NumPy");
    BAD(SCALAR(DTYPE("O8", "|"), "\x08\x00\x00\x00\x00\x00\x00\xe0\x3f") ".", OX_E_UNSUPPORTED, "NumPy");
    BAD("cnumpy\ndtype\n)R.", OX_E_UNSUPPORTED, "NumPy");
    BAD("cnumpy.core.multiarray\nscalar\n)R.", OX_E_UNSUPPORTED, "NumPy");
    BAD("cnumpy.core.multiarray\n_reconstruct\n.", OX_E_UNSUPPORTED, "_reconstruct");
}

static void test_script_objects(void **state)
{
    (void)state;
    GOOD("c__torch__.a.b\nNet\nq\x00)\x81}(X\x05\x00\x00\x00sizes"
         "ctorch.jit._pickle\nbuild_intlist\n](K\x01K\x02"
         "e\x85RX\x03\x00\x00\x00tag"
         "ctorch.jit._pickle\nrestore_type_tag\n}X\x0e\x00\x00\x00"
         "Dict[str, int]\x86RX\x05\x00\x00\x00state"
         "c__torch__\nPacked\n)\x81K\x07\x85"
         "bub");
    const ox__obj *o = tree.root;
    assert_int_equal(o->kind, OX__OBJ_OBJECT);
    assert_string_equal(o->object->class_name, "__torch__.a.b.Net");
    assert_int_equal(tree.n_objects, 2);
    assert_int_equal(ox__obj_get(o, "sizes")->of, OX__OF_INT);
    assert_int_equal(ox__obj_get(o, "sizes")->n, 2);
    assert_int_equal(ox__obj_get(o, "tag")->kind, OX__OBJ_DICT);
    const ox__obj *packed = ox__obj_get(o, "state");
    assert_int_equal(packed->object->state->kind, OX__OBJ_TUPLE);
    assert_int_equal(packed->object->id, 1);
}

/* A member of an enum is its class called with a value. */
static void test_enum_members(void **state)
{
    (void)state;
    GOOD("c__torch__.a\nColor\nK\x02R.");
    assert_int_equal(tree.root->kind, OX__OBJ_OBJECT);
    assert_string_equal(tree.root->object->class_name, "__torch__.a.Color");
    assert_int_equal(tree.root->object->state->i, 2);
    BAD("c__torch__.a\nColor\n]R.", OX_E_FORMAT, "a member of an enum");
    BAD("cbuiltins\nint\nK\x02R.", OX_E_FORMAT, "an object");
}

/* ---- tensors ---- */
#define STORAGE(type, key, numel) \
    "(X\x07\x00\x00\x00storagectorch\n" type "Storage\nX\x01\x00\x00\x00" key "X\x03\x00\x00\x00" \
    "cpuK" numel "tQ"
#define TENSOR(storage, offset, sizes, strides) \
    "ctorch._utils\n_rebuild_tensor_v2\n(" storage "K" offset "(" sizes "t(" strides "t\x89" \
    "ccollections\nOrderedDict\n)RtR"

static void test_tensors(void **state)
{
    (void)state;
    GOOD("(" TENSOR(STORAGE("Float", "0", "\x06"), "\x01", "K\x02", "K\x01")
             TENSOR(STORAGE("Float", "0", "\x06"), "\x00", "K\x02K\x03", "K\x03K\x01")
                 TENSOR(STORAGE("QUInt8", "1", "\x06"), "\x00", "", "") "t");
    const ox__obj_tensor *a = item(tree.root, 0)->tensor, *b = item(tree.root, 1)->tensor;
    assert_int_equal(item(tree.root, 0)->kind, OX__OBJ_TENSOR);
    assert_int_equal(tree.storages.n, 2);
    assert_ptr_equal(a->storage, b->storage);
    assert_string_equal(a->storage->key, "0");
    assert_string_equal(a->storage->device, "cpu");
    assert_int_equal(a->storage->numel, 6);
    assert_int_equal(a->dtype, OX_FLOAT);
    assert_int_equal(a->offset, 1);
    assert_int_equal(b->rank, 2);
    assert_int_equal(b->sizes[1], 3);
    assert_int_equal(b->strides[0], 3);
    const ox__obj_tensor *c = item(tree.root, 2)->tensor;
    assert_int_equal(c->dtype, OX_UINT8);
    assert_string_equal(c->type, "QUInt8");
    assert_int_equal(c->rank, 0);
}

static void test_parameter(void **state)
{
    (void)state;
    GOOD("ctorch._utils\n_rebuild_parameter\n" TENSOR(STORAGE("Half", "0", "\x06"), "\x00", "K\x02",
                                                      "K\x01") "\x88N\x87R");
    assert_true(tree.root->tensor->parameter && tree.root->tensor->requires_grad);
    BAD("ctorch._utils\n_rebuild_parameter\nN\x88N\x87R.", OX_E_FORMAT, "parameter");
}

static void test_untyped(void **state)
{
    (void)state;
    GOOD(
        "ctorch._utils\n_rebuild_tensor_v3\n((X\x07\x00\x00\x00storagectorch.storage\nUntypedStorage\nX\x01\x00\x00\x00"
        "0X\x03\x00\x00\x00"
        "cpuK\x08tQK\x00K\x04\x85K\x01\x85\x89Nctorch\nuint16\ntR");
    assert_int_equal(tree.root->tensor->dtype, OX_UINT16);
    assert_int_equal(tree.root->tensor->storage->numel, 8);
    BAD(TENSOR("(X\x07\x00\x00\x00storagectorch.storage\nUntypedStorage\nX\x01\x00\x00\x00"
               "0X\x03\x00\x00\x00"
               "cpuK\x08tQ",
               "\x00", "K\x02", "K\x01") ".",
        OX_E_FORMAT, "no element type");
}

static void test_quantised(void **state)
{
    (void)state;
#define QTENSOR(q) \
    "ctorch._utils\n_rebuild_qtensor\n(" STORAGE("QInt8", "0", "\x06") "K\x00K\x06\x85K\x01\x85" q "\x89NtR"
    GOOD(QTENSOR("ctorch\nper_tensor_affine\nG\x3f\xe0\x00\x00\x00\x00\x00\x00K\x03\x87"));
    assert_int_equal(tree.root->tensor->quant, OX__QUANT_TENSOR);
    assert_true(tree.root->tensor->scale == 0.5 && tree.root->tensor->zero_point == 3);
#define ONE TENSOR(STORAGE("Double", "1", "\x06"), "\x00", "K\x06", "K\x01")
    GOOD(QTENSOR("(ctorch\nper_channel_affine\n" ONE ONE "K\x00t"));
    assert_int_equal(tree.root->tensor->quant, OX__QUANT_CHANNEL);
    assert_int_equal(tree.root->tensor->scales->dtype, OX_DOUBLE);
    BAD(QTENSOR("(ctorch\nper_channel_affine\n" ONE ONE "K\x01t") ".", OX_E_FORMAT, "quantisation");
    BAD(QTENSOR("N") ".", OX_E_FORMAT, "quantisation");
    BAD("ctorch._utils\n_rebuild_qtensor\n(" STORAGE("QInt8", "0", "\x06") "K\x00))tR.", OX_E_FORMAT, "quantisation");
}

static void test_bad_tensors(void **state)
{
    (void)state;
#define FLOATS STORAGE("Float", "0", "\x06")
    BAD(TENSOR(FLOATS, "\x00", "K\x02", "") ".", OX_E_FORMAT, "one stride for each size");
    BAD(TENSOR(FLOATS, "\x00", "J\xff\xff\xff\xff", "K\x01") ".", OX_E_FORMAT, "negative");
    BAD(TENSOR(FLOATS, "\x00", "N", "K\x01") ".", OX_E_FORMAT, "no number");
    BAD(TENSOR(FLOATS, "\x00", "J\xff\xff\xff\x7fJ\xff\xff\xff\x7fJ\xff\xff\xff\x7f", "K\x01K\x01K\x01") ".",
        OX_E_FORMAT, "too large");
    GOOD(TENSOR(FLOATS, "\x00", "J\xff\xff\xff\x7fJ\xff\xff\xff\x7fJ\xff\xff\xff\x7fK\x00", "K\x01K\x01K\x01K\x01"));
    BAD(TENSOR("N", "\x00", "K\x02", "K\x01") ".", OX_E_FORMAT, "no storage");
    BAD("ctorch._utils\n_rebuild_tensor_v2\nN\x85R.", OX_E_FORMAT, "number of its parts");
    BAD("K\x01Q.", OX_E_FORMAT, "no storage");
    BAD("(X\x07\x00\x00\x00storageNX\x01\x00\x00\x00"
        "0X\x03\x00\x00\x00"
        "cpuK\x01tQ.",
        OX_E_FORMAT, "no storage");
    BAD("(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x00"
        "0X\x03\x00\x00\x00"
        "cpuK\x06K\x01tQ.",
        OX_E_UNSUPPORTED, "view");
}

/* ---- what must not be ---- */
static void test_calls(void **state)
{
    (void)state;
    BAD("cos\nsystem\nX\x04\x00\x00\x00true\x85R.", OX_E_UNSUPPORTED, "os.system");
    assert_int_equal(err.offset, 1002);
    assert_string_equal(err.file, "f.pkl");
    assert_string_not_equal(err.hint, "");
    BAD("cposix\nsystem\n.", OX_E_UNSUPPORTED, "posix.system");
    BAD("cbuiltins\neval\nX\x01\x00\x00\x00"
        "1\x85R.",
        OX_E_UNSUPPORTED, "builtins.eval");
    BAD("ctorch\nload\n.", OX_E_UNSUPPORTED, "torch.load");
    BAD("ctorch._utils\n_rebuild_sparse_tensor\n.", OX_E_UNSUPPORTED, "_rebuild_sparse_tensor");
    BAD("ctorch.nn.modules.linear\nLinear\n)\x81}b.", OX_E_UNSUPPORTED, "torch.nn.modules.linear.Linear");
    BAD("X\x02\x00\x00\x00osX\x06\x00\x00\x00system\x93.", OX_E_UNSUPPORTED, "os.system");
    BAD("N)R.", OX_E_FORMAT, "call");
    BAD("K\x01)\x81.", OX_E_FORMAT, "object");
    BAD("c__torch__.a\nC\nK\x01\x85\x81.", OX_E_FORMAT, "object");
    BAD("ctorch._utils\n_rebuild_tensor_v2\n.", OX_E_UNSUPPORTED, "where data is expected");
    BAD("ctorch\nFloatStorage\n\x85.", OX_E_UNSUPPORTED, "where data is expected");
    BAD("K\x01}b.", OX_E_FORMAT, "state");
    BAD("c__torch__.a\nC\n)\x81}b}b.", OX_E_FORMAT, "state");
}

static void test_instructions(void **state)
{
    (void)state;
    BAD("(K\x01ios\nsystem\n.", OX_E_UNSUPPORTED, "INST");
    BAD("(K\x01o.", OX_E_UNSUPPORTED, "OBJ");
    BAD("P1\n.", OX_E_UNSUPPORTED, "PERSID");
    BAD("\x82\x01.", OX_E_UNSUPPORTED, "EXT");
    BAD("\xff.", OX_E_FORMAT, "0xff");
    assert_fails(READ("\x80\x07."), OX_E_UNSUPPORTED, "protocol 7", &err);
    BAD("", OX_E_FORMAT, "cut short");
    BAD("N", OX_E_FORMAT, "cut short");
    BAD("X\xff\xff\xff\xff"
        "abc",
        OX_E_FORMAT, "cut short");
    BAD("\x8d\xff\xff\xff\xff\xff\xff\xff\xff"
        "abc",
        OX_E_FORMAT, "cut short");
    BAD("cmodule", OX_E_FORMAT, "cut short");
    BAD(".", OX_E_FORMAT, "more from its stack");
    BAD("(N.", OX_E_FORMAT, "left on its stack");
    BAD("NN.", OX_E_FORMAT, "left on its stack");
    BAD("0.", OX_E_FORMAT, "more from its stack");
    BAD("N(0.", OX_E_FORMAT, "more from its stack");
    BAD("N(a.", OX_E_FORMAT, "more from its stack");
    BAD("t.", OX_E_FORMAT, "did not begin");
    BAD("e.", OX_E_FORMAT, "did not begin");
    BAD("](K\x01u.", OX_E_FORMAT, "key without a value");
    BAD("(K\x01"
        "d.",
        OX_E_FORMAT, "key without a value");
    BAD("]K\x01K\x02s.", OX_E_FORMAT, "no dict");
    BAD("NK\x01"
        "a.",
        OX_E_FORMAT, "no list");
    BAD("h\x00.", OX_E_FORMAT, "number 0");
    BAD("Nr\xff\xff\xff\x7f.", OX_E_FORMAT, "numbers something");
    BAD("N\x93.", OX_E_FORMAT, "more from its stack");
    BAD("NN\x93.", OX_E_FORMAT, "a name is expected");
}

static void test_twice(void **state)
{
    (void)state;
    BAD("}(X\x01\x00\x00\x00kK\x01X\x01\x00\x00\x00kK\x02u.", OX_E_FORMAT, "two keys 'k'");
    BAD("}(K\x01K\x01K\x01K\x02u.", OX_E_FORMAT, "a key twice");
    ox__buf_addz(&out, "\x80\x02}(");
    for (int i = 0; i < 200; i++) ox__buf_addf(&out, "U\x03k%02xN", i);
    size_t good = out.n;
    ox__buf_addz(&out, "u.");
    assert_ok(read_bytes(out.p, out.n), &err);
    assert_int_equal(tree.root->n, 200);
    assert_int_equal(ox__obj_get(tree.root, "kc7")->kind, OX__OBJ_NONE);
    out.n = good;
    ox__buf_addz(&out, "U\x03k64Nu.");
    assert_fails(read_bytes(out.p, out.n), OX_E_FORMAT, "two keys 'k64'", &err);
}

static void test_cycles(void **state)
{
    (void)state;
    BAD("]q\x00h\x00"
        "a.",
        OX_E_UNSUPPORTED, "contains itself");
    BAD("}q\x00K\x01h\x00s.", OX_E_UNSUPPORTED, "contains itself");
    BAD("c__torch__.a\nC\n)\x81q\x00}X\x01\x00\x00\x00mh\x00sb.", OX_E_UNSUPPORTED, "contains itself");
    BAD("](]q\x00h\x00\x85"
        "ae.",
        OX_E_UNSUPPORTED, "contains itself");
    GOOD("](]q\x00h\x00"
         "e"); /* twice the same is no cycle */
    assert_ptr_equal(item(tree.root, 0), item(tree.root, 1));
}

/* Ten thousand lists in lists: made without recursion, and refused. */
static void test_deep(void **state)
{
    (void)state;
    ox__buf_addz(&out, "\x80\x02");
    for (int i = 0; i < 10000; i++) ox__buf_addc(&out, ']');
    for (int i = 0; i < 9999; i++) ox__buf_addc(&out, 'a');
    ox__buf_addc(&out, '.');
    assert_fails(read_bytes(out.p, out.n), OX_E_LIMIT, "nested deeper", &err);
    ox__buf_clear(&out);
    ox__buf_addz(&out, "\x80\x02N");
    for (int i = 0; i < 10000; i++) ox__buf_addc(&out, '\x85');
    ox__buf_addc(&out, '.');
    assert_fails(read_bytes(out.p, out.n), OX_E_LIMIT, "nested deeper", &err);
    ox__buf_clear(&out);
    ox__buf_addz(&out, "\x80\x02N");
    for (int i = 0; i < OX__OBJ_DEPTH - 1; i++) ox__buf_addc(&out, '\x85');
    ox__buf_addc(&out, '.');
    assert_ok(read_bytes(out.p, out.n), &err);
}

/* Each list holds the one before twice: forty of them would take years to walk. */
static void test_unfolding(void **state)
{
    (void)state;
    ox__buf_addz(&out, "\x80\x02N");
    for (int i = 0; i < 40; i++) ox__buf_addz(&out, "2\x86");
    ox__buf_addc(&out, '.');
    assert_fails(read_bytes(out.p, out.n), OX_E_LIMIT, "unfolds", &err);
}

/* A text of a megabyte that is copied by each instruction that mentions it. */
static void test_memory(void **state)
{
    (void)state;
    ox__buf_addz(&out, "\x80\x02](c_codecs\nencode\nq");
    ox__buf_add(&out, "\x00(X\x00\x00\x10\x00", 7);
    for (int i = 0; i < 1 << 20; i++) ox__buf_addc(&out, 'a');
    ox__buf_add(&out, "U\6latin1tq\x01R", 12);
    for (int i = 0; i < 200; i++) ox__buf_add(&out, "h\x00h\x01R", 5);
    ox__buf_addz(&out, "e.");
    assert_fails(read_bytes(out.p, out.n), OX_E_LIMIT, "MiB", &err);
}

/* Every prefix of a pickle is refused, each failure of an allocation is told. */
static void test_prefixes(void **state)
{
    (void)state;
    static const char whole[] = "\x80\x02}q\x00(X\x01\x00\x00\x00"
                                "a" TENSOR(STORAGE("Float", "0", "\x06"), "\x00", "K\x02K\x03",
                                           "K\x03K\x01") "X\x01\x00\x00\x00"
                                                         "bc__torch__.m\nC\n)\x81}X\x01\x00\x00\x00wK\x05sbu.";
    size_t n = sizeof whole - 1;
    assert_ok(read_bytes(whole, n), &err);
    for (size_t i = 0; i < n; i++) assert_int_not_equal(read_bytes(whole, i), OX_OK);
    for (uint64_t at = 1;; at++) {
        ox__alloc_fail_at(at, false);
        ox_status s = read_bytes(whole, n);
        bool over = ox__alloc_count() < at;
        ox__alloc_fail_at(0, false);
        if (over) {
            assert_int_equal(s, OX_OK);
            break;
        }
        assert_int_equal(s, OX_E_NOMEM);
    }
}

static bool refuse(void *ud, const char *what, uint64_t done, uint64_t total)
{
    (void)what;
    (*(int *)ud)++;
    return done > total;
}

static void test_interrupted(void **state)
{
    (void)state;
    int asked = 0;
    ox_task task = {refuse, &asked};
    ox__buf_addz(&out, "\x80\x02](");
    for (int i = 0; i < 10000; i++) ox__buf_addc(&out, 'N');
    ox__buf_addz(&out, "e.");
    ox__reader r = ox__reader_make(out.p, out.p, out.n);
    assert_int_equal(ox__pickle_read(&tree, &r, 1 << 20, 12, "f", 0, &task, &err), OX_E_INTERRUPTED);
    assert_int_equal(asked, 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_numbers),  T(test_texts),          T(test_containers),   T(test_dicts),     T(test_sets_and_constants),
        T(test_numpy),    T(test_script_objects), T(test_enum_members), T(test_tensors),   T(test_parameter),
        T(test_untyped),  T(test_quantised),      T(test_bad_tensors),  T(test_calls),     T(test_instructions),
        T(test_twice),    T(test_cycles),         T(test_deep),         T(test_unfolding), T(test_memory),
        T(test_prefixes), T(test_interrupted),
    };
    return cmocka_run_group_tests_name("torchscript_pickle", tests, NULL, NULL);
}
