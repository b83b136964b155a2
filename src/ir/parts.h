/* Floor 1. What the files of this folder share among themselves and nobody else uses. */
#ifndef ONNXSH_IR_PARTS_H
#define ONNXSH_IR_PARTS_H

#include "ir/ir.h"

/* ---- handles: OX_E_INVALID with a message that names the kind ---- */
ox_status ox__need_node(const ox_model *m, ox_node n, ox_error *err) OX_MUST_USE; /* refuses return nodes too */
ox_status ox__need_value(const ox_model *m, ox_value v, ox_error *err) OX_MUST_USE;
ox_status ox__need_graph(const ox_model *m, ox_graph g, ox_error *err) OX_MUST_USE;
/* {0} is fine here: "none". */
ox_status ox__need_value_or_none(const ox_model *m, ox_value v, ox_error *err) OX_MUST_USE;
ox_status ox__need_str(const ox_model *m, ox_str s, ox_error *err) OX_MUST_USE;
ox_status ox__need_type(const ox_model *m, ox_type t, ox_error *err) OX_MUST_USE;
ox_status ox__need_layout(const ox_model *m, ox_layout l, ox_error *err) OX_MUST_USE;
ox_status ox__need_loc(const ox_model *m, ox_loc l, ox_error *err) OX_MUST_USE;
ox_status ox__need_tensor(const ox_model *m, ox_tensor t, ox_error *err) OX_MUST_USE;

/* ---- tables.c ---- */
void ox__table_shrink(ox_model *m, enum ox__tab tab, uint32_t n); /* empties slots and raises their generation */

/* ---- copies into the arena; NULL when out of memory (reported by the caller) ---- */
const ox__pairs *ox__pairs_copy(ox_model *m, uint32_t n, const ox_pair *p);
/* `old` (may be NULL) with key set, or taken out when value is {0}. *changed says whether anything differs; the result
 * is NULL for "no pairs left" as well, told apart from failure by *failed. */
const ox__pairs *ox__pairs_with(ox_model *m, const ox__pairs *old, ox_str key, ox_str value, bool *failed);
const ox__opsets *ox__opsets_copy(ox_model *m, uint32_t n, const ox_opset *o);
/* A copy of e (NULL = empty) that the caller may fill before it is put. */
ox__ext *ox__ext_copy(ox_model *m, const ox__ext *e);
bool ox__attr_copy(ox_model *m, ox_attr *out, const ox_attr *a);
uint32_t ox__attr_n_items(const ox_attr *a); /* of a list kind that is no reference; else 0 */
uint32_t ox__attr_n_graphs(const ox_attr *a);
ox_graph ox__attr_graph(const ox_attr *a, uint32_t i);
/* Checks kind, names and every id inside. */
ox_status ox__attr_check(const ox_model *m, const ox_attr *a, ox_error *err) OX_MUST_USE;

/* ---- use.c: words needed per link and unlink ---- */
enum { OX__LINK_WORDS = 5, OX__UNLINK_WORDS = 6 };
void ox__use_link(ox_model *m, uint32_t use, uint32_t value);
/* Takes the use off its value's list. A value that nothing makes dies with its last use. */
void ox__use_unlink(ox_model *m, uint32_t use);
/* Gives the place of use `from` in its value's list to use `to`, which is new. */
void ox__use_transfer(ox_model *m, uint32_t from, uint32_t to);
/* Moves node's inputs to a new range with a gap of one at `pos` (grow) or without number `pos`; rows were reserved. */
void ox__inputs_resize(ox_model *m, uint32_t node, uint32_t pos, bool grow);
bool ox__value_is_loose(const ox__value_row *r); /* nothing makes it */

/* ---- value.c ---- */
uint32_t ox__value_add(ox_model *m, uint32_t graph, ox_str name, ox_type type); /* room was reserved */
void ox__value_kill(ox_model *m, uint32_t value);
/* Refuses because v is used, naming a user. */
ox_status ox__value_in_use(const ox_model *m, uint32_t value, const char *what, ox_error *err);
/* Puts a value's or node's label ("%name" or "%17") into err->node. */
void ox__error_value(const ox_model *m, uint32_t value, ox_error *err);
void ox__error_node(const ox_model *m, uint32_t node, ox_error *err);

/* ---- list.c: inputs and initializers of a graph ---- */
enum ox__list_kind { OX__LIST_IN, OX__LIST_INIT };
enum { OX__LIST_WORDS = 8 };
void ox__list_insert(ox_model *m, uint32_t graph, enum ox__list_kind k, uint32_t value, size_t pos);
void ox__list_remove(ox_model *m, uint32_t graph, enum ox__list_kind k, uint32_t value);
uint32_t ox__list_at(const ox_model *m, uint32_t graph, enum ox__list_kind k, size_t i); /* value id or 0 */
size_t ox__list_position(const ox_model *m, uint32_t graph, enum ox__list_kind k, uint32_t value);
void ox__list_cache_free(ox__graph_row *g);

/* ---- order.c ---- */
/* Links a node into its graph before `before` (0: at the end); unlinks it. */
enum { OX__ORDER_WORDS = 10 };
void ox__order_link(ox_model *m, uint32_t node, uint32_t before);
void ox__order_unlink(ox_model *m, uint32_t node);

/* ---- graph.c ---- */
uint32_t ox__graph_depth(const ox_model *m, uint32_t graph);              /* 1 for one without owner; capped */
bool ox__graph_inside(const ox_model *m, uint32_t graph, uint32_t outer); /* graph is outer or in a block of it */
/* Deletes graph and all inside: first the words that it takes and whether a value is used from outside, then the deed.
 */
ox_status ox__graph_delete_check(const ox_model *m, uint32_t graph, size_t *words, ox_error *err) OX_MUST_USE;
void ox__graph_delete_all(ox_model *m, uint32_t graph);
uint32_t ox__graph_add(ox_model *m, ox_graph_kind kind, ox_str name); /* room was reserved: a graph, a node */
void ox__graph_raise(ox_model *m, uint32_t graph);                    /* after it got an owner: heights above */

/* ---- names.c ---- */
void ox__names_free(ox__names *x);
void ox__names_rolled_back(ox_model *m, uint64_t pos); /* drops what was built after pos; 0 = drops all */
void ox__names_value(ox_model *m, uint32_t value);     /* after a value got a name or came to life with one */
void ox__names_node(ox_model *m, uint32_t node);
void ox__names_function(ox_model *m, uint32_t graph);
void ox__names_scope(ox_model *m, uint32_t scope);
uint32_t ox__names_find_value(const ox_model *m, uint32_t graph, uint32_t name);
uint32_t ox__names_find_scope(const ox_model *m, uint32_t parent, uint32_t cls, uint32_t attr);
/* Before (-1) and after (+1) the name or the life of a value changes. */
void ox__fresh_note(ox_model *m, uint32_t value, int delta);
void ox__fresh_free(ox_model *m);

/* ---- dims, types, tensors: made with the model, freed with it ---- */
bool ox__dims_init(ox_model *m);
void ox__dims_free(ox_model *m);
bool ox__types_init(ox_model *m);
void ox__types_free(ox_model *m);
bool ox__tensors_init(ox_model *m);
void ox__tensors_free(ox_model *m);
bool ox__type_exists(const ox_model *m, ox_type t);
bool ox__layout_exists(const ox_model *m, ox_layout l);
bool ox__loc_exists(const ox_model *m, ox_loc l);
bool ox__tensor_exists(const ox_model *m, ox_tensor t);
#endif
