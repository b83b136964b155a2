/* Floor 7. A skeleton of a symbolic function, with what one call gives it as comments. */
#include "app/cmd/symbolic_new.h"

#include "app/cmd/node_parts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PARAMS = 64, MAX_WORD = 160 };

typedef struct param {
    char name[MAX_WORD];       /* as Lua takes it */
    char formal[2 * MAX_WORD]; /* "Scalar = 1" */
    ptrdiff_t input;           /* of the node, -1: it has none */
} param;

static bool is_keyword(const char *s)
{
    static const char *const words[] = {"and",      "break",  "do",   "else", "elseif", "end",  "false", "for",
                                        "function", "goto",   "if",   "in",   "local",  "nil",  "not",   "or",
                                        "repeat",   "return", "then", "true", "until",  "while"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(s, words[i]) == 0) return true;
    return false;
}

/* The schema that the skeleton follows: of the overload in the name, of the node, else the first one. */
static const ox_aten_schema *schema_for(const ox_session *s, const char *name, ox_node at, bool *overload)
{
    char base[MAX_WORD];
    const char *dot = strrchr(name, '.');
    size_t n;
    snprintf(base, sizeof base, "%.*s", dot ? (int)(dot - name) : (int)strlen(name), name);
    *overload = dot && ox_aten_find_overload(base, dot + 1);
    if (*overload) return ox_aten_find_overload(base, dot + 1);
    const ox_aten_schema *fits = at.id ? ox_node_aten_schema(s->model, at) : NULL;
    if (fits && strcmp(ox_aten_get(fits).name, name) == 0) return fits;
    return ox_aten_find(name, &n);
}

static bool is_node_of(const ox_model *m, ox_node n, const char *name)
{
    char text[512];
    ox_node_op_text(m, n, text, sizeof text);
    size_t k = strlen(name), len = strlen(text);
    if (strncmp(text, name, k) == 0 && (len == k || text[k] == '.')) return true;
    const char *dot = strrchr(name, '.'); /* a node may be without the overload that the name has */
    return dot && (size_t)(dot - name) == len && memcmp(text, name, len) == 0;
}

static ox_node first_of(const ox_session *s, const char *name)
{
    for (uint32_t id = 1; s->model && id < ox_model_node_limit(s->model); id++) {
        ox_node n = ox_model_node_at(s->model, id);
        if (n.id && !ox_node_is_return(s->model, n) && is_node_of(s->model, n, name)) return n;
    }
    return (ox_node){0};
}

/* The parameters that matter, in the schema's order; without one as many as the node has inputs. */
static size_t take_params(const ox_session *s, const ox_aten_schema *schema, ox_node at, param *p)
{
    size_t n = 0, n_in = at.id ? ox_node_n_inputs(s->model, at) : 0;
    if (!schema) {
        for (; n < n_in && n < MAX_PARAMS; n++) {
            p[n] = (param){.input = (ptrdiff_t)n};
            snprintf(p[n].name, sizeof p[n].name, "x%zu", n + 1);
        }
        return n;
    }
    for (uint32_t i = 0; i < ox_aten_get(schema).n_args && n < MAX_PARAMS; i++) {
        ox_aten_arg a = ox_aten_get_arg(schema, i);
        if (a.inert == OX_ATEN_INERT || (a.inert == OX_ATEN_INERT_EVAL && a.def.text)) continue;
        p[n] = (param){.input = i < n_in ? (ptrdiff_t)i : -1};
        snprintf(p[n].name, sizeof p[n].name, "%s%s", a.name, is_keyword(a.name) ? "_" : "");
        snprintf(p[n].formal, sizeof p[n].formal, "%s%s%s", a.type.text, a.def.text ? " = " : "",
                 a.def.text ? a.def.text : "");
        n++;
    }
    return n;
}

/* The ONNX operator of that name, case and underscores aside: Elu for aten::elu, LogSoftmax for aten::log_softmax. */
static const char *onnx_name(const char *name)
{
    const char *base = strstr(name, "::") ? strstr(name, "::") + 2 : name + (*name == '^');
    for (size_t i = 0; i < ox_op_schema_count(); i++) {
        ox_op_info info = ox_op_schema_info(ox_op_schema_at(i));
        const char *a = base, *b = info.name;
        if (*info.domain || info.deprecated) continue;
        for (;; a++, b++) {
            while (*a == '_') a++;
            if (!*b || tolower((unsigned char)*a) != tolower((unsigned char)*b)) break;
        }
        if (!*b && (!*a || *a == '.')) return info.name;
    }
    return NULL;
}

/* What the call gives: sanitised, on one line. */
static void put_given(ox_session *s, ox_node at, const param *p, ox_out *o)
{
    ox_value v = ox_node_input(s->model, at, (size_t)p->input);
    if (!v.id) {
        ox_out_f(o, "None");
        return;
    }
    ox_node_put_value(s->model, v, o);
    ox_node_put_origin(s->model, v, o);
}

static void put_body(ox_session *s, const char *name, const ox_aten_schema *schema, ox_node at, const param *p,
                     size_t n, ox_out *o)
{
    char text[1024], where[1024];
    size_t widest = 0, formal = 0;
    if (schema) {
        ox_aten_print(schema, text, sizeof text);
        ox_out_f(o, "-- %s\n", text);
    }
    if (at.id) {
        ox_node_scope_text(s->model, at, text, sizeof text);
        ox_node_loc_text(s->model, at, where, sizeof where);
        ox_out_f(o, "-- as called by #%u%s", at.id, *text ? " in " : "");
        ox_out_name(o, text, strlen(text));
        ox_out_f(o, *where ? ", " : "");
        ox_out_name(o, where, strlen(where));
        ox_out_f(o, "\n");
    }
    ox_out_f(o, "symbolic(\"%s\", function(g", name);
    for (size_t i = 0; i < n; i++) ox_out_f(o, ", %s", p[i].name);
    ox_out_f(o, ")\n");
    for (size_t i = 0; i < n; i++) {
        if (strlen(p[i].name) > widest) widest = strlen(p[i].name);
        if (strlen(p[i].formal) > formal) formal = strlen(p[i].formal);
    }
    for (size_t i = 0; i < n; i++) {
        ox_out_f(o, "  -- %-*s", formal || at.id ? (int)widest : 0, p[i].name);
        if (formal) ox_out_f(o, "  %-*s", at.id ? (int)formal : 0, p[i].formal);
        if (at.id && p[i].input >= 0) {
            ox_out_f(o, "  here ");
            put_given(s, at, &p[i], o);
        } else if (at.id) {
            ox_out_f(o, "  here its default");
        }
        ox_out_f(o, "\n");
    }
    const char *op = onnx_name(name);
    ox_out_f(o, "  -- return g:op(\"%s\"%s%s)\n", op ? op : "Identity", n ? ", " : "", n ? p[0].name : "");
    ox_out_f(o, "  g:unsupported(\"%s is not written yet\")\nend)\n", name);
}

ox_status ox_symbolic_skeleton(ox_session *s, const char *name, ox_node at, char **text, ox_error *err)
{
    size_t size = 0;
    bool overload;
    *text = NULL;
    param *p = calloc(MAX_PARAMS, sizeof *p);
    ox_out o = {.f = open_memstream(text, &size)};
    if (!p || !o.f) {
        free(p);
        if (o.f) fclose(o.f);
        free(*text);
        *text = NULL;
        return ox_error_set(err, OX_E_NOMEM, "out of memory");
    }
    if (!at.id) at = first_of(s, name);
    const ox_aten_schema *schema = schema_for(s, name, at, &overload);
    size_t n = take_params(s, schema, at, p);
    put_body(s, name, schema, at, p, n, &o);
    free(p);
    ox_status st = OX_OK;
    if (fclose(o.f) != 0) st = ox_error_set(err, OX_E_NOMEM, "out of memory");
    if (st == OX_OK && !schema && !at.id) {
        st = ox_error_set(err, OX_E_NOT_FOUND, "%s has no schema, and no node of the model is one", name);
        ox_error_hint(err, "`schema %s` looks for names alike", name);
    }
    if (st == OX_OK) return OX_OK;
    free(*text);
    *text = NULL;
    return st;
}
