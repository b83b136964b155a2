/* Floor 5. The rules of constant propagation: what each says of a node, and what they share. The table of rules and the
 * walk are in pass_constants.c, rules on lists, dicts and strings in fold_list.c and fold_text.c, on control flow in
 * fold_control.c and unroll.c. */
#ifndef ONNXSH_CONVERT_FOLD_H
#define ONNXSH_CONVERT_FOLD_H

#include "convert/pass.h"

/* What a rule says of a node. */
typedef enum ox__verdict {
    OX__FOLD_NOT,
    OX__FOLD_CONST, /* the only output is `result` */
    OX__FOLD_BY,    /* the only output is `value` */
    OX__FOLD_DONE   /* the rule changed what there was to change, and the node is gone, or f->s says why not */
} ox__verdict;

typedef struct ox__fold {
    ox__conv *c;
    ox_node n;
    size_t n_in;
    ox_arg in[4]; /* the first inputs, as far as they are constant */
    ox_arg result;
    ox_value value;
    bool again; /* nodes were put in front of the node, which are looked at next */
    ox_status s;
} ox__fold;

typedef ox__verdict (*ox__rule_fn)(ox__fold *f);

/* ---- what rules say ---- */
ox__verdict ox__fold_int(ox__fold *f, int64_t i);
ox__verdict ox__fold_bool(ox__fold *f, bool b);
ox__verdict ox__fold_text(ox__fold *f, const char *s, size_t n); /* lives as long as the node's arena */
ox__verdict ox__fold_to(ox__fold *f, ox_value v);
ox__verdict ox__fold_nomem(ox__fold *f);

/* ---- what they ask ---- */
ox_value ox__fold_input(const ox__fold *f, size_t i);
ox_type_info ox__fold_type(const ox__fold *f, ox_value v);
const char *ox__fold_op(const ox__fold *f);
bool ox__is_number_arg(const ox_arg *a);
/* The node that builds a list or tuple; {0} if it is made otherwise, or written to later. */
ox_node ox__fold_built(const ox__fold *f, ox_value v);
/* Two constants are equal, as Python has it; false with *known false: that is not known. */
bool ox__fold_equal(const ox_arg *a, const ox_arg *b, bool *known);
/* A node of one output in front of f->n, at its place. */
ox_status ox__fold_node(ox__fold *f, const char *domain, const char *op, size_t n_in, const ox_value *in, ox_type type,
                        ox_value *out) OX_MUST_USE;

/* ---- fold_tensor.c ---- */
ox__verdict ox__rule_size(ox__fold *f);
ox__verdict ox__rule_dim(ox__fold *f);
ox__verdict ox__rule_numel(ox__fold *f);
ox__verdict ox__rule_dtype(ox__fold *f);
ox__verdict ox__rule_is_float(ox__fold *f);
ox__verdict ox__rule_isinstance(ox__fold *f);
ox__verdict ox__rule_layout(ox__fold *f);
ox__verdict ox__rule_device(ox__fold *f);
ox__verdict ox__rule_number(ox__fold *f);
ox__verdict ox__rule_convert(ox__fold *f);
ox__verdict ox__rule_is(ox__fold *f);
ox__verdict ox__rule_same(ox__fold *f);
ox__verdict ox__rule_mode(ox__fold *f);
ox__verdict ox__rule_equal(ox__fold *f);
ox__verdict ox__rule_range_length(ox__fold *f);
ox__verdict ox__rule_derive_index(ox__fold *f);

/* ---- fold_list.c ---- */
ox__verdict ox__rule_len(ox__fold *f);
ox__verdict ox__rule_item(ox__fold *f);
ox__verdict ox__rule_tuple_index(ox__fold *f);
ox__verdict ox__rule_unpack(ox__fold *f);
ox__verdict ox__rule_add(ox__fold *f);
ox__verdict ox__rule_mul(ox__fold *f);
ox__verdict ox__rule_slice(ox__fold *f);
ox__verdict ox__rule_list(ox__fold *f);
ox__verdict ox__rule_grow(ox__fold *f); /* prim::append, prim::extend, prim::insert, prim::clear */
ox__verdict ox__rule_pop(ox__fold *f);
ox__verdict ox__rule_set_item(ox__fold *f);
ox__verdict ox__rule_delete(ox__fold *f);
ox__verdict ox__rule_reverse(ox__fold *f);
ox__verdict ox__rule_sorted(ox__fold *f);
ox__verdict ox__rule_contains(ox__fold *f);
ox__verdict ox__rule_index(ox__fold *f);
ox__verdict ox__rule_any(ox__fold *f);     /* any, all */
ox__verdict ox__rule_extreme(ox__fold *f); /* min, max of numbers or of a list */
ox__verdict ox__rule_sum(ox__fold *f);
ox__verdict ox__rule_parts(ox__fold *f); /* split, chunk, unbind, ... whose number of parts is known */

/* ---- fold_dict.c ---- */
ox_node ox__fold_dict(const ox__fold *f, ox_value v);
/* The number of the input that holds the value of a key; 0: the key is not there; SIZE_MAX: not known. */
size_t ox__fold_dict_find(ox__fold *f, ox_node dict, const ox_arg *key);
ox__verdict ox__rule_dict_parts(ox__fold *f); /* keys, values, items */
ox__verdict ox__rule_dict_get(ox__fold *f);
ox__verdict ox__rule_dict_new(ox__fold *f);
ox__verdict ox__fold_dict_set(ox__fold *f, ox_node dict);
ox__verdict ox__fold_dict_delete(ox__fold *f, ox_node dict);
ox__verdict ox__rule_dict_update(ox__fold *f);
ox__verdict ox__rule_dict_default(ox__fold *f);

/* ---- fold_tuple.c ---- */
ox__verdict ox__rule_tuple_unpack(ox__fold *f);

/* ---- fold_text.c ---- */
ox__verdict ox__rule_format(ox__fold *f);
ox__verdict ox__rule_percent(ox__fold *f);
ox__verdict ox__rule_str(ox__fold *f);
ox__verdict ox__rule_text(ox__fold *f); /* lower, upper, strip, startswith, find, ... */
ox__verdict ox__rule_join(ox__fold *f);
ox__verdict ox__rule_split_text(ox__fold *f);

/* ---- fold_control.c ---- */
ox__verdict ox__rule_if(ox__fold *f);
ox__verdict ox__rule_drop(ox__fold *f);
ox__verdict ox__rule_fork(ox__fold *f);
ox__verdict ox__rule_wait(ox__fold *f);
/* Deletes the bodies of forks once all of them have run where they stood. */
ox_status ox__drop_forks(ox__conv *c) OX_MUST_USE;
/* What is known of a node's results once its blocks are simple: branches that agree, results that nobody reads. */
ox_status ox__fold_results(ox__conv *c, ox_node n, uint64_t *changed) OX_MUST_USE;

/* ---- fold_optional.c ---- */
/* Takes results of a branch or loop apart that may be None, and tuples that a loop carries. */
ox_status ox__fold_parts(ox__conv *c, ox_node n, uint64_t *changed) OX_MUST_USE;

/* ---- fold_maybe.c ---- */
/* Operators of which an argument may be None become branches. */
ox_status ox__split_maybe(ox__conv *c, ox_graph g, uint64_t *changed) OX_MUST_USE;

/* ---- unroll.c ---- */
ox__verdict ox__rule_loop(ox__fold *f);

/* ---- copy_block.c ---- */
/* Copies the nodes of a block (of a function's graph) in front of `before`, its inputs being those values; what it
 * returns goes to results. */
ox_status ox__copy_block(ox__conv *c, ox_graph block, const ox_value *inputs, ox_node before,
                         ox_value *results) OX_MUST_USE;
/* How many nodes a block holds, those of its own blocks too. */
size_t ox__block_size(const ox__conv *c, ox_graph block);
/* Whether g is the block, or stands inside it. */
bool ox__block_holds(const ox__conv *c, ox_graph block, ox_graph g);

/* ---- list_writes.c ---- */
/* Marks what lists and dicts that are written to may be (OX__V_WRITTEN); where each write is to one list for certain,
 * it becomes an operator that returns the list behind it (prim::append for aten::append), which later readers read. */
ox_status ox__list_writes(ox__conv *c, uint64_t *changed) OX_MUST_USE;
/* An operator that writes to a list or dict. */
bool ox__writes_list(const ox_model *m, ox_node n);

/* ---- objects.c ---- */
/* What is read from objects that the graph makes for itself becomes what was set in them. */
ox_status ox__objects(ox__conv *c, uint64_t *changed) OX_MUST_USE;

#endif
