/* Floor 7. --input SPEC: [name=]dtype[dims], for files that do not carry the types of their inputs.
 *
 *   float32[1,3,224,224]   the next input, in order      x=float32[batch,3,?]   by name
 *   float32[]  rank 0      float32  unknown rank         n=int:3  a scalar      "odd=name"=int64[2]  a quoted name
 *   table.key=float32[2]   an item of a dict, list.0=float32[2] of a list (input_part.c)
 *   state.h=float32[1,64]  an attribute that the module sets, for export --state io
 *
 * The parts of a tuple are inputs of their own, as an export has them: in order, or by name as in
 * hidden.0=float32[2,8]. */
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
    const ox_pair *rows;
    size_t n_rows = st == OX_OK ? ox_value_metadata(m, v, &rows) : 0; /* that it is an attribute */
    for (size_t i = 0; st == OX_OK && i < n_rows; i++)
        st = ox_value_set_metadata(m, ox_node_output(m, c, 0), rows[i].key, rows[i].value, err);
    if (st == OX_OK) st = ox_value_replace_uses(m, v, ox_node_output(m, c, 0), err);
    if (st == OX_OK) st = ox_graph_remove_input(m, g, ox_value_index(m, v), err);
    return st;
}

/* ---- which input ---- */
enum { MAX_NESTED = 32 };

typedef struct place {
    ox_value v;
    size_t part; /* of a tuple, parts of parts counted through */
    bool is_part;
} place;

static size_t n_parts(const ox_model *m, ox_type type, int depth)
{
    ox_type_info t = ox_type_get(m, type);
    if (t.kind != OX_TYPE_TUPLE || depth == MAX_NESTED) return 1;
    size_t n = 0;
    for (uint32_t i = 0; i < t.n_items; i++) n += n_parts(m, t.items[i], depth + 1);
    return n;
}

static bool is_tuple(const ox_model *m, ox_type t)
{
    return ox_type_get(m, t).kind == OX_TYPE_TUPLE;
}

/* Which part of a tuple `.0.1` is. */
static bool part_of_path(const ox_model *m, ox_type type, const char *path, size_t *part)
{
    *part = 0;
    for (int depth = 0; *path == '.' && depth < MAX_NESTED; depth++) {
        ox_type_info t = ox_type_get(m, type);
        size_t n = strspn(++path, "0123456789");
        int64_t at;
        if (t.kind != OX_TYPE_TUPLE || !ox_text_parse_i64(path, n, &at) || at >= (int64_t)t.n_items) return false;
        for (int64_t i = 0; i < at; i++) *part += n_parts(m, t.items[i], depth + 1);
        type = t.items[at];
        path += n;
    }
    return !*path && !is_tuple(m, type);
}

static ox_status find_named(ox_model *m, const spec *p, place *out, ox_error *err)
{
    ox_graph g = ox_model_main(m);
    for (size_t k = 0, n = ox_graph_n_inputs(m, g); k < 2 * n; k++) {
        out->v = ox_graph_input(m, g, k % n);
        ox_type type = ox_value_type(m, out->v);
        const char *name = ox_str_text(m, ox_value_name(m, out->v), NULL);
        size_t len = k < n ? strlen(name) : ox_input_base(name); /* x for x.1, where no name fits wholly */
        if (!len || strncmp(name, p->name, len) != 0) continue;
        out->is_part = p->name[len] == '.' && is_tuple(m, type);
        if (out->is_part && part_of_path(m, type, p->name + len, &out->part)) return OX_OK;
        if (p->name[len]) continue;
        if (!is_tuple(m, type)) return OX_OK;
        ox_error_set(err, OX_E_INVALID, "--input %s: %s is a tuple", p->text, p->name);
        ox_error_hint(err, "name its parts: %s.0, %s.1, ...", p->name, p->name);
        return OX_E_INVALID;
    }
    out->is_part = false;
    ox_status st = ox_input_part(m, p->name, &out->v, err);
    if (st == OX_OK && !out->v.id) st = ox_input_state(m, p->name, &out->v, err);
    if (st != OX_OK || out->v.id) return st;
    return ox_error_set(err, OX_E_INVALID, "--input %s: the graph has no input %s", p->text, p->name);
}

static ox_status find_input(ox_model *m, const spec *p, size_t *next, place *out, ox_error *err)
{
    ox_status unread = ox_model_graph_status(m, err);
    if (unread != OX_OK) return unread; /* so it has no inputs: that is not what is wrong */
    if (p->name) return find_named(m, p, out, err);
    ox_graph g = ox_model_main(m);
    size_t seen = 0;
    for (size_t i = 0; i < ox_graph_n_inputs(m, g); i++) {
        out->v = ox_graph_input(m, g, i);
        ox_type type = ox_value_type(m, out->v);
        /* A module's own `self` is no input to give a shape to. */
        if (ox_type_get(m, type).kind == OX_TYPE_CLASS) continue;
        size_t n = n_parts(m, type, 0);
        if (*next - seen < n) {
            out->part = (*next)++ - seen;
            out->is_part = is_tuple(m, type);
            return OX_OK;
        }
        seen += n;
    }
    return ox_error_set(err, OX_E_INVALID, "--input %s: the graph has %zu input%s only", p->text, seen,
                        seen == 1 ? "" : "s");
}

/* The type of a tuple with another type of one part. */
static ox_type with_part(ox_model *m, ox_type type, size_t *part, ox_type want, int depth)
{
    ox_type_info t = ox_type_get(m, type);
    if (t.kind != OX_TYPE_TUPLE || depth == MAX_NESTED) return (*part)-- == 0 ? want : type;
    ox_type *items = malloc((t.n_items + 1) * sizeof *items);
    if (!items) return (ox_type){0};
    memcpy(items, t.items, t.n_items * sizeof *items);
    for (uint32_t i = 0; i < t.n_items; i++) {
        size_t n = n_parts(m, items[i], depth + 1);
        if (*part >= n) {
            *part -= n;
            continue;
        }
        items[i] = with_part(m, items[i], part, want, depth + 1);
        break;
    }
    t.items = items;
    ox_type made = ox_type_add(m, &t);
    free(items);
    return made;
}

static ox_status apply(ox_model *m, const spec *p, size_t *next, ox_error *err)
{
    place at = {0};
    ox_status st = find_input(m, p, next, &at, err);
    if (st != OX_OK) return st;
    if (p->scalar && at.is_part) return bad(p, err, "a part of a tuple cannot be a scalar");
    if (p->scalar) {
        st = bind_scalar(m, at.v, p, err);
        if (st == OX_OK && !p->name) --*next; /* the list of inputs got shorter */
        return st;
    }
    ox_dtype dtype = ox_dtype_find(p->dtype, p->n_dtype, OX_DTYPE_NUMPY);
    if (dtype == OX_UNDEFINED)
        return bad(p, err, "there is no such dtype; names are those of NumPy: float32, int64, ...");
    ox_dim dims[64];
    int32_t rank;
    st = parse_dims(m, p, dims, &rank, err);
    if (st != OX_OK) return st;
    ox_type type = ox_type_tensor(m, dtype, rank, dims);
    if (at.is_part) type = with_part(m, ox_value_type(m, at.v), &at.part, type, 0);
    if (!type.id) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    return ox_value_set_type(m, at.v, type, err);
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
