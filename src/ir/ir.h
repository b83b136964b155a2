/* Floor 1. The inside of a model, for this floor and for io.
 *
 * Reading: store.h.
 *
 * Changing: check everything, then ox__edit (room in the journal), ox__reserve (rows) and arena copies, and only then
 * put words, which cannot fail: so each function happens wholly or not at all.
 *
 * Loading: between ox__journal_pause and ox__journal_resume nothing is recorded and nothing becomes dirty, and io may
 * write the words of rows that it has just made (type, flags, src, ...) directly, names excepted once an index exists.
 */
#ifndef ONNXSH_IR_IR_H
#define ONNXSH_IR_IR_H

#include "ir/store.h"

enum {
    OX__MAX_DEPTH = 100,  /* blocks in blocks */
    OX__EDIT_SLACK = 320, /* words that any single edit may need beside those it asks for: dirty marks up to the top */
};

/* ---- changing ---- */
/* Refuses while out of memory is sticky; makes room for `words` records and OX__EDIT_SLACK more. */
ox_status ox__edit(ox_model *m, size_t words, ox_error *err) OX_MUST_USE;
/* Sets the sticky flag: for those who can only answer "not known" when memory is short. Whoever asked looks at
 * ox_model_status before believing it. */
static inline void ox__model_oom(ox_model *m)
{
    m->oom = true;
}
/* Room for `extra` more rows; OX_E_LIMIT beyond 2^32 - 1. */
ox_status ox__reserve(ox_model *m, enum ox__tab tab, size_t extra, ox_error *err) OX_MUST_USE;
/* A cleared row with its generation set; the room was reserved. */
uint32_t ox__row_add(ox_model *m, enum ox__tab tab);
/* n rows side by side; returns the first. */
uint32_t ox__rows_add(ox_model *m, enum ox__tab tab, uint32_t n);
/* Gives a new row its flags and OX__ALIVE, as one recorded word: undo takes the life, redo gives it back. */
void ox__row_born(ox_model *m, enum ox__tab tab, uint32_t id, uint32_t flags);
void ox__row_kill(ox_model *m, enum ox__tab tab, uint32_t id);
void ox__journal_record(ox_model *m, uint32_t where, uint32_t id, uint64_t old);

static inline void ox__put(ox_model *m, enum ox__tab tab, uint32_t id, uint32_t off, uint32_t bytes, uint64_t v)
{
    char *w = m->table[tab].p + (size_t)id * m->table[tab].item + off;
    uint64_t old = 0;
    memcpy(&old, w, bytes);
    if (old == v) return;
    if (id < m->journal.fresh[tab]) ox__journal_record(m, (uint32_t)tab << 24 | bytes << 16 | off, id, old);
    memcpy(w, &v, bytes);
}
#define OX__PUT_(m, tab, type, id, field, v) \
    ox__put(m, tab, id, (uint32_t)offsetof(type, field), (uint32_t)sizeof(((type *)0)->field), (v))
#define ox__put_top(m, field, v) OX__PUT_(m, OX__TOP, ox__top_row, 0, field, v)
#define ox__put_node(m, id, field, v) OX__PUT_(m, OX__NODE, ox__node_row, id, field, v)
#define ox__put_value(m, id, field, v) OX__PUT_(m, OX__VALUE, ox__value_row, id, field, v)
#define ox__put_graph(m, id, field, v) OX__PUT_(m, OX__GRAPH, ox__graph_row, id, field, v)
#define ox__put_scope(m, id, field, v) OX__PUT_(m, OX__SCOPE, ox__scope_row, id, field, v)
#define ox__put_use(m, id, field, v) OX__PUT_(m, OX__USE, ox__use_row, id, field, v)
#define ox__put_item(m, id, field, v) OX__PUT_(m, OX__ITEM, ox__item_row, id, field, v)
#define OX__PTR(p) ((uint64_t)(uintptr_t)(p))
static inline void ox__put_id(ox_model *m, uint32_t i, uint32_t v)
{
    ox__put(m, OX__ID, i, 0, 4, v);
}

/* Marks records as differing from the file, and everything above as holding such a record. Nothing while loading. */
void ox__touch_top(ox_model *m, uint32_t flags);
void ox__touch_graph(ox_model *m, uint32_t graph, uint32_t flags);
void ox__touch_node(ox_model *m, uint32_t node);
void ox__touch_value(ox_model *m, uint32_t value); /* its value_info, if declared, and its input, output, initializer */
void ox__touch_item(ox_model *m, uint32_t item, uint32_t graph);
/* Also the nodes that make and use it: for a rename. Words needed: ox__touch_named_words. */
void ox__touch_named(ox_model *m, uint32_t value);
size_t ox__touch_named_words(const ox_model *m, uint32_t value);

/* ---- loading ---- */
/* A loader has met one more call of the module of a scope. Not journalled. */
void ox__scope_add_call(ox_model *m, ox_scope s);
void ox__journal_pause(ox_model *m);
void ox__journal_resume(ox_model *m); /* what was made meanwhile is the state before the first step */
/* What was done since the last commit counts as there from the start: it can be neither rolled back nor undone. */
void ox__journal_forget(ox_model *m);
static inline bool ox__journal_paused(const ox_model *m)
{
    return m->journal.paused != 0;
}
uint64_t ox__journal_pos(const ox_model *m);
/* Room for so many more rows, so that a loader that has counted does not copy tables. */
ox_status ox__model_reserve(ox_model *m, size_t nodes, size_t values, size_t uses, size_t strings,
                            ox_error *err) OX_MUST_USE;
/* The graph of the file could not be read: whoever needs it is told why (ox_model_graph_status). */
ox_status ox__model_set_unread(ox_model *m, const ox_error *why, ox_error *err) OX_MUST_USE;
/* Hands a mapped file over: *map is zeroed, *index is what ox_tensor_info.file says. */
ox_status ox__model_add_file(ox_model *m, ox__map *map, uint32_t *index, ox_error *err) OX_MUST_USE;
const ox__map *ox__model_file(const ox_model *m, uint32_t index); /* NULL out of range */
uint32_t ox__model_n_files(const ox_model *m);
/* A value that nothing makes yet: what a file uses before, or without, defining it. It dies with its last use. */
ox_status ox__value_new(ox_model *m, ox_value *out, ox_graph g, ox_str name, ox_error *err) OX_MUST_USE;

/* A node with all that a file says about it. Value ids are trusted to be alive. */
typedef struct ox__node_spec {
    uint32_t graph, before; /* before 0 = at the end */
    ox_str domain, op, name;
    uint32_t n_in, n_out;
    const uint32_t *in;  /* value ids, 0 = absent */
    const uint32_t *out; /* ids of values from ox__value_new that this node makes, 0 = absent; NULL = n_out new ones */
} ox__node_spec;
ox_status ox__node_add(ox_model *m, uint32_t *out, const ox__node_spec *spec, ox_error *err) OX_MUST_USE;
/* All attributes at once (names are not checked for being alone). */
ox_status ox__node_set_attrs(ox_model *m, ox_node n, uint32_t count, const ox_attr *attrs, ox_error *err) OX_MUST_USE;
ox_status ox__node_set_pairs(ox_model *m, ox_node n, uint32_t count, const ox_pair *pairs, ox_error *err) OX_MUST_USE;
ox_status ox__value_set_pairs(ox_model *m, ox_value v, uint32_t count, const ox_pair *pairs, ox_error *err) OX_MUST_USE;
/* ox_node_origin of the node that a dim is unknown for, whether that node lives or not; 0 = none. */
uint32_t ox__dim_source(const ox_model *m, ox_dim d);
/* ox_value_set_inferred beside the journal: no step, no mark of an edit, and no way back. Cannot fail. */
void ox__value_lay_inferred(ox_model *m, ox_value v, ox_type t);
ox_status ox__graph_set_pairs(ox_model *m, ox_graph g, uint32_t count, const ox_pair *pairs, ox_error *err) OX_MUST_USE;
ox_status ox__model_set_pairs(ox_model *m, uint32_t count, const ox_pair *pairs, ox_error *err) OX_MUST_USE;
ox_status ox__model_set_opsets(ox_model *m, uint32_t count, const ox_opset *opsets, ox_error *err) OX_MUST_USE;
/* Makes a value of ox__value_new an input or an initializer (then `t` is its tensor), at the end. */
ox_status ox__graph_adopt_input(ox_model *m, ox_graph g, ox_value v, ox_error *err) OX_MUST_USE;
ox_status ox__graph_adopt_initializer(ox_model *m, ox_graph g, ox_value v, ox_tensor t, ox_error *err) OX_MUST_USE;
/* Replaces all outputs. */
ox_status ox__graph_set_outputs(ox_model *m, ox_graph g, size_t n, const ox_value *values, ox_error *err) OX_MUST_USE;
/* The record of output i; the inputs' and initializers' are value.in_item and value.init_item. */
static inline uint32_t ox__graph_output_item(const ox_model *m, uint32_t graph, uint32_t i)
{
    return ox__id_at(m, ox__graph_row_at(m, graph)->out_items + i);
}

#endif
