/* Floor 5. Plans: a function's parameters held against the schemas of its operator, once, when it is registered. */
#include "convert/registry.h"

/* The schemas that a function could serve: its own, or those of the table. */
static const ox_aten_schema *candidates(const ox__symbol *y, size_t *n)
{
    if (y->own) {
        *n = 1;
        return y->own;
    }
    if (y->base[0] == '^') {
        *n = 0;
        return NULL;
    }
    return ox_aten_find(y->base, n);
}

static const ox_aten_schema *nth(const ox__symbol *y, const ox_aten_schema *first, size_t i)
{
    return y->own ? y->own : ox_aten_nth(first, i);
}

/* The argument that an older schema of the same overload called `name`, if it was renamed since. */
static int renamed(const ox__symbol *y, const ox_aten_schema *s, const char *name)
{
    size_t n;
    const ox_aten_schema *first = candidates(y, &n);
    ox_aten_info info = ox_aten_get(s);
    for (size_t i = 0; !y->own && i < n; i++) {
        const ox_aten_schema *old = ox_aten_nth(first, i);
        ox_aten_info was = ox_aten_get(old);
        if (old == s || strcmp(was.overload, info.overload) != 0) continue;
        int at = ox_aten_arg_index(old, name);
        if (at < 0 || (uint32_t)at >= info.n_args) continue;
        if (ox_aten_arg_index(old, ox_aten_get_arg(s, (size_t)at).name) < 0) return at;
    }
    return -1;
}

/* The index of the argument that a parameter names, -1 if there is none. */
static int arg_of_param(const ox__symbol *y, const ox_aten_schema *s, const char *param)
{
    int at = ox_aten_arg_index(s, param);
    size_t n = strlen(param);
    char plain[128];
    if (at < 0 && n > 1 && n <= sizeof plain && param[n - 1] == '_') {
        memcpy(plain, param, n - 1);
        plain[n - 1] = '\0';
        at = ox_aten_arg_index(s, plain);
        param = plain;
    }
    if (at < 0 && strcmp(param, "self") == 0) at = ox_aten_arg_index(s, "input");
    return at < 0 ? renamed(y, s, param) : at;
}

static bool ignored(const ox__symbol *y, const ox_aten_arg *a)
{
    for (size_t i = 0; i < y->def.n_ignore; i++)
        if (strcmp(y->def.ignore[i], a->name) == 0) return true;
    return false;
}

typedef enum fit { FITS, PARAM_UNKNOWN, PARAM_TWICE, ARG_MISSING, NO_MEMORY } fit;

/* Tries one schema; *what names the parameter or argument that does not fit. */
static fit plan_one(ox__symbol *y, const ox_aten_schema *s, ox__plan *out, const char **what)
{
    ox_aten_info info = ox_aten_get(s);
    int16_t *arg_of = ox__arena_alloc(&y->mem, (y->def.n_params + 1) * sizeof *arg_of);
    int16_t *left = ox__arena_alloc(&y->mem, ((size_t)info.n_args + 1) * sizeof *left);
    bool *named = ox__arena_alloc(&y->mem, (size_t)info.n_args + 1);
    if (!arg_of || !left || !named) return NO_MEMORY;
    memset(named, 0, (size_t)info.n_args + 1);
    for (size_t i = 0; i < y->def.n_params; i++) {
        int at = arg_of_param(y, s, y->def.params[i]);
        *what = y->def.params[i];
        if (at < 0) return PARAM_UNKNOWN;
        if (named[at]) return PARAM_TWICE;
        named[at] = true;
        arg_of[i] = (int16_t)at;
    }
    *out = (ox__plan){.schema = s, .arg_of = arg_of, .left = left};
    for (uint32_t i = 0; i < info.n_args; i++) {
        if (named[i]) continue;
        ox_aten_arg a = ox_aten_get_arg(s, i);
        if (a.inert == OX_ATEN_INERT || ignored(y, &a)) continue;
        if (a.def.kind == OX_ATEN_CONST_ABSENT && a.inert == OX_ATEN_MATTERS) {
            *what = a.name;
            return ARG_MISSING;
        }
        left[out->n_left++] = (int16_t)i;
    }
    return FITS;
}

static void add_schemas(ox__buf *b, const ox__symbol *y, const ox_aten_schema *first, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char text[600];
        const ox_aten_schema *s = nth(y, first, i);
        if (!y->own && ox_aten_get(s).is_out) continue;
        ox_aten_print(s, text, sizeof text);
        ox__buf_addf(b, "%s%s", b->n ? "; " : "", text);
    }
}

static ox_status refuse(const ox__symbol *y, const ox_aten_schema *first, size_t n, fit why, const char *what,
                        ox_error *err)
{
    ox__buf b = {0};
    add_schemas(&b, y, first, n);
    const char *name = y->def.name, *text = b.p ? b.p : "";
    if (why == PARAM_UNKNOWN)
        ox__fail(err, OX_E_INVALID, "%s has no argument '%s': %s", name, what, text);
    else if (why == PARAM_TWICE)
        ox__fail(err, OX_E_INVALID, "%s: '%s' names an argument for the second time: %s", name, what, text);
    else
        ox__fail(err, OX_E_INVALID, "%s: the argument '%s' has no default and is not named: %s", name, what, text);
    if (why == ARG_MISSING)
        ox_error_hint(err, "name it as a parameter, or ignore it knowingly: {ignore = {\"%s\"}}", what);
    else
        ox_error_hint(err, "parameters are bound by the names of the schema, in any order");
    bool short_of = b.failed;
    ox__buf_free(&b);
    return short_of ? ox__nomem(err) : OX_E_INVALID;
}

ox_status ox__plan_make(ox__symbol *y, ox_error *err)
{
    size_t n;
    const ox_aten_schema *first = candidates(y, &n);
    if (y->def.positional || n == 0) {
        if (y->overload && !y->def.positional && y->base[0] != '^' && !y->own) {
            ox_aten_find(y->base, &n);
            if (n) return ox__fail(err, OX_E_INVALID, "%s has no overload '%s'", y->base, y->overload);
        }
        return OX_OK;
    }
    y->plans = ox__arena_alloc(&y->mem, n * sizeof *y->plans);
    if (!y->plans) return ox__nomem(err);
    fit worst = FITS;
    const char *what = "", *why = "";
    size_t tried = 0;
    for (size_t i = 0; i < n; i++) {
        const ox_aten_schema *s = nth(y, first, i);
        ox_aten_info info = ox_aten_get(s);
        bool wanted = y->own || (y->overload ? strcmp(info.overload, y->overload) == 0 : !info.is_out);
        if (!wanted) continue;
        tried++;
        fit f = info.vararg ? FITS : plan_one(y, s, &y->plans[y->n_plans], &what);
        if (f == NO_MEMORY) return ox__nomem(err);
        if (f == FITS && info.vararg) continue; /* `...`: bound by position */
        if (f == FITS)
            y->n_plans++;
        else if (worst == FITS || (worst == PARAM_UNKNOWN && f != PARAM_UNKNOWN)) {
            worst = f; /* the nearest miss explains most */
            why = what;
        }
    }
    if (y->overload && !y->own && !tried)
        return ox__fail(err, OX_E_INVALID, "%s has no overload '%s'", y->base, y->overload);
    if (y->n_plans || worst == FITS) return OX_OK;
    return refuse(y, first, n, worst, why, err);
}

const ox__plan *ox__plan_for(const ox__symbol *y, const ox_aten_schema *schema)
{
    const char *overload = ox_aten_get(schema).overload;
    const ox__plan *other = NULL;
    for (size_t i = 0; i < y->n_plans; i++) {
        if (y->plans[i].schema == schema || y->own) return &y->plans[i];
        if (!other && strcmp(ox_aten_get(y->plans[i].schema).overload, overload) == 0) other = &y->plans[i];
    }
    return other;
}
