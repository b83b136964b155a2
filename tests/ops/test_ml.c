/* Operators of ai.onnx.ml where no other tool is asked: types of results, refusals, limits. The suite test_ml.py
 * compares values with ONNX Runtime. */
#include "ox_test.h"

#include "ops/exec.h"
#include "ops/infer.h"

#include <onnxsh/io.h>
#include <onnxsh/print.h>

#define ML "ai.onnx.ml::"

typedef struct row {
    int64_t opset;
    const char *op;   /* and attributes */
    const char *type; /* of %y for %x : Float(N, 3), NULL: inference fails */
    const char *want; /* the first elements for x = 0 1 2 / 3 4 5, or part of the error */
} row;

#define NODES \
    "nodes_treeids=[0, 0, 0], nodes_nodeids=[0, 1, 2], nodes_featureids=[2, 0, 0], nodes_values=[3., 0., 0.], " \
    "nodes_modes=[\"BRANCH_LEQ\", \"LEAF\", \"LEAF\"], "
#define LEAVES "target_treeids=[0, 0], target_nodeids=[1, 2], target_ids=[0, 0], target_weights=[10., 20.], n_targets=1"
#define TREE(more) ML "TreeEnsembleRegressor[" NODES more LEAVES "]"

static const row rows[] = {
    {1, ML "Scaler[offset=[1., 0., 0.], scale=[2.]]", "Float(N, 3)", "-2 2 4 4 8 10"},
    {1, ML "Scaler[offset=[1., 0.], scale=[2.]]", "Float(N, 3)", "offset has 2 numbers, the input 3 features"},
    {1, ML "Normalizer[norm=\"L1\"]", "Float(N, 3)", "0 0.333333 0.666667 0.25"},
    {1, ML "Normalizer[norm=\"L3\"]", "Float(N, 3)", "norm is none of"},
    {1, ML "Imputer[imputed_value_floats=[7.], replaced_value_float=4.]", "Float(N, 3)", "0 1 2 3 7 5"},
    {1, ML "Imputer[imputed_value_int64s=[7]]", "Float(N, 3)", "imputed_value_floats has 0 numbers"},
    {1, ML "Binarizer[threshold=2.]", "Float(N, 3)", "0 0 0 1 1 1"},
    {1, ML "FeatureVectorizer[inputdimensions=[2]]", "Float(N, 2)", "0 1 3 4"},
    {1, ML "FeatureVectorizer[inputdimensions=[4]]", "Float(N, 4)", "0 1 2 0 3 4 5 0"},
    {1, ML "FeatureVectorizer[inputdimensions=[-1]]", NULL, "inputdimensions 0 is -1"},
    {1, ML "FeatureVectorizer[inputdimensions=[1, 1]]", "Float(N, 2)", "1 inputs, but 2 inputdimensions"},
    {1, ML "FeatureVectorizer[inputdimensions=[4611686018427387904]]", "Float(N, 4611686018427387904)", "too large"},
    {1, ML "OneHotEncoder[cats_int64s=[0, 4]]", "Float(N, 3, 2)", "1 0 0 0 0 0 0 0 0 1"},
    {1, ML "OneHotEncoder[cats_int64s=[0, 4], zeros=0]", "Float(N, 3, 2)", "element 1 is in no category"},
    {1, ML "OneHotEncoder[cats_strings=[\"a\"]]", "Float(N, 3, 1)", "no categories for such an input"},
    {2, ML "LabelEncoder[keys_floats=[1., 1., 5.], values_floats=[8., 9., 7.]]", "Float(N, 3)", "-0 9 -0 -0 -0 7"},
    {2, ML "LabelEncoder[keys_floats=[1.], values_floats=[8., 9.]]", "Float(N, 3)", "1 keys, but 2 values"},
    {2, ML "LabelEncoder[keys_int64s=[1], values_floats=[8.]]", "Float(N, 3)",
     "keys of int64, but an input of float32"},
    {1, ML "LabelEncoder[classes_strings=[\"a\"]]", "Tensor(N, 3)", "neither strings nor int64"},
    {1, ML "CategoryMapper[cats_int64s=[1], cats_strings=[\"a\", \"b\"]]", "Tensor(N, 3)", "2 cats_strings, but 1"},
    {1, ML "LinearRegressor[coefficients=[1., 2., 3.], intercepts=[1.]]", "Float(N, 1)", "9 27"},
    {1, ML "LinearRegressor[coefficients=[1., 2.]]", "Float(N, 1)", "2 coefficients are not 1 for each of 3 features"},
    {1, ML "LinearRegressor[coefficients=[1.], targets=4611686018427387904]", "Float(N, 4611686018427387904)",
     "coefficients are not"},
    {1, ML "LinearRegressor[coefficients=[1., 2., 3.], post_transform=\"CUBE\"]", "Float(N, 1)",
     "post_transform is none"},
    {1, ML "LinearClassifier[coefficients=[1., 0., 0.], intercepts=[-1.], classlabels_ints=[4, 9]]", "Long(N)", "4 9"},
    {1, ML "LinearClassifier[coefficients=[1., 2.], classlabels_ints=[4, 9]]", NULL, "0 scores for 2 classes"},
    {1, ML "SVMRegressor[coefficients=[1.], rho=[0.5], n_supports=1, support_vectors=[1., 1., 1.]]", "Float(N, 1)",
     "3.5 12.5"},
    {1, ML "SVMRegressor[coefficients=[1.], rho=[0.5], n_supports=4611686018427387904, support_vectors=[1.]]",
     "Float(N, 1)", "are not 4611686018427387904 support vectors"},
    {1, ML "SVMRegressor[coefficients=[1.], rho=[0.5], kernel_type=\"RBF\", kernel_params=[1.]]", "Float(N, 1)",
     "1 kernel_params, not 3"},
    {1, ML "SVMClassifier[coefficients=[1.], rho=[0.], classlabels_ints=[1, 2], vectors_per_class=[-1, 2]]", "Long(N)",
     "vectors_per_class 0 is -1"},
    {1, ML "SVMClassifier[coefficients=[1., 0., 0., 0., 0., 1.], rho=[0.], classlabels_ints=[1, 2]]", "Long(N)", "2 2"},
    {1, TREE("nodes_truenodeids=[1, 0, 0], nodes_falsenodeids=[2, 0, 0], "), "Float(N, 1)", "10 20"},
    {1, TREE("nodes_truenodeids=[1, 0, 0], nodes_falsenodeids=[0, 0, 0], "), "Float(N, 1)", "go in a circle"},
    {1, TREE("nodes_truenodeids=[1, 0, 0], nodes_falsenodeids=[7, 0, 0], "), "Float(N, 1)", "node 7, which is missing"},
    {1, TREE("nodes_truenodeids=[1, 0, 0], "), "Float(N, 1)", "nodes_falsenodeids has 0 elements, not 3"},
    {1, ML "TreeEnsembleRegressor[n_targets=4611686018427387904]", "Float(N, 4611686018427387904)", "0 nodes"},
    {1, ML "TreeEnsembleRegressor[n_targets=-1]", "Float(N, *)", "n_targets is -1"},
    {1, ML "ZipMap[classlabels_int64s=[1, 2]]", "Tensor", "the input is not a row of floats for each of 2 labels"},
    {1, ML "CastMap", "Float(1, *)", "the input is no map"},
    {1, ML "DictVectorizer[int64_vocabulary=[1, 2]]", "Tensor(1, 2)", "the input is no map"},
};

static ox_status compute(const ox_model *m, char *got, size_t size, ox_error *err)
{
    int64_t dims[2] = {2, 3};
    void *p;
    ox_data *x = NULL, *y = NULL;
    ox__exec_options opt = {.threads = 1, .max_bytes = 1 << 20};
    ox_status s = ox_data_tensor(&x, OX_FLOAT, 2, dims, &p, err);
    for (int i = 0; s == OX_OK && i < 6; i++) ((float *)p)[i] = (float)i;
    if (s == OX_OK) s = ox__exec_run(m, &opt, 1, &x, 1, &y, err);
    size_t at = 0;
    got[0] = '\0';
    ox_data_info i = ox_data_get(y);
    for (uint64_t k = 0; s == OX_OK && k < i.n && k < 10; k++)
        at += (size_t)snprintf(got + at, size - at, "%s%g", k ? " " : "", ox_dtype_get_f64(i.dtype, i.data, k));
    ox_data_free(x);
    ox_data_free(y);
    return s;
}

static void check_type(ox_model *m, const row *r)
{
    ox_error err;
    char got[256];
    ox__facts *f = NULL;
    assert_ok(ox__facts_create(&f, m, &err), &err);
    ox__infer_options opt = {.opset = 17, .evaluate = true, .blocks = true};
    ox_status s = ox__infer_graph(f, ox_model_main(m), &opt, NULL, &err);
    ox_value v = ox_graph_find_value(m, ox_model_main(m), ox_str_addz(m, "y"));
    ox_type_text(m, ox_value_type(m, v), got, sizeof got);
    ox__facts_free(f);
    if (s != (r->type ? OX_OK : OX_E_CHECK)) fail_msg("%s: %s", r->op, ox_status_text(s));
    if (r->type && strncmp(r->op, ML "ZipMap", 18) != 0 && strcmp(got, r->type) != 0)
        fail_msg("%s: %s, not %s", r->op, got, r->type);
}

static void check_row(const row *r)
{
    ox_error err;
    ox_model *m = NULL;
    char text[2048], got[256];
    snprintf(text, sizeof text, "graph(%%x : Float(N, 3)):\n  %%y : Tensor = %s(%%x)\n  return (%%y)\n", r->op);
    assert_ok(ox_open_memory(&m, text, strlen(text), "case", NULL, NULL, NULL, &err), &err);
    assert_ok(ox_model_set_opset(m, ox_str_addz(m, "ai.onnx.ml"), r->opset, &err), &err);
    check_type(m, r);
    ox_error_clear(&err);
    ox_status s = compute(m, got, sizeof got, &err);
    ox_model_free(m);
    if (s == OX_OK && strncmp(got, r->want, strlen(r->want)) != 0) fail_msg("%s: %s, not %s", r->op, got, r->want);
    if (s != OX_OK && !strstr(err.msg, r->want)) fail_msg("%s: %s", r->op, err.msg);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < OX__COUNT(rows); i++) check_row(&rows[i]);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
