/* Floor 7. --input SPEC: [name=]dtype[dims], for files that do not carry the types of their inputs.
 *
 *   float32[1,3,224,224]   the next input, in order      x=float32[batch,3,?]   by name
 *   float32[]  rank 0      float32  unknown rank         n=int:3  a scalar      "odd=name"=int64[2]  a quoted name */
#include "app/session.h"

#include <onnxsh/graph.h>
#include <onnxsh/text.h>

#include <stdlib.h>
#include <string.h>

typedef struct spec {
    const char *text; /* the whole, for messages */
    char *name;       /* NULL: positional */
    const char *dtype;
    size_t n_dtype;
    const char *dims; /* inside the brackets; NULL: none given */
    size_t n_dims;
    const char *scalar; /* after ':'; NULL: not a scalar */
} spec;

static ox_status bad(const spec *p, ox_error *err, const char *why)
{
    ox_error_set(err, OX_E_INVALID, "--input %s: %s", p->text, why);
    ox_error_hint(err, "[name=]dtype[dims], as in x=float32[batch,3,224,224], float32[], n=int:3");
    return OX_E_INVALID;
}

/* The name before `=`, which may be quoted; what follows goes to *rest. */
static ox_status split_name(spec *p, const char **rest, ox_error *err)
{
    const char *t = p->text;
    *rest = t;
    if (*t == '"') {
        char *d = p->name = malloc(strlen(t) + 1);
        if (!d) return ox_error_set(err, OX_E_NOMEM, "out of memory");
        for (t++; *t && *t != '"'; t++) {
            if (*t == '\\' && (t[1] == '"' || t[1] == '\\')) t++;
            *d++ = *t;
        }
        *d = '\0';
        if (t[0] != '"' || t[1] != '=') return bad(p, err, "a quoted name ends with \"=");
        *rest = t + 2;
        return OX_OK;
    }
    const char *eq = strchr(t, '=');
    if (!eq) return OX_OK;
    p->name = strndup(t, (size_t)(eq - t));
    *rest = eq + 1;
    return p->name ? OX_OK : ox_error_set(err, OX_E_NOMEM, "out of memory");
}

static ox_status parse(spec *p, ox_error *err)
{
    const char *t;
    ox_status st = split_name(p, &t, err);
    if (st != OX_OK) return st;
    p->dtype = t;
    p->n_dtype = strcspn(t, "[:");
    t += p->n_dtype;
    if (*t == ':') {
        p->scalar = t + 1;
    } else if (*t == '[') {
        const char *end = strrchr(t, ']');
        if (!end || end[1]) return bad(p, err, "the dims do not end with ]");
        p->dims = t + 1;
        p->n_dims = (size_t)(end - t - 1);
    }
    return p->n_dtype ? OX_OK : bad(p, err, "there is no dtype");
}

static ox_status parse_dims(ox_model *m, const spec *p, ox_dim *dims, int32_t *rank, ox_error *err)
{
    *rank = OX_RANK_UNKNOWN;
    if (!p->dims) return OX_OK;
    *rank = 0;
    const char *t = p->dims, *end = t + p->n_dims;
    while (t < end) {
        const char *comma = memchr(t, ',', (size_t)(end - t));
        const char *stop = comma ? comma : end;
        while (t < stop && *t == ' ') t++;
        const char *last = stop;
        while (last > t && last[-1] == ' ') last--;
        if (*rank == 64) return bad(p, err, "more than 64 dims");
        if (last == t) return bad(p, err, "a dim is empty");
        if (last - t == 1 && *t == '?') {
            dims[*rank] = ox_dim_unknown(m, "given as ? by --input");
        } else {
            ox_error why;
            ox_status st = ox_dim_parse(m, t, (size_t)(last - t), &dims[*rank], &why);
            if (st != OX_OK) return st == OX_E_NOMEM ? ox_error_set(err, st, "out of memory") : bad(p, err, why.msg);
            int64_t v;
            if (ox_dim_is_const(m, dims[*rank], &v) && v < 0) return bad(p, err, "a dim is negative");
        }
        (*rank)++;
        t = comma ? comma + 1 : end;
    }
    return OX_OK;
}

/* `int:3`: the input becomes a constant, so that what depends on it folds. */
static ox_status bind_scalar(ox_model *m, ox_value v, const spec *p, ox_error *err)
{
    ox_graph g = ox_model_main(m);
    ox_attr a = {.name = ox_str_addz(m, "value")};
    ox_type_kind kind;
    size_t n = strlen(p->scalar);
    if (p->n_dtype == 3 && memcmp(p->dtype, "int", 3) == 0) {
        kind = OX_TYPE_INT;
        a.kind = OX_ATTR_INT;
        if (!ox_text_parse_i64(p->scalar, n, &a.u.i)) return bad(p, err, "the scalar is not an integer");
    } else if (p->n_dtype == 5 && memcmp(p->dtype, "float", 5) == 0) {
        kind = OX_TYPE_FLOAT_SCALAR;
        a.kind = OX_ATTR_FLOAT;
        if (!ox_text_parse_f64(p->scalar, n, &a.u.f)) return bad(p, err, "the scalar is not a number");
    } else if (p->n_dtype == 4 && memcmp(p->dtype, "bool", 4) == 0) {
        kind = OX_TYPE_BOOL_SCALAR;
        a.kind = OX_ATTR_BOOL;
        a.u.i = strcmp(p->scalar, "true") == 0 || strcmp(p->scalar, "1") == 0;
        if (!a.u.i && strcmp(p->scalar, "false") != 0 && strcmp(p->scalar, "0") != 0)
            return bad(p, err, "the scalar is neither true nor false");
    } else {
        return bad(p, err, "a scalar is int:, float: or bool:");
    }
    ox_node c;
    ox_status st = ox_node_create(m, &c, g, ox_graph_first(m, g), ox_str_addz(m, "prim"), ox_str_addz(m, "Constant"), 0,
                                  NULL, 1, err);
    if (st == OX_OK) st = ox_node_set_attr(m, c, &a, err);
    if (st == OX_OK) st = ox_value_set_type(m, ox_node_output(m, c, 0), ox_type_simple(m, kind), err);
    if (st == OX_OK) st = ox_value_replace_uses(m, v, ox_node_output(m, c, 0), err);
    if (st == OX_OK) st = ox_graph_remove_input(m, g, ox_value_index(m, v), err);
    return st;
}

static ox_status find_input(ox_model *m, const spec *p, size_t *next, ox_value *out, ox_error *err)
{
    ox_graph g = ox_model_main(m);
    size_t n = ox_graph_n_inputs(m, g);
    for (size_t i = 0; i < n && p->name; i++) {
        ox_value v = ox_graph_input(m, g, i);
        size_t len;
        const char *name = ox_str_text(m, ox_value_name(m, v), &len);
        if (len == strlen(p->name) && memcmp(name, p->name, len) == 0) {
            *out = v;
            return OX_OK;
        }
    }
    if (p->name) {
        ox_error_set(err, OX_E_INVALID, "--input %s: the graph has no input %s", p->text, p->name);
        return OX_E_INVALID;
    }
    /* A module's own `self` is no input to give a shape to. */
    while (*next < n && ox_type_get(m, ox_value_type(m, ox_graph_input(m, g, *next))).kind == OX_TYPE_CLASS) ++*next;
    if (*next >= n) return ox_error_set(err, OX_E_INVALID, "--input %s: the graph has %zu inputs only", p->text, n);
    *out = ox_graph_input(m, g, (*next)++);
    return OX_OK;
}

static ox_status apply(ox_model *m, const spec *p, size_t *next, ox_error *err)
{
    ox_value v;
    ox_status st = find_input(m, p, next, &v, err);
    if (st != OX_OK) return st;
    if (p->scalar) {
        st = bind_scalar(m, v, p, err);
        if (st == OX_OK && !p->name) --*next; /* the list of inputs got shorter */
        return st;
    }
    ox_dtype dtype = ox_dtype_find(p->dtype, p->n_dtype, OX_DTYPE_NUMPY);
    if (dtype == OX_UNDEFINED)
        return bad(p, err, "there is no such dtype; names are those of NumPy: float32, int64, ...");
    ox_dim dims[64];
    int32_t rank;
    st = parse_dims(m, p, dims, &rank, err);
    if (st == OX_OK) st = ox_value_set_type(m, v, ox_type_tensor(m, dtype, rank, dims), err);
    return st;
}

ox_status ox_input_apply(ox_model *m, const ox_words *specs, ox_error *err)
{
    size_t next = 0;
    for (size_t i = 0; i < specs->n; i++) {
        spec p = {.text = specs->p[i]};
        ox_status st = parse(&p, err);
        if (st == OX_OK) st = apply(m, &p, &next, err);
        free(p.name);
        if (st != OX_OK) return st;
    }
    return ox_model_status(m, err);
}
