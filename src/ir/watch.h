/* Floor 1. Watching a model: which nodes and values were changed since one last looked, by edits, rollback, undo and
 * redo alike. What a change cannot alter the meaning of is left out: names, scopes, docs, dirty marks. */
#ifndef ONNXSH_IR_WATCH_H
#define ONNXSH_IR_WATCH_H

#include "ir/store.h"

struct ox__changes {
    struct ox__changes *next;
    /* Ids, some twice; dead ones among them, and return nodes. */
    OX__VEC(uint32_t) nodes;  /* operator, attributes, inputs or outputs */
    OX__VEC(uint32_t) values; /* type, tensor, being an input or initializer */
    bool all;                 /* opsets, functions; or memory ran out */
    bool asleep;              /* nothing is noted */
    bool gone;                /* the model was freed */
};

/* From now on; *c is zero. */
void ox__watch_add(ox_model *m, ox__changes *c);
/* Also frees what was noted. */
void ox__watch_remove(ox_model *m, ox__changes *c);
/* Forgets what was noted. A change of a word that was changed before is noted again only after this. */
void ox__watch_clear(ox_model *m, ox__changes *c);

/* For the model that is freed: no watcher knows it any more. */
void ox__watch_end(ox_model *m);
/* For the journal: a word changes; born: it is one of flags, and brings life. */
void ox__watch_note(ox_model *m, uint32_t where, uint32_t id, bool born);

#endif
