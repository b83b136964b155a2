/* Floor 5. Rules on strings: a scripted model has them in messages, in names of modes, in keys of dicts. Letters are
 * those of ASCII; a string with others is left alone where case or width would matter. */
#include "convert/args.h"
#include "convert/fold.h"

#include <ctype.h>

static ox__verdict take(ox__fold *f, ox__buf *b)
{
    char *p = b->failed ? NULL : ox__arena_dup(&f->c->call, b->p, b->n);
    size_t n = b->n;
    ox__buf_free(b);
    return p ? ox__fold_text(f, p, n) : ox__fold_nomem(f);
}

/* What str() says; false for what has no text here. */
static bool spell(const ox_arg *a, ox__buf *b)
{
    switch (a->kind) {
    case OX_ARG_STR: ox__buf_add(b, a->s, a->s_n); return true;
    case OX_ARG_INT: ox__buf_addf(b, "%lld", (long long)a->i); return true;
    case OX_ARG_BOOL: ox__buf_addz(b, a->i ? "True" : "False"); return true;
    case OX_ARG_NONE: ox__buf_addz(b, "None"); return true;
    case OX_ARG_LIST:
        ox__buf_addc(b, '[');
        for (size_t i = 0; i < a->n; i++) {
            if (i) ox__buf_addz(b, ", ");
            if (a->items[i].kind == OX_ARG_STR || !spell(&a->items[i], b)) return false;
        }
        ox__buf_addc(b, ']');
        return true;
    default: return false; /* floats: PyTorch's digits are its own */
    }
}

/* Each {} is the next argument. */
ox__verdict ox__rule_format(ox__fold *f)
{
    ox__buf b = {0};
    if (f->in[0].kind != OX_ARG_STR) return OX__FOLD_NOT;
    const char *s = f->in[0].s, *end = s + f->in[0].s_n;
    size_t next = 1;
    bool known = true;
    for (; known && s < end; s++) {
        if (s + 1 < end && s[0] == '{' && s[1] == '}') {
            ox_arg a;
            f->s = ox__arg_read(f->c, ox__fold_input(f, next), &a, f->c->err);
            known = f->s == OX_OK && next < f->n_in && spell(&a, &b);
            next++;
            s++;
        } else if (*s == '{' || *s == '}') {
            known = false;
        } else {
            ox__buf_addc(&b, *s);
        }
    }
    if (known && next == f->n_in) return take(f, &b);
    ox__buf_free(&b);
    return f->s == OX_OK ? OX__FOLD_NOT : OX__FOLD_DONE;
}

/* "n%d" % 3, of whole numbers and texts. */
ox__verdict ox__rule_percent(ox__fold *f)
{
    ox__buf b = {0};
    if (f->in[0].kind != OX_ARG_STR) return OX__FOLD_NOT;
    const char *s = f->in[0].s, *end = s + f->in[0].s_n;
    size_t next = 1;
    bool known = true;
    for (; known && f->s == OX_OK && s < end; s++) {
        if (*s != '%') {
            ox__buf_addc(&b, *s);
            continue;
        }
        ox_arg a = {0};
        known = ++s < end && (*s == '%' || *s == 's' || *s == 'd') && (*s == '%' || next < f->n_in);
        if (known && *s == '%') {
            ox__buf_addc(&b, '%');
        } else if (known) {
            f->s = ox__arg_read(f->c, ox__fold_input(f, next++), &a, f->c->err);
            known = f->s == OX_OK && (*s == 's' || a.kind == OX_ARG_INT) && spell(&a, &b);
        }
    }
    if (known && next == f->n_in) return take(f, &b);
    ox__buf_free(&b);
    return f->s == OX_OK ? OX__FOLD_NOT : OX__FOLD_DONE;
}

ox__verdict ox__rule_str(ox__fold *f)
{
    ox__buf b = {0};
    if (f->n_in != 1 || f->in[0].kind == OX_ARG_LIST || !spell(&f->in[0], &b)) {
        ox__buf_free(&b);
        return OX__FOLD_NOT;
    }
    return take(f, &b);
}

/* ---- methods ---- */
static bool plain(const ox_arg *a)
{
    for (size_t i = 0; i < a->s_n; i++)
        if ((unsigned char)a->s[i] >= 0x80) return false;
    return true;
}

static ox__verdict change_case(ox__fold *f, bool up)
{
    char *p = ox__arena_dup(&f->c->call, f->in[0].s, f->in[0].s_n);
    if (!p) return ox__fold_nomem(f);
    for (size_t i = 0; i < f->in[0].s_n; i++)
        p[i] = (char)(up ? toupper((unsigned char)p[i]) : tolower((unsigned char)p[i]));
    return ox__fold_text(f, p, f->in[0].s_n);
}

static ox__verdict strip(ox__fold *f, bool left, bool right)
{
    const char *s = f->in[0].s, *set = " \n\t\f\v\r";
    size_t n = f->in[0].s_n, k = 6;
    if (f->n_in > 1 && f->in[1].kind == OX_ARG_STR) {
        set = f->in[1].s;
        k = f->in[1].s_n;
    }
    for (; left && n && memchr(set, *s, k); n--) s++;
    while (right && n && memchr(set, s[n - 1], k)) n--;
    return ox__fold_text(f, s, n);
}

static int64_t find(const ox_arg *a, const ox_arg *what)
{
    for (size_t i = 0; i + what->s_n <= a->s_n; i++)
        if (memcmp(a->s + i, what->s, what->s_n) == 0) return (int64_t)i;
    return -1;
}

static ox__verdict replace(ox__fold *f)
{
    const ox_arg *a = &f->in[0], *old = &f->in[1], *new = &f->in[2];
    ox__buf b = {0};
    if (f->n_in < 3 || old->kind != OX_ARG_STR || new->kind != OX_ARG_STR || !old->s_n) return OX__FOLD_NOT;
    if (f->n_in > 3 && !(f->in[3].kind == OX_ARG_INT && f->in[3].i < 0)) return OX__FOLD_NOT;
    for (size_t i = 0; i < a->s_n;) {
        bool here = i + old->s_n <= a->s_n && memcmp(a->s + i, old->s, old->s_n) == 0;
        if (here)
            ox__buf_add(&b, new->s, new->s_n);
        else
            ox__buf_addc(&b, a->s[i]);
        i += here ? old->s_n : 1;
    }
    return take(f, &b);
}

/* A part of a string as Python's methods take it; -1 as the end, PyTorch's default, is the end. */
static bool part_of(const ox__fold *f, ox_arg *a)
{
    int64_t n = (int64_t)a->s_n, from = 0, to = n;
    if (f->n_in > 4 || (f->n_in > 2 && f->in[2].kind != OX_ARG_INT) || (f->n_in > 3 && f->in[3].kind != OX_ARG_INT))
        return false;
    if (f->n_in > 2) from = f->in[2].i < 0 ? OX__MAX(f->in[2].i + n, 0) : f->in[2].i;
    if (f->n_in > 3) to = f->in[3].i < 0 ? OX__MAX(f->in[3].i + n + 1, 0) : OX__MIN(f->in[3].i, n);
    if (from > to) return false;
    a->s += from;
    a->s_n = (size_t)(to - from);
    return true;
}

static ox__verdict with_text(ox__fold *f, const char *op)
{
    ox_arg a = f->in[0], *b = &f->in[1];
    if (!strcmp(op, "__contains__")) return ox__fold_bool(f, find(&a, b) >= 0);
    if (!strcmp(op, "add")) {
        ox__buf out = {0};
        ox__buf_add(&out, a.s, a.s_n);
        ox__buf_add(&out, b->s, b->s_n);
        return take(f, &out);
    }
    if (!part_of(f, &a)) return OX__FOLD_NOT;
    if (!strcmp(op, "find") || !strcmp(op, "index")) {
        int64_t at = find(&a, b);
        if (at < 0) return *op == 'f' ? ox__fold_int(f, -1) : OX__FOLD_NOT;
        return ox__fold_int(f, at + (a.s - f->in[0].s));
    }
    bool starts = !strcmp(op, "startswith"), fits = b->s_n <= a.s_n;
    if (!starts && strcmp(op, "endswith") != 0) return OX__FOLD_NOT;
    return ox__fold_bool(f, fits && memcmp(starts ? a.s : a.s + (a.s_n - b->s_n), b->s, b->s_n) == 0);
}

ox__verdict ox__rule_text(ox__fold *f)
{
    const char *op = ox__fold_op(f);
    if (f->in[0].kind != OX_ARG_STR || !plain(&f->in[0])) return OX__FOLD_NOT;
    if (!strcmp(op, "replace")) return replace(f);
    if (!strcmp(op, "lower") || !strcmp(op, "upper")) return change_case(f, *op == 'u');
    if (!strcmp(op, "strip") || !strcmp(op, "lstrip") || !strcmp(op, "rstrip"))
        return f->n_in < 2 || f->in[1].kind == OX_ARG_STR ? strip(f, op[0] != 'r', op[0] != 'l') : OX__FOLD_NOT;
    return f->n_in > 1 && f->in[1].kind == OX_ARG_STR ? with_text(f, op) : OX__FOLD_NOT;
}

/* ",".join(list) */
ox__verdict ox__rule_join(ox__fold *f)
{
    ox__buf b = {0};
    if (f->n_in != 2 || f->in[0].kind != OX_ARG_STR || f->in[1].kind != OX_ARG_LIST) return OX__FOLD_NOT;
    for (size_t i = 0; i < f->in[1].n; i++) {
        const ox_arg *a = &f->in[1].items[i];
        if (a->kind != OX_ARG_STR) {
            ox__buf_free(&b);
            return OX__FOLD_NOT;
        }
        if (i) ox__buf_add(&b, f->in[0].s, f->in[0].s_n);
        ox__buf_add(&b, a->s, a->s_n);
    }
    return take(f, &b);
}

/* list("abc"), and "a,b".split(","). */
ox__verdict ox__rule_split_text(ox__fold *f)
{
    const ox_arg *a = &f->in[0], *by = &f->in[1];
    bool letters = strcmp(ox__fold_op(f), "list") == 0;
    if (a->kind != OX_ARG_STR || !plain(a)) return OX__FOLD_NOT;
    if (!letters && (f->n_in < 2 || by->kind != OX_ARG_STR || !by->s_n)) return OX__FOLD_NOT;
    if (!letters && f->n_in > 2 && !(f->in[2].kind == OX_ARG_INT && f->in[2].i < 0)) return OX__FOLD_NOT;
    ox_value *v = ox__arena_alloc(&f->c->call, (a->s_n + 1) * sizeof *v);
    size_t n = 0;
    if (!v) return ox__fold_nomem(f);
    for (size_t from = 0, i = 0; f->s == OX_OK && i <= a->s_n; i++) {
        bool here = letters ? i > from : i == a->s_n || (i + by->s_n <= a->s_n && !memcmp(a->s + i, by->s, by->s_n));
        if (!here) continue;
        ox_arg part = {.kind = OX_ARG_STR, .s = a->s + from, .s_n = i - from};
        f->s = ox__pass_constant(f->c, f->n, &part, (ox_type){0}, &v[n++]);
        from = letters ? i : i + by->s_n;
        if (!letters && i < a->s_n) i = from - 1;
    }
    ox_type list = ox_value_type(f->c->m, ox_node_output(f->c->m, f->n, 0));
    if (f->s == OX_OK) f->s = ox__fold_node(f, "prim", "ListConstruct", n, v, list, &f->value);
    return OX__FOLD_BY;
}
