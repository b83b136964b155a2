/* Floor 7. Selectors: how a person names a value, a node, a scope. What is typed goes through ox_text_unescape, so that
 * any name that was printed can be typed back. */
#include "app/cmd.h"

#include <onnxsh/query.h>

#include <stdlib.h>
#include <string.h>

ox_status ox_parse_int(const char *word, const char *what, int64_t min, int64_t max, int64_t *out, ox_error *err)
{
    if (!ox_text_parse_i64(word, strlen(word), out))
        return ox_error_set(err, OX_E_INVALID, "%s: '%s' is not a whole number", what, word);
    if (*out < min || *out > max)
        return ox_error_set(err, OX_E_INVALID, "%s: %lld is not within %lld..%lld", what, (long long)*out,
                            (long long)min, (long long)max);
    return OX_OK;
}

/* The typed word as bytes of the model; freed by the caller. */
static char *unescape(const char *word, size_t *n)
{
    size_t len = strlen(word);
    char *p = malloc(len + 1);
    if (p) *n = ox_text_unescape(word, len, p);
    return p;
}

static bool has_name(const ox_model *m, ox_str name, const char *s, size_t n)
{
    size_t len;
    const char *text = ox_str_text(m, name, &len);
    return len == n && memcmp(text, s, n) == 0;
}

/* The main graph's value comes before one of an inner graph. */
static ox_value value_by_name(const ox_model *m, const char *s, size_t n)
{
    ox_value none = {0, 0};
    ox_str name = ox_str_find(m, s, n);
    if (!name.id) return none;
    ox_value v = ox_graph_find_value(m, ox_model_main(m), name);
    if (v.id) return v;
    for (uint32_t id = 1; id < ox_model_value_limit(m); id++) {
        v = ox_model_value_at(m, id);
        if (v.id && ox_value_name(m, v).id == name.id) return v;
    }
    return none;
}

static bool is_number(const char *s, size_t n, int64_t *id)
{
    return ox_text_parse_i64(s, n, id) && *id > 0 && *id < UINT32_MAX;
}

/* Up to three names that hold the word, for the hint. */
static void hint_values(const ox_model *m, const char *s, size_t n, ox_error *err)
{
    char text[300];
    size_t k = 0;
    unsigned found = 0;
    for (uint32_t id = 1; n > 1 && id < ox_model_value_limit(m) && found < 3; id++) {
        ox_value v = ox_model_value_at(m, id);
        size_t len;
        const char *name = v.id ? ox_str_text(m, ox_value_name(m, v), &len) : NULL;
        if (!name || !memmem(name, len, s, n) || k + len + 4 > sizeof text) continue;
        k += (size_t)snprintf(text + k, sizeof text - k, "%s%%%.*s", found++ ? ", " : "", (int)len, name);
    }
    if (found)
        ox_error_hint(err, "there is %s", text);
    else
        ox_error_hint(err, "`find` looks for nodes, `show` prints all names");
}

ox_status ox_select_value(const ox_model *m, const char *word, ox_value *out, ox_error *err)
{
    size_t n;
    int64_t id;
    const char *w = word[0] == '%' ? word + 1 : word;
    char *s = unescape(w, &n);
    if (!s) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    *out = value_by_name(m, s, n);
    if (!out->id && is_number(s, n, &id)) {
        *out = ox_model_value_at(m, (uint32_t)id);
        size_t len = 0;
        if (out->id) ox_str_text(m, ox_value_name(m, *out), &len);
        if (len) *out = (ox_value){0, 0}; /* a named value is not called by its number */
    }
    if (!out->id) {
        ox_error_set(err, OX_E_NOT_FOUND, "there is no value %%%s", w);
        hint_values(m, s, n, err);
    }
    free(s);
    return out->id ? OX_OK : OX_E_NOT_FOUND;
}

static ox_node node_by_name(const ox_model *m, const char *s, size_t n)
{
    ox_str name = ox_str_find(m, s, n);
    if (!name.id || n == 0) return (ox_node){0, 0};
    ox_node found = ox_graph_find_node(m, ox_model_main(m), name);
    for (uint32_t id = 1; !found.id && id < ox_model_node_limit(m); id++) {
        ox_node k = ox_model_node_at(m, id);
        if (k.id && !ox_node_is_return(m, k) && has_name(m, ox_node_name(m, k), s, n)) found = k;
    }
    return found;
}

ox_status ox_select_node(const ox_model *m, const char *word, ox_node *out, ox_error *err)
{
    int64_t id;
    *out = (ox_node){0, 0};
    if (word[0] == '#' && is_number(word + 1, strlen(word + 1), &id)) {
        *out = ox_model_node_at(m, (uint32_t)id);
        if (out->id && !ox_node_is_return(m, *out)) return OX_OK;
        return ox_error_set(err, OX_E_NOT_FOUND, "there is no node %s", word);
    }
    if (word[0] != '%') {
        size_t n;
        char *s = unescape(word, &n);
        if (!s) return ox_error_set(err, OX_E_NOMEM, "out of memory");
        *out = node_by_name(m, s, n);
        free(s);
        if (out->id) return OX_OK;
    }
    ox_value v;
    ox_status st = ox_select_value(m, word, &v, err);
    if (st != OX_OK) {
        if (word[0] != '%') ox_error_set(err, OX_E_NOT_FOUND, "there is no node or value called %s", word);
        return st;
    }
    *out = ox_value_node(m, v);
    if (out->id) return OX_OK;
    ox_error_set(err, OX_E_NOT_FOUND, "%s is made by no node: it is %s", word,
                 ox_value_is_initializer(m, v) ? "an initializer" : "an input of its graph");
    ox_error_hint(err, "`value %s` shows it", word);
    return OX_E_NOT_FOUND;
}

ox_status ox_select_scope(const ox_model *m, const char *word, ox_scope *out, ox_error *err)
{
    for (uint32_t id = 1; id < ox_model_scope_limit(m); id++) {
        *out = ox_model_scope_at(m, id);
        if (out->id && ox_scope_matches(m, *out, word)) return OX_OK;
    }
    *out = (ox_scope){0, 0};
    ox_error_set(err, OX_E_NOT_FOUND, "no scope is selected by '%s'", word);
    ox_error_hint(err, "`tree` prints the scopes; features.0 selects that path and all below it");
    return OX_E_NOT_FOUND;
}
