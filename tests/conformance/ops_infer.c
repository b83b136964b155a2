/* Infers the models whose paths stand on standard input, one a line, for test_infer.py: what the file says of values
 * that nodes make is forgotten first. Prints for each "path<TAB>status<TAB>message", then a line "<TAB>name<TAB>type"
 * for each value of the main graph, with the type as float32[2,?,N], float32[...] where the rank is unknown. With the
 * word "values" as argument a fourth column has the elements of a value that evaluation knows, separated by blanks. */
#include "ops/infer.h"

#include <onnxsh/io.h>
#include <onnxsh/print.h>

#include <stdio.h>

static void print_type(const ox_model *m, ox_type type)
{
    ox_type_info t = ox_type_get(m, type);
    if (t.kind == OX_TYPE_SEQUENCE || t.kind == OX_TYPE_OPTIONAL) {
        printf("%s(", t.kind == OX_TYPE_SEQUENCE ? "seq" : "optional");
        print_type(m, t.items[0]);
        printf(")");
        return;
    }
    printf("%s[", t.kind == OX_TYPE_TENSOR ? ox_dtype_name(t.dtype, OX_DTYPE_NUMPY) : "?");
    if (t.kind != OX_TYPE_TENSOR || t.rank < 0) printf("...");
    for (int32_t i = 0; t.kind == OX_TYPE_TENSOR && i < t.rank; i++) {
        int64_t v;
        bool known = ox_dim_is_const(m, t.dims[i], &v);
        if (known)
            printf("%s%lld", i ? "," : "", (long long)v);
        else
            printf("%s%s", i ? "," : "", ox_dim_get_kind(m, t.dims[i]) == OX_DIM_UNKNOWN ? "?" : "N");
    }
    printf("]");
}

static void print_elements(ox__facts *f, ox_value v)
{
    ox_model *m = ox__facts_model(f);
    ox_tensor t = {0};
    if (ox__facts_materialize(f, v, &t, NULL) != OX_OK || !t.id) return;
    ox_tensor_info info = ox_tensor_get(m, t);
    uint64_t n = ox_tensor_raw_size(m, t);
    void *data = ox__alloc((size_t)n + 1);
    printf("\t");
    if (data && info.n_elements <= 4096 && ox_tensor_read(m, t, 0, data, n, NULL) == OX_OK)
        for (uint64_t i = 0; i < info.n_elements; i++) {
            if (ox_dtype_is_float(info.dtype))
                printf("%.17g ", ox_dtype_get_f64(info.dtype, data, i));
            else
                printf("%lld ", (long long)ox_dtype_get_i64(info.dtype, data, i));
        }
    ox__free(data);
}

/* Of the main graph: what blocks and functions declare inside, onnx reads too. */
static ox_status forget(ox_model *m, ox_graph g, ox_error *err)
{
    ox_status s = OX_OK;
    for (ox_node n = ox_graph_first(m, g); s == OX_OK && n.id; n = ox_node_next(m, n))
        for (size_t i = 0; s == OX_OK && i < ox_node_n_outputs(m, n); i++)
            if (ox_node_output(m, n, i).id) s = ox_value_set_type(m, ox_node_output(m, n, i), (ox_type){0}, err);
    return s;
}

int main(int argc, char **argv)
{
    bool values = argc > 1 && strcmp(argv[1], "values") == 0;
    char path[4096];
    while (fgets(path, sizeof path, stdin)) {
        path[strcspn(path, "\n")] = '\0';
        ox_error err;
        ox_model *m = NULL;
        ox__facts *f = NULL;
        ox_error_clear(&err);
        ox_open_options opt = {.format = "onnx"};
        ox_status s = ox_open(&m, path, &opt, NULL, NULL, &err);
        if (s == OX_OK) s = forget(m, ox_model_main(m), &err);
        if (s == OX_OK) s = ox__facts_create(&f, m, &err);
        ox__infer_options o = {.opset = m ? ox_model_opset(m, "") : 0, .evaluate = true, .blocks = true};
        if (s == OX_OK) s = ox__infer_graph(f, ox_model_main(m), &o, NULL, &err);
        printf("%s\t%s\t%s\n", path, s == OX_OK ? "ok" : "failed", s == OX_OK ? "" : err.msg);
        ox_graph g = ox_model_main(m);
        for (ox_node n = m ? ox_graph_first(m, g) : (ox_node){0}; n.id; n = ox_node_next(m, n))
            for (size_t i = 0; i < ox_node_n_outputs(m, n); i++) {
                ox_value v = ox_node_output(m, n, i);
                if (!v.id) continue;
                printf("\t%s\t%s\t", ox_str_text(m, ox_value_name(m, v), NULL), ox_str_text(m, ox_node_op(m, n), NULL));
                print_type(m, ox_value_type(m, v));
                if (values && f) print_elements(f, v);
                printf("\n");
            }
        ox__facts_free(f);
        ox_model_free(m);
    }
    return 0;
}
