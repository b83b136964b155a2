/* Floor 5. Tuples that are constants. A trace keeps such a one as its text; it is built where it is taken apart. */
#include "convert/fold.h"
#include "convert/literal.h"

/* "(10, 12)" without its blanks, as constants are written that are built. */
static const char *without_blanks(ox__fold *f, const char *text, size_t *n)
{
    char *bare = ox__arena_alloc(&f->c->call, *n + 1);
    size_t k = 0;
    if (!bare) return NULL;
    for (size_t i = 0; i < *n; i++)
        if (text[i] != ' ') bare[k++] = text[i];
    *n = k;
    return bare;
}

/* Floats stay: a dump rounds them. So do texts, whose blanks count. */
ox__verdict ox__rule_tuple_unpack(ox__fold *f)
{
    ox__conv *c = f->c;
    ox_value tuple = ox__fold_input(f, 0), made;
    ox_node n = ox_value_node(c->m, tuple);
    const ox_attr *a = n.id && ox__is_prim(c, n, "Constant") ? ox_node_attr(c->m, n, "value") : NULL;
    if (!a || a->kind != OX_ATTR_RAW) return OX__FOLD_NOT;
    size_t size;
    const char *text = ox_str_text(c->m, a->u.s, &size);
    if (memchr(text, '.', size) || memchr(text, '"', size) || memchr(text, '\'', size)) return OX__FOLD_NOT;
    if (!(text = without_blanks(f, text, &size))) return ox__fold_nomem(f);
    ox__buf path = {0};
    bool built = false;
    f->s = ox__literal_build(c, f->n, text, size, &path, ox_value_type(c->m, tuple), &made, &built);
    ox__buf_free(&path);
    if (f->s == OX_OK && !built) return OX__FOLD_NOT;
    if (f->s == OX_OK) f->s = ox_node_set_input(c->m, f->n, 0, made, c->err);
    return OX__FOLD_DONE;
}
