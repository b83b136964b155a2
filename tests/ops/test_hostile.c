/* Every version of every operator on inputs and attributes that nobody checked: seeded random ones, drawn from what is
 * empty, huge, negative, of a wrong kind or absent. Running and inferring must end soon, in little memory, with a
 * result or with a message. `test_ops_hostile ROUNDS [OP]` does more of it. */
#include "ox_test.h"

#include "ops/exec.h"
#include "ops/infer.h"

#include <onnxsh/print.h>
#include <onnxsh/schema.h>

#include <math.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#if defined __SANITIZE_ADDRESS__
#define SANITIZED 1
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#define HUGE_NUMBER ((int64_t)1 << 62)

enum { MEMORY = 512, SECONDS = 20, MAX_IN = 6, MAX_OUT = 3 };

/* Under the sanitizers a large request fails as it does without them. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "max_allocation_size_mb=512:allocator_may_return_null=1";
}

static uint64_t n_computed;
static int rounds = 100;
static const char *only;

/* ---- chance ---- */
static uint64_t state;

static uint64_t chance(uint64_t n)
{
    uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (z ^ z >> 31) % n;
}

/* ---- inputs ---- */
typedef struct operand {
    ox_dtype dtype;
    uint32_t rank;
    int64_t dims[4];
    int64_t v[4]; /* the first elements; the rest are 0, 1, 2, ... */
    int n_v;
} operand;

static const operand operands[] = {
    {OX_FLOAT, 2, {2, 3}, {0}, 0},
    {OX_FLOAT, 4, {1, 2, 5, 5}, {0}, 0},
    {OX_FLOAT, 3, {2, 4, 3}, {0}, 0},
    {OX_FLOAT, 1, {4}, {0}, 0},
    {OX_FLOAT, 0, {0}, {1}, 1},
    {OX_FLOAT, 2, {0, 3}, {0}, 0},
    {OX_FLOAT, 2, {2, 0}, {0}, 0},
    {OX_DOUBLE, 2, {2, 3}, {0}, 0},
    {OX_FLOAT16, 2, {2, 3}, {0}, 0},
    {OX_INT32, 2, {2, 3}, {0}, 0},
    {OX_UINT8, 4, {1, 2, 5, 5}, {0}, 0},
    {OX_INT8, 2, {2, 3}, {0}, 0},
    {OX_UINT64, 1, {3}, {-1}, 1},
    {OX_INT4, 2, {2, 3}, {0}, 0},
    {OX_COMPLEX64, 2, {2, 3}, {0}, 0},
    {OX_BOOL, 0, {0}, {1}, 1},
    {OX_BOOL, 2, {2, 3}, {0}, 0},
    {OX_STRING, 1, {2}, {0}, 0},
    {OX_STRING, 0, {0}, {0}, 0},
    {OX_INT64, 0, {0}, {1}, 1},
    {OX_INT64, 0, {0}, {HUGE_NUMBER}, 1},
    {OX_INT64, 0, {0}, {INT64_MIN}, 1},
    {OX_INT64, 1, {1}, {-1}, 1},
    {OX_INT64, 1, {1}, {0}, 1},
    {OX_INT64, 1, {0}, {0}, 0},
    {OX_INT64, 1, {2}, {2, 3}, 2},
    {OX_INT64, 1, {2}, {HUGE_NUMBER, 3}, 2},
    {OX_INT64, 1, {2}, {1 << 30, 1 << 30}, 2},
    {OX_INT64, 1, {2}, {INT64_MAX, INT64_MIN}, 2},
    {OX_INT64, 1, {4}, {0, 0, 1, 1}, 4},
    {OX_INT64, 1, {4}, {1, 2, 1 << 20, 1 << 20}, 4},
    {OX_INT64, 1, {4}, {HUGE_NUMBER, -HUGE_NUMBER, INT64_MAX, INT64_MIN}, 4},
    {OX_INT64, 2, {2, 3}, {0}, 0},
    {OX_INT64, 2, {2, 2}, {INT64_MIN, INT64_MAX, -1, 7}, 4},
};
/* Two sequences and a map follow. */
enum { N_OPERANDS = OX__COUNT(operands) + 3 };
static ox_data *pool[N_OPERANDS];

static ox_data *make_operand(const operand *o)
{
    static const ox_bytes texts[2] = {{"a", 1}, {"", 0}};
    ox_error err;
    ox_data *d = NULL;
    void *p;
    if (o->dtype == OX_STRING) {
        assert_ok(ox_data_strings(&d, o->rank, o->dims, texts, &err), &err);
        return d;
    }
    assert_ok(ox_data_tensor(&d, o->dtype, o->rank, o->dims, &p, &err), &err);
    for (uint64_t i = 0; i < ox_data_get(d).n; i++)
        ox_dtype_set_i64(o->dtype, p, i, i < (uint64_t)o->n_v ? o->v[i] : (int64_t)i);
    return d;
}

static int setup(void **unused)
{
    (void)unused;
    ox_error err;
    size_t n = OX__COUNT(operands);
    for (size_t i = 0; i < n; i++) pool[i] = make_operand(&operands[i]);
    ox_data *items[2] = {pool[0], pool[0]};
    assert_ok(ox_data_list(&pool[n], OX_DATA_SEQUENCE, OX_FLOAT, 2, items, &err), &err);
    assert_ok(ox_data_list(&pool[n + 1], OX_DATA_SEQUENCE, OX_FLOAT, 0, NULL, &err), &err);
    assert_ok(ox_data_map(&pool[n + 2], pool[25], pool[25], &err), &err);
    return 0;
}

static int teardown(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < N_OPERANDS; i++) ox_data_free(pool[i]);
    return 0;
}

/* ---- attributes ---- */
static int64_t some_int(void)
{
    static const int64_t v[] = {0, 1, 2, 3, -1, -2, 7, 1 << 20, INT32_MAX, HUGE_NUMBER, INT64_MAX, INT64_MIN};
    return v[chance(chance(3) ? 4 : OX__COUNT(v))];
}

static double some_float(void)
{
    static const double v[] = {0, 1, 0.5, 2, -1, 1e30, -1e30, INFINITY, NAN, 1e-30};
    return v[chance(OX__COUNT(v))];
}

static const char *some_text(const char *name)
{
    static const char *const v[] = {"",       "NOTSET", "SAME_UPPER",   "VALID",     "linear", "nearest",
                                    "cubic",  "edge",   "reflect",      "wrap",      "sum",    "mean",
                                    "linear", "a",      "...ij,jk->ik", "asymmetric"};
    return strcmp(name, "equation") == 0 && chance(2) ? "ij,jk->ik" : v[chance(OX__COUNT(v))];
}

static ox_tensor some_tensor(ox_model *m)
{
    ox_error err;
    ox_tensor t = {0};
    assert_ok(ox_data_to_tensor(m, &t, pool[chance(OX__COUNT(operands))], &err), &err);
    return t;
}

static void set_attr(ox_model *m, ox_node n, const ox_op_attr *a)
{
    ox_error err;
    int64_t ints[4];
    double floats[4];
    ox_str strings[4];
    ox_tensor tensors[2];
    ox_attr x = {.name = ox_str_addz(m, a->name), .kind = (uint8_t)a->kind, .n = (uint32_t)chance(5)};
    if (chance(12) == 0) x.kind = (uint8_t)(1 + chance(9));
    for (int i = 0; i < 4; i++) {
        ints[i] = some_int();
        floats[i] = some_float();
        strings[i] = ox_str_addz(m, some_text(a->name));
    }
    switch (x.kind) {
    case OX_ATTR_INT:
        x.u.i = strcmp(a->name, "to") == 0 || strcmp(a->name, "dtype") == 0 ? (int64_t)chance(24) : some_int();
        break;
    case OX_ATTR_FLOAT: x.u.f = some_float(); break;
    case OX_ATTR_STRING: x.u.s = strings[0]; break;
    case OX_ATTR_TENSOR: x.u.t = some_tensor(m); break;
    case OX_ATTR_INTS: x.u.ints = ints; break;
    case OX_ATTR_FLOATS: x.u.floats = floats; break;
    case OX_ATTR_STRINGS: x.u.strings = strings; break;
    case OX_ATTR_TENSORS:
        x.n %= 3;
        tensors[0] = some_tensor(m), tensors[1] = some_tensor(m);
        x.u.tensors = tensors;
        break;
    default: return;
    }
    if (chance(40) == 0) x.ref = ox_str_addz(m, "nothing");
    assert_ok(ox_node_set_attr(m, n, &x, &err), &err);
}

/* ---- a model of one node ---- */
typedef struct made {
    ox_model *m;
    ox_node node;
    size_t n_in;
    ox_data *in[MAX_IN];
    char text[1024];
} made;

static ox_value add_input(made *x, ox_data *d, const char *name, bool constant)
{
    ox_error err;
    ox_value v = {0};
    ox_graph g = ox_model_main(x->m);
    if (constant && ox_data_get(d).kind == OX_DATA_TENSOR) {
        ox_tensor t;
        assert_ok(ox_data_to_tensor(x->m, &t, d, &err), &err);
        assert_ok(ox_graph_add_initializer(x->m, &v, g, ox_str_addz(x->m, name), t, &err), &err);
        return v;
    }
    assert_ok(ox_graph_add_input(x->m, &v, g, x->n_in, ox_str_addz(x->m, name), ox_data_type(x->m, d), &err), &err);
    x->in[x->n_in++] = d;
    return v;
}

/* Mostly of a type that the schema admits. */
static size_t some_operand(const ox_op_schema *schema, size_t i, size_t first)
{
    ox_op_param p;
    size_t k = i == 0 || chance(3) == 0 ? first : (size_t)chance(N_OPERANDS);
    if (!schema || !ox_op_schema_input_for(schema, i, &p) || chance(8) == 0) return k;
    for (int turn = 0; turn < 12; turn++, k = (size_t)chance(N_OPERANDS)) {
        bool sequence = k >= OX__COUNT(operands);
        if (sequence ? p.types.sequence != 0 || p.types.other != 0 : p.types.tensor >> operands[k].dtype & 1) break;
    }
    return k;
}

static void make(made *x, const ox_op_info *info, const ox_op_schema *schema)
{
    ox_error err;
    ox_value in[MAX_IN];
    char name[32];
    bool constant = chance(3) == 0;
    size_t least = OX__MIN(info->min_inputs, MAX_IN),
           most = OX__MIN((size_t)info->max_inputs + (chance(20) == 0), MAX_IN);
    size_t n = most > least ? least + (size_t)chance(most - least + 1) : most;
    if (chance(15) == 0) n = (size_t)chance(MAX_IN + 1);
    *x = (made){0};
    assert_ok(ox_model_create(&x->m, OX_MODEL_ONNX, &err), &err);
    assert_ok(ox_model_set_opset(x->m, ox_str_addz(x->m, info->domain), info->since, &err), &err);
    size_t first = (size_t)chance(N_OPERANDS);
    for (size_t i = 0; i < n; i++) {
        snprintf(name, sizeof name, "i%zu", i);
        size_t k = some_operand(schema, i, first);
        if (i == 0) first = k;
        in[i] = chance(12) == 0 ? (ox_value){0} : add_input(x, pool[k], name, constant || chance(3) == 0);
    }
    assert_ok(ox_node_create(x->m, &x->node, ox_model_main(x->m), (ox_node){0}, ox_str_addz(x->m, info->domain),
                             ox_str_addz(x->m, info->name), n, in, 0, &err),
              &err);
    size_t n_out = 1 + (size_t)chance(OX__MIN(info->max_outputs, MAX_OUT));
    for (size_t i = 0; i < n_out; i++) {
        ox_value v;
        snprintf(name, sizeof name, "o%zu", i);
        assert_ok(ox_node_add_output(x->m, &v, x->node, ox_str_addz(x->m, name), (ox_type){0}, &err), &err);
        assert_ok(ox_graph_add_output(x->m, ox_model_main(x->m), i, v, &err), &err);
    }
    for (size_t i = 0; i < info->n_attrs; i++) {
        ox_op_attr a = ox_op_schema_attr(schema, i);
        if (chance(3) == 0 || a.required) set_attr(x->m, x->node, &a);
    }
}

static void check_status(const made *x, const char *what, ox_status s, const ox_error *err, double seconds)
{
    bool fine = s == OX_OK || s == OX_E_CHECK || s == OX_E_UNSUPPORTED || s == OX_E_LIMIT || s == OX_E_INVALID;
    if (!fine || (s != OX_OK && !err->msg[0]) || seconds > SECONDS) {
        printf("%s\n", x->text);
        fail_msg("%s: %s: %s (%.1f s)", what, ox_status_text(s), err->msg, seconds);
    }
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void run(made *x)
{
    ox_error err;
    ox_data *out[MAX_OUT + 1] = {0};
    size_t n_out = ox_graph_n_outputs(x->m, ox_model_main(x->m));
    ox__exec_options opt = {.threads = 1, .max_bytes = 1 << 20, .max_nodes = 1000};
    ox_error_clear(&err);
    double start = now();
    ox_status s = ox__exec_run(x->m, &opt, x->n_in, x->in, n_out, out, &err);
    check_status(x, "run", s, &err, now() - start);
    n_computed += s == OX_OK;
    for (size_t i = 0; i < n_out; i++) ox_data_free(out[i]);
}

static void infer(made *x, int64_t opset)
{
    ox_error err;
    ox__facts *f = NULL;
    assert_ok(ox__facts_create(&f, x->m, &err), &err);
    ox__infer_options opt = {.opset = opset, .evaluate = true, .blocks = true};
    double start = now();
    ox_status s = ox__infer_graph(f, ox_model_main(x->m), &opt, NULL, &err);
    ox__facts_free(f);
    check_status(x, "infer", s, &err, now() - start);
}

static void describe(made *x, const ox_op_info *info, uint64_t seed)
{
    char type[128];
    size_t at = (size_t)snprintf(x->text, sizeof x->text, "%s %s %lld, seed %llu:", info->domain, info->name,
                                 (long long)info->since, (unsigned long long)seed);
    for (size_t i = 0; i < ox_node_n_inputs(x->m, x->node) && at < 600; i++) {
        ox_value v = ox_node_input(x->m, x->node, i);
        ox_tensor_info t = ox_tensor_get(x->m, ox_value_tensor(x->m, v));
        ox_type_text(x->m, t.dtype ? ox_type_tensor(x->m, t.dtype, OX_RANK_UNKNOWN, NULL) : ox_value_type(x->m, v),
                     type, sizeof type);
        at +=
            (size_t)snprintf(x->text + at, sizeof x->text - at, " %s%s", t.dtype ? "constant " : "", v.id ? type : "-");
        for (uint32_t k = 0; k < t.rank; k++)
            at += (size_t)snprintf(x->text + at, sizeof x->text - at, " %lld", (long long)t.dims[k]);
    }
    if (getenv("OX_HOSTILE_TRACE")) fprintf(stderr, "%s\n", x->text);
}

/* Operators of com.microsoft have no schema: attributes are drawn from those that their rows read. */
extern const ox__op_family ox__ops_ms;
static const ox_op_attr ms_attrs[] = {
    {.name = "num_heads", .kind = OX_ATTR_INT},
    {.name = "kv_num_heads", .kind = OX_ATTR_INT},
    {.name = "N", .kind = OX_ATTR_INT},
    {.name = "K", .kind = OX_ATTR_INT},
    {.name = "bits", .kind = OX_ATTR_INT},
    {.name = "block_size", .kind = OX_ATTR_INT},
    {.name = "axis", .kind = OX_ATTR_INT},
    {.name = "transA", .kind = OX_ATTR_INT},
    {.name = "transB", .kind = OX_ATTR_INT},
    {.name = "alpha", .kind = OX_ATTR_FLOAT},
    {.name = "kernel_shape", .kind = OX_ATTR_INTS},
    {.name = "qkv_hidden_sizes", .kind = OX_ATTR_INTS},
    {.name = "pads", .kind = OX_ATTR_INTS},
    {.name = "channels_last", .kind = OX_ATTR_INT},
    {.name = "strides", .kind = OX_ATTR_INTS},
    {.name = "epsilon", .kind = OX_ATTR_FLOAT},
};

static void test_contrib(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ox__ops_ms.n; i++) {
        const char *name = ox__ops_ms.rows[i].name;
        ox_op_info info = {.domain = "com.microsoft",
                           .name = name,
                           .since = 1,
                           .min_inputs = 1,
                           .max_inputs = MAX_IN,
                           .max_outputs = MAX_OUT};
        if (only && strcmp(only, name) != 0) continue;
        for (int k = 0; k < rounds; k++) {
            made x;
            state = ox__hash(name, strlen(name)) + (uint64_t)k;
            uint64_t seed = state;
            make(&x, &info, NULL);
            for (size_t a = 0; a < OX__COUNT(ms_attrs); a++)
                if (chance(4) == 0) set_attr(x.m, x.node, &ms_attrs[a]);
            describe(&x, &info, seed);
            run(&x);
            infer(&x, 17);
            ox_model_free(x.m);
        }
    }
}

static void test_all(void **unused)
{
    (void)unused;
    uint64_t n = 0;
    for (size_t i = 0; i < ox_op_schema_count(); i++) {
        const ox_op_schema *schema = ox_op_schema_at(i);
        ox_op_info info = ox_op_schema_info(schema);
        if (only && strcmp(only, info.name) != 0) continue;
        for (int k = 0; k < rounds; k++, n++) {
            made x;
            state = ox__hash(info.name, strlen(info.name)) + (uint64_t)info.since * 1000003 + (uint64_t)k;
            uint64_t seed = state;
            make(&x, &info, schema);
            describe(&x, &info, seed);
            run(&x);
            infer(&x, *info.domain ? 21 : info.since);
            ox_model_free(x.m);
        }
    }
    printf("%llu models, %llu computed\n", (unsigned long long)n, (unsigned long long)n_computed);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_all, setup, teardown),
                                       cmocka_unit_test_setup_teardown(test_contrib, setup, teardown)};
    if (argc > 1) rounds = atoi(argv[1]);
    if (argc > 2) only = argv[2];
#if !SANITIZED
    struct rlimit limit = {(rlim_t)MEMORY << 20, (rlim_t)MEMORY << 20};
    if (setrlimit(RLIMIT_DATA, &limit) != 0) return 1;
#endif
    return cmocka_run_group_tests(tests, NULL, NULL);
}
