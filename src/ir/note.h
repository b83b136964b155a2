/* Floor 1. Notes of edits: while a model is recorded, each edit that succeeded leaves its number and arguments in a
 * buffer of words, in ids of the model. A rollback cuts the buffer, a commit closes what stands in it, and what is
 * closed is written as bytes (note_write.c) that do the same edits on another copy of the model (note_play.c).
 *
 * Ids of things are the same there, because rows are given in order; but a model that was saved over its own file and
 * read again numbers its rows anew, so that the bytes then begin with the old numbers in the order of a walk. */
#ifndef ONNXSH_IR_NOTE_H
#define ONNXSH_IR_NOTE_H

#include "ir/parts.h"

enum ox__did {
    OX__DID_STEP, /* words: label, living nodes, living graphs */
    OX__DID_UNDO, /* living nodes, living graphs */
    OX__DID_REDO,
#define OX__EDIT(name, args) OX__DID_##name,
#include "ir/edits.def"
#undef OX__EDIT
    OX__N_DID
};
extern const char *const ox__did_args[OX__N_DID];

/* Ids in the order of a walk that does not depend on them. Scopes: that of each node. */
typedef struct ox__numbering {
    OX__VEC(uint32_t) graphs, nodes, values, scopes;
} ox__numbering;
/* False when out of memory. */
bool ox__number(const ox_model *m, ox__numbering *out);
void ox__numbering_free(ox__numbering *x);

struct ox__notes {
    OX__VEC(uint64_t) w; /* did | words << 8, then the words */
    size_t last;         /* where the last note begins */
    size_t closed;       /* of w: what was committed, undone, redone */
    uint64_t taken;      /* words that went before w */
    size_t base;         /* steps that were there when the recording began: what goes back beyond them is lost */
    bool lost;           /* something was done that cannot be noted */
    uint32_t n_files;    /* of the model then: what a tensor has in later ones is written whole */
    bool renumbered;     /* `old` is to be written first */
    ox__numbering old;   /* as the file was saved */
    ox__buf bytes;       /* what was taken last */
};

/* Notes an edit that is done; ox__edit made room. */
void ox__note(ox_model *m, enum ox__did did, size_t n, const uint64_t *words);
/* Adds ids to the last note. */
void ox__note_more(ox_model *m, size_t n_ids, const uint32_t *ids);
void ox__note_list(ox_model *m, enum ox__did did, size_t n, const uint64_t *words, size_t n_ids, const uint32_t *ids);
#define OX__NOTE(m, did, ...) \
    do { \
        if ((m)->notes) \
            ox__note((m), OX__DID_##did, sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t), \
                     (const uint64_t[]){__VA_ARGS__}); \
    } while (0)
enum { OX__NOTE_WORDS = 24 }; /* any note but its list */
bool ox__notes_reserve(ox_model *m, size_t words);
/* Closes what was noted. Room was made for OX__NOTE_WORDS. */
void ox__notes_close(ox_model *m, enum ox__did did, ox_str label);
/* Back to a position of ox_mark, but not behind what is closed. */
void ox__notes_cut(ox__notes *x, uint64_t pos);
void ox__notes_free(ox_model *m);

/* note_write.c: [0, closed) as bytes, added to *out. OX_E_LIMIT for data that is too long for a log. */
ox_status ox__notes_write(const ox_model *m, ox__buf *out, ox_error *err) OX_MUST_USE;

/* What stands before the edits in the bytes: definitions, numbered from 1 by kind. */
enum ox__note_def { OX__DEF_STR, OX__DEF_DIM, OX__DEF_TYPE, OX__DEF_LAYOUT, OX__DEF_LOC, OX__DEF_TENSOR, OX__N_DEFS };
/* The first number of a record: a definition; from here on definitions begin anew; the old numbers; or a note. */
enum { OX__NOTE_BEGIN = OX__N_DEFS, OX__NOTE_RENUMBER, OX__NOTE_DID };

#endif
