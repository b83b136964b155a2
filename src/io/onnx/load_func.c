/* Floor 3. FunctionProto and TrainingInfoProto: graphs with something around them. */
#include "io/onnx/load.h"

/* What a function is besides its graph; lists grow on the stacks of the load. */
typedef struct about {
    ox_function_info info;
    size_t attrs, names;
} about;

static ox_status about_field(ox__load *ld, about *a, const ox__field *f, ox_error *err)
{
    ox_opset o;
    ox_status s = OX_OK;
    if (f->type != OX__WIRE_BYTES) return OX_OK;
    switch (f->number) {
    case OX__FUNC_ATTR:
        if (!ox__vec_push(&ld->outs, ox__load_str(ld, ox__field_span(f)))) s = ox__nomem(err);
        break;
    case OX__FUNC_DEFAULT: s = ox__load_attr(ld, f, 3, err); break;
    case OX__FUNC_DOMAIN: a->info.domain = ox__load_str(ld, ox__field_span(f)); break;
    case OX__FUNC_OVERLOAD: a->info.overload = ox__load_str(ld, ox__field_span(f)); break;
    case OX__FUNC_OPSET:
        s = ox__load_opset(ld, f, 3, &o, err);
        if (s == OX_OK && !ox__vec_push(&ld->opsets, o)) s = ox__nomem(err);
        break;
    default: break;
    }
    return s;
}

ox_status ox__load_function(ox__load *ld, const ox__field *field, ox_error *err)
{
    ox_graph g;
    ox__msg msg = ox__msg_of(field->sub);
    ox_status s = ox__load_graph(ld, &g, OX_GRAPH_FUNCTION, field->at, &msg, 2, err);
    about a = {.attrs = ld->attrs.n, .names = ld->outs.n};
    ld->opsets.n = 0;
    a.info.domain.id = 1;
    ld->nesting++; /* the lists of defaults are needed until the end */
    ox__reader r = field->sub;
    for (ox__field f; s == OX_OK && ox__read_field(&r, &f);) s = about_field(ld, &a, &f, err);
    ld->nesting--;
    a.info.n_attrs = (uint32_t)(ld->outs.n - a.names);
    if (a.info.n_attrs) a.info.attrs = ld->outs.p + a.names;
    a.info.n_defaults = (uint32_t)(ld->attrs.n - a.attrs);
    if (a.info.n_defaults) a.info.defaults = ld->attrs.p + a.attrs;
    a.info.n_opsets = (uint32_t)ld->opsets.n;
    a.info.opsets = ld->opsets.p;
    if (s == OX_OK) s = ox_function_set(ld->m, g, &a.info, err);
    ld->attrs.n = a.attrs;
    ld->outs.n = a.names;
    ox__arena_reset(&ld->lists);
    ox__load_forget(ld);
    return s;
}

/* The bindings say which values of the main graph take which outputs of these graphs. */
ox_status ox__load_training(ox__load *ld, const ox__field *field, ox_error *err)
{
    ox__msg part[2] = {{{0}, NULL, NULL}, {{0}, NULL, NULL}}; /* initialization, algorithm */
    const uint8_t *at[2] = {NULL, NULL};
    static const uint32_t first[] = {3, 1, 0}, update[] = {4, 1, 0};
    ox__reader r = field->sub;
    for (ox__field f; ox__read_field(&r, &f);) {
        if (f.number > 2 || f.type != OX__WIRE_BYTES) continue;
        if (!at[f.number - 1]) at[f.number - 1] = f.at;
        if (!ox__msg_merge(&part[f.number - 1], f.sub, &ld->io->arena)) return ox__nomem(err);
    }
    ox_status s = ox__load_end(ld, &r, err);
    if (s == OX_OK) s = ox__load_named(ld, field->sub, first, err);
    if (s == OX_OK) s = ox__load_named(ld, field->sub, update, err);
    for (int i = 0; i < 2 && s == OX_OK; i++) {
        ox_graph g;
        if (at[i]) s = ox__load_graph(ld, &g, OX_GRAPH_TRAINING, at[i], &part[i], 3, err);
    }
    return s;
}
