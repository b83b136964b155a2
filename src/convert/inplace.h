/* Floor 5. Writes in place: what the parts of the pass share. pass_inplace.c tells how it works. */
#ifndef ONNXSH_CONVERT_INPLACE_H
#define ONNXSH_CONVERT_INPLACE_H

#include "convert/memory.h"
#include "convert/pass.h"

typedef struct ox__ids {
    uint32_t *p;
    uint32_t n, cap;
} ox__ids; /* in the arena of the conversion: the old array stays good after growth */

typedef struct ox__wstate { /* of a value */
    ox__ids roots;          /* its storages, by the id of the value that first had them */
    ox__ids members;        /* of the storage that it is the root of: the values that count */
    ox_value now;           /* what readers read instead, {0} = itself */
    ox_value like;          /* the value whose maker says which view it is, {0} = itself */
    ox_node stale;          /* the writer that made it stale; of a value that has no `now` */
    bool lost;              /* when stale, it cannot be made anew: the dims of what it is a view of have changed */
    ox_graph home;
} ox__wstate;

typedef struct ox__wchange {
    uint32_t id;
    bool list;  /* of members, else of now and stale */
    bool write; /* else a chain was shortened, or a view made anew */
    ox__ids members;
    ox_value now;
    ox_node stale;
} ox__wchange;

typedef struct ox__memory {
    ox__conv *c;
    uint64_t *changed;
    uint32_t limit; /* of value ids that are in the tables */
    ox__wstate *of; /* by value id */
    uint32_t *seen; /* by value id: the last search that met it */
    uint32_t search;
    OX__VEC(ox__wchange) log;
} ox__memory;

/* Where new nodes go: before a node of g, {0} = at its end; scope, line and origin are those of `at`. */
typedef struct ox__wplace {
    ox_graph g;
    ox_node before, at;
} ox__wplace;

/* A value of more storages than this, or a part of something with more views, is not followed: it belongs to storage 0,
 * which any write is taken to change. */
enum { OX__W_MAX_ROOTS = 64, OX__W_MAX_MEMBERS = 256, OX__W_NOT_FOLLOWED = 0 };

/* ---- inplace_tables.c ---- */
bool ox__w_known(const ox__memory *w, ox_value v);
/* By its type: a tensor, or what may hold some. */
bool ox__w_holds_tensors(const ox__conv *c, ox_value v);
/* Puts a value that the pass made into the tables. */
ox_status ox__w_know(ox__memory *w, ox_value v, ox_graph home) OX_MUST_USE;
ox_status ox__w_set_now(ox__memory *w, uint32_t id, ox_value now, bool write) OX_MUST_USE;
ox_status ox__w_set_stale(ox__memory *w, uint32_t id, ox_node writer) OX_MUST_USE;
ox_status ox__w_drop_members(ox__memory *w, uint32_t root) OX_MUST_USE;
/* What a value is at this point; the chain is shortened on the way, so that reading an old name again costs nothing. */
ox_value ox__w_current(ox__memory *w, ox_value v);
ox_status ox__w_give_roots(ox__memory *w, uint32_t value, const uint32_t *roots, uint32_t n) OX_MUST_USE;
/* The tables for what a node makes without writing. */
ox_status ox__w_make_outputs(ox__memory *w, ox_node n, const ox__effect *e, ox_graph g) OX_MUST_USE;
/* The same for a node with blocks, behind those: what a branch returns from outside, or a loop was given,
 * may be its result. */
ox_status ox__w_branch_outputs(ox__memory *w, ox_node n, ox_graph g, size_t n_out) OX_MUST_USE;
/* Puts the tables back to what they were at a mark of the log. */
void ox__w_undo(ox__memory *w, size_t mark);

/* ---- inplace_views.c ---- */
/* The value that v is at this point, *ok = false if it is stale and cannot be made anew. */
ox_status ox__w_fresh(ox__memory *w, const ox__wplace *at, ox_value v, ox_value *out, bool *ok) OX_MUST_USE;
/* The value that holds the memory of v: v itself unless it is a view of another. */
ox_value ox__w_root_of(ox__memory *w, ox_value v);

/* How a write to a view reaches what it is a view of: each view with the value that it was made of, the innermost
 * first. */
typedef struct ox__whop {
    ox_node view;
    size_t part;     /* of a split: which */
    ox_node unpack;  /* of a split: what takes its list apart, {0} = nothing does */
    ox_value parent; /* as the trace has it */
    ox_value fresh;  /* as it is at this point */
} ox__whop;
enum { OX__W_MAX_HOPS = 32 };
/* *n hops; *ok = false if one of them cannot be undone. */
ox_status ox__w_find_hops(ox__memory *w, const ox__wplace *at, ox_value target, ox__whop *hops, size_t *n,
                          bool *ok) OX_MUST_USE;
/* Makes the values that the hops' parents are once `out` stands where the view was. */
ox_status ox__w_write_back(ox__memory *w, const ox__wplace *at, ox_value out, const ox__whop *hops,
                           size_t n) OX_MUST_USE;

/* ---- inplace_invert.c ---- */
/* True if an operator surely makes a view, whose memory is that of its first input. */
bool ox__view_is_certain(const ox__conv *c, ox_node n);
/* parent with src in the place of the view. *out is {0} if it cannot be said. */
ox_status ox__view_put(ox__conv *c, const ox__wplace *at, const ox__whop *hop, ox_value src, ox_value *out) OX_MUST_USE;
/* A node of one output. */
ox_status ox__wplace_node(ox__conv *c, const ox__wplace *at, ox_str domain, const char *op, size_t n_in,
                          const ox_value *in, ox_type type, ox_value *out) OX_MUST_USE;

/* ---- inplace_blocks.c ---- */
/* Walks the blocks of a node; what they write to from outside becomes results of the node. */
ox_status ox__w_walk_blocks(ox__memory *w, ox_node n, bool in_loop) OX_MUST_USE;

/* ---- pass_inplace.c ---- */
ox_status ox__w_walk(ox__memory *w, ox_graph g, bool in_loop) OX_MUST_USE;

#endif
