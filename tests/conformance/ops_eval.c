/* Runs the models whose paths stand on standard input, one a line, for suites that run many small ones. Every input of
 * a graph is the initializer NAME_in; a map is made of NAME_keys and NAME_values. Prints for each
 * "path<TAB>status<TAB>message", then a line for each output: "<TAB>name<TAB>data", where a tensor is
 * float32[2,3]:bytes in hexadecimal, strings are string[2]:hex hex, a sequence is (item item) and a map
 * {keys values}. */
#include "ops/exec.h"

#include <onnxsh/io.h>

#include <stdio.h>

static void print_hex(const void *p, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) printf("%02x", ((const uint8_t *)p)[i]);
}

static void print_data(const ox_data *d)
{
    ox_data_info i = ox_data_get(d);
    if (i.kind == OX_DATA_TENSOR) {
        printf("%s[", ox_dtype_name(i.dtype, OX_DTYPE_NUMPY));
        for (uint32_t k = 0; k < i.rank; k++) printf("%s%lld", k ? "," : "", (long long)i.dims[k]);
        printf("]:");
        for (uint64_t k = 0; i.dtype == OX_STRING && k < i.n; k++) {
            const ox_bytes *b = (const ox_bytes *)i.data + k;
            printf("%s", k ? "," : "");
            print_hex(b->p, b->n);
        }
        if (i.dtype != OX_STRING) print_hex(i.data, i.n_bytes);
        return;
    }
    printf("%s", i.kind == OX_DATA_MAP ? "{" : "(");
    if (i.keys) print_data(i.keys);
    for (uint64_t k = 0; k < i.n; k++) {
        printf(" ");
        print_data(i.items[k]);
    }
    printf(" %s", i.kind == OX_DATA_MAP ? "}" : ")");
}

static ox_status read_value(const ox_model *m, const char *name, const char *what, ox_data **out, ox_error *err)
{
    char text[512];
    ox_graph g = ox_model_main(m);
    snprintf(text, sizeof text, "%s_%s", name, what);
    for (size_t i = 0; i < ox_graph_n_initializers(m, g); i++) {
        ox_value v = ox_graph_initializer(m, g, i);
        if (strcmp(ox_str_text(m, ox_value_name(m, v), NULL), text) == 0)
            return ox_data_of_tensor(out, m, ox_value_tensor(m, v), SIZE_MAX / 2, err);
    }
    *out = NULL;
    return OX_OK;
}

static ox_status read_input(const ox_model *m, ox_value v, ox_data **out, ox_error *err)
{
    const char *name = ox_str_text(m, ox_value_name(m, v), NULL);
    ox_data *keys = NULL, *values = NULL;
    ox_status s = read_value(m, name, "in", out, err);
    if (s != OX_OK || *out) return s;
    s = read_value(m, name, "keys", &keys, err);
    if (s == OX_OK) s = read_value(m, name, "values", &values, err);
    if (s == OX_OK && keys && values) s = ox_data_map(out, keys, values, err);
    ox_data_free(keys);
    ox_data_free(values);
    return s;
}

static ox_status run(const ox_model *m, ox_data **in, size_t n_in, ox_data **out, size_t n_out, ox_error *err)
{
    ox__exec_options opt = {.seed = 1, .threads = 1, .max_bytes = 1 << 28, .max_nodes = 100000};
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < n_in; i++)
        s = read_input(m, ox_graph_input(m, ox_model_main(m), i), &in[i], err);
    return s == OX_OK ? ox__exec_run(m, &opt, n_in, in, n_out, out, err) : s;
}

static void run_path(const char *path)
{
    ox_error err;
    ox_model *m = NULL;
    ox_error_clear(&err);
    ox_open_options opt = {.format = "onnx"};
    ox_status s = ox_open(&m, path, &opt, NULL, NULL, &err);
    size_t n_in = m ? ox_graph_n_inputs(m, ox_model_main(m)) : 0,
           n_out = m ? ox_graph_n_outputs(m, ox_model_main(m)) : 0;
    ox_data **in = ox__calloc(n_in + 1, sizeof *in), **out = ox__calloc(n_out + 1, sizeof *out);
    if (s == OX_OK) s = in && out ? run(m, in, n_in, out, n_out, &err) : ox__nomem(&err);
    printf("%s\t%s\t%s\n", path, s == OX_OK ? "ok" : ox_status_text(s), s == OX_OK ? "" : err.msg);
    for (size_t i = 0; s == OX_OK && i < n_out; i++) {
        printf("\t%s\t", ox_str_text(m, ox_value_name(m, ox_graph_output(m, ox_model_main(m), i)), NULL));
        print_data(out[i]);
        printf("\n");
    }
    for (size_t i = 0; in && i < n_in; i++) ox_data_free(in[i]);
    for (size_t i = 0; out && i < n_out; i++) ox_data_free(out[i]);
    ox__free(in);
    ox__free(out);
    ox_model_free(m);
}

int main(void)
{
    char path[4096];
    while (fgets(path, sizeof path, stdin)) {
        path[strcspn(path, "\n")] = '\0';
        run_path(path);
        fflush(stdout);
    }
    return 0;
}
