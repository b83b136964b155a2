/* Floor 1. What a model is in memory: its tables, its journal, what is derived from them; and access to rows.
 *
 * ox__node_row_at(m, id) and its sisters give the row of an id that is known to be in range; ox__node_get(m, h) checks
 * a handle and gives NULL for a dead or foreign one. A pointer to a row is good until a row is added. */
#ifndef ONNXSH_IR_STORE_H
#define ONNXSH_IR_STORE_H

#include "base/base.h"
#include "base/file.h"
#include "ir/rows.h"

#include <onnxsh/journal.h>

enum { OX__JOURNAL_SEEN = 256 }; /* recently recorded words, a power of two */

typedef struct ox__table {
    char *p;
    uint32_t n; /* rows in use, dead ones included; at least 1 */
    uint32_t cap;
    uint32_t high; /* rows that were ever in use: below it gen is meaningful */
    uint32_t item; /* bytes of a row */
} ox__table;

/* One recorded change: `val` is the word's other content, which undo and redo exchange with it. */
typedef struct ox__word {
    uint32_t where; /* table << 24 | bytes << 16 | offset in the row */
    uint32_t id;
    uint64_t val;
} ox__word;

typedef struct ox__step {
    size_t end;  /* in words */
    char *label; /* owned */
} ox__step;

/* words: [0, cur) done by closed steps, [cur, redo_end) undone, [redo_end, n) done since the last commit. */
typedef struct ox__journal {
    ox__word *words;
    size_t n, cap, cur, redo_end;
    OX__VEC(ox__step) steps;
    size_t done;                     /* steps that are not undone */
    uint32_t fresh[OX__N_TABLES];    /* rows from here on were made after the last mark: their words need no record */
    uint32_t floor[OX__N_TABLES];    /* table sizes when the open step began */
    ox__word seen[OX__JOURNAL_SEEN]; /* words recorded since the last mark: once is enough (val = serial) */
    uint64_t serial;                 /* of that window */
    uint64_t branch;                 /* counts the openings of a step */
    uint64_t saved, saved_branch;    /* position of the saved state; branch 0 = between steps */
    bool saved_known;
    uint64_t renumbered; /* 1 + position when order keys were last rewritten */
    uint32_t paused;
} ox__journal;

/* An index by name: may hold ids whose row has another name by now, so a hit is verified. */
typedef struct ox__names {
    ox__index index;
    ox__index twice; /* the first id of each name that several rows have: these are looked for one by one */
    uint64_t built;  /* 1 + journal position when it was built, 0 = not built */
} ox__names;

typedef struct ox__dims ox__dims; /* dim.c, type.c, layout.c, tensor.c own these */
typedef struct ox__types ox__types;
typedef struct ox__tensors ox__tensors;
typedef struct ox__fresh ox__fresh;
typedef struct ox__changes ox__changes; /* watch.h */
typedef struct ox__notes ox__notes;     /* note.h */

struct ox_model {
    ox__table table[OX__N_TABLES];
    ox__journal journal;
    ox__arena arena;
    ox__intern strings;
    ox__dims *dims;
    ox__types *types;
    ox__tensors *tensors;
    ox__names value_names, node_names, function_names, scope_names;
    ox__fresh *fresh; /* counts of value names, made when the first fresh name is asked for */
    OX__VEC(ox__map) files;
    uint32_t live[OX__N_TABLES]; /* living nodes (return nodes not counted), values, graphs, scopes */
    ox__changes *watch;          /* who wants to know what changes; each owned by its maker */
    ox__notes *notes;            /* of the edits, for a log; NULL: none are taken */
    uint32_t gen0; /* first generation of a slot: differs between models, so foreign handles are refused */
    uint32_t order_epoch, list_epoch;
    uint64_t serial; /* of the model, counted in the process: ox_model_serial */
    /* Told of each value whose readers are about to read `by` instead (ox_value_replace_uses); NULL: nobody is. */
    void (*on_replace)(void *ud, ox_value from, ox_value by);
    void *replace_ud;
    ox_model_kind kind;
    bool oom;
    const ox_error *unread; /* why the graph of the file is not there; NULL: it is */
    void *io;               /* io's own data of this model */
    void (*io_free)(void *io);
};

/* ---- rows ---- */
#define OX__ROW(name, tab) \
    static inline ox__##name##_row *ox__##name##_row_at(const ox_model *m, uint32_t id) \
    { \
        return (ox__##name##_row *)m->table[tab].p + id; \
    }
OX__ROW(node, OX__NODE)
OX__ROW(value, OX__VALUE)
OX__ROW(graph, OX__GRAPH)
OX__ROW(scope, OX__SCOPE)
OX__ROW(use, OX__USE)
OX__ROW(item, OX__ITEM)
#undef OX__ROW
static inline ox__top_row *ox__top(const ox_model *m)
{
    return (ox__top_row *)m->table[OX__TOP].p;
}
static inline uint32_t ox__id_at(const ox_model *m, uint32_t i)
{
    return ((const uint32_t *)m->table[OX__ID].p)[i];
}

#define OX__GET(name, tab) \
    static inline ox__##name##_row *ox__##name##_get(const ox_model *m, ox_##name h) \
    { \
        if (!m || !h.id || h.id >= m->table[tab].n) return NULL; \
        ox__##name##_row *r = ox__##name##_row_at(m, h.id); \
        return r->gen == h.gen && (r->flags & OX__ALIVE) ? r : NULL; \
    } \
    static inline ox_##name ox__##name##_handle(const ox_model *m, uint32_t id) \
    { \
        return id ? (ox_##name){id, ox__##name##_row_at(m, id)->gen} : (ox_##name){0, 0}; \
    }
OX__GET(node, OX__NODE)
OX__GET(value, OX__VALUE)
OX__GET(graph, OX__GRAPH)
OX__GET(scope, OX__SCOPE)
#undef OX__GET

#endif
