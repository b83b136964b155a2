/* Floor 3. Type to TypeProto, for types that no record of the source has. The recursion is capped by
 * OX_MAX_TYPE_DEPTH, which types are made with. */
#include "io/onnx/save.h"

#include "ir/dim.h"

/* Field numbers of TypeProto and its parts. */
enum { TENSOR = 1, SEQUENCE = 4, MAP = 5, DENOTATION = 6, OPAQUE = 7, SPARSE = 8, OPTIONAL = 9 };

/* As it is written, so it must be read: our own loader takes none with a NUL, and others cut it there. */
static void text_of(ox__enc *e, uint32_t number, const char *p, size_t n)
{
    if (memchr(p, 0, n)) ox__enc_fail(e, OX_E_FORMAT, "a name in a type has a NUL byte: '%.200s'", p);
    ox__sink_text(&e->k, number, p, n);
}

static void text(ox__enc *e, uint32_t number, ox_str s)
{
    size_t n;
    const char *p = ox_str_text(e->m, s, &n);
    text_of(e, number, p, n);
}

static void dim(ox__enc *e, ox_dim d, ox_str denotation)
{
    int64_t v;
    ox__buf b = {0};
    ox__open_msg o = ox__sink_begin(&e->k, 1);
    if (ox_dim_is_const(e->m, d, &v)) {
        ox__sink_int(&e->k, 1, v);
    } else if (ox_dim_get_kind(e->m, d) == OX_DIM_SYMBOL) {
        text(e, 2, ox_dim_name(e->m, d));
    } else if (ox_dim_get_kind(e->m, d) > OX_DIM_UNKNOWN) {
        ox__dim_print(e->m, d, &b);
        if (b.failed) e->k.nomem = true;
        if (!b.failed && b.n < 512) text_of(e, 2, b.p, b.n);
        ox__buf_free(&b);
    }
    if (denotation.id > 1) text(e, 3, denotation);
    ox__sink_end(&e->k, o);
}

static void tensor(ox__enc *e, uint32_t number, const ox_type_info *t)
{
    ox__open_msg o = ox__sink_begin(&e->k, number);
    if (t->dtype) ox__sink_int(&e->k, 1, t->dtype);
    if (t->rank != OX_RANK_UNKNOWN) {
        ox__open_msg shape = ox__sink_begin(&e->k, 2);
        for (int32_t i = 0; i < t->rank; i++)
            dim(e, t->dims[i], t->dim_denotations ? t->dim_denotations[i] : (ox_str){0});
        ox__sink_end(&e->k, shape);
    }
    ox__sink_end(&e->k, o);
}

static void with_item(ox__enc *e, uint32_t number, const ox_type_info *t)
{
    ox__open_msg o = ox__sink_begin(&e->k, number);
    if (number == MAP && t->dtype) ox__sink_int(&e->k, 1, t->dtype);
    if (t->n_items && t->items[0].id) ox__enc_type(e, number == MAP ? 2 : 1, t->items[0]);
    ox__sink_end(&e->k, o);
}

static void opaque(ox__enc *e, const ox_type_info *t)
{
    ox__open_msg o = ox__sink_begin(&e->k, OPAQUE);
    for (uint32_t i = 0; i < t->n_names && i < 2; i++)
        if (t->names[i].id > 1) text(e, i + 1, t->names[i]);
    ox__sink_end(&e->k, o);
}

void ox__enc_type(ox__enc *e, uint32_t number, ox_type type)
{
    ox_type_info t = ox_type_get(e->m, type);
    bool late = t.kind == OX_TYPE_SPARSE || t.kind == OX_TYPE_OPTIONAL || t.kind == OX_TYPE_OPAQUE;
    ox__open_msg o = ox__sink_begin(&e->k, number);
    if (late && t.denotation.id > 1) text(e, DENOTATION, t.denotation); /* its number is the lower one */
    switch (t.kind) {
    case OX_TYPE_NONE_KNOWN: break;
    case OX_TYPE_TENSOR: tensor(e, TENSOR, &t); break;
    case OX_TYPE_SPARSE: tensor(e, SPARSE, &t); break;
    case OX_TYPE_SEQUENCE:
    case OX_TYPE_LIST: with_item(e, SEQUENCE, &t); break;
    case OX_TYPE_OPTIONAL: with_item(e, OPTIONAL, &t); break;
    case OX_TYPE_MAP: with_item(e, MAP, &t); break;
    case OX_TYPE_OPAQUE: opaque(e, &t); break;
    default: ox__enc_fail(e, OX_E_INVALID, "a value has a PyTorch type, which .onnx files cannot say");
    }
    if (!late && t.denotation.id > 1) text(e, DENOTATION, t.denotation);
    ox__sink_end(&e->k, o);
}
