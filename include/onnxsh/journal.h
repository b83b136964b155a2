/* The journal: every change of a model is a few recorded words, so that a failed attempt rolls back, and commands are
 * undone and redone, by one mechanism.
 *
 * A step is what one command did. Primitives called outside any step belong to the step that the next
 * ox_journal_commit closes. */
#ifndef ONNXSH_JOURNAL_H
#define ONNXSH_JOURNAL_H

#include <onnxsh/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A position in the journal and the sizes of the tables there. */
typedef struct ox_mark {
    uint64_t pos;
    uint32_t nodes, values, graphs, scopes, uses, items, ids;
    uint64_t notes;
} ox_mark;

OX_API ox_mark ox_journal_mark(const ox_model *m);
/* Undoes all since the mark, newest first, empties the slots made since then and raises their generation, and clears
 * the out-of-memory flag. Cannot fail. Not allowed across a committed step. */
OX_API void ox_journal_rollback(ox_model *m, ox_mark mark);
/* Closes a step and gives it a label (the command line, for `undo` to print). Does nothing when nothing changed.
 * Steps that had been undone can no longer be redone. */
OX_API OX_MUST_USE ox_status ox_journal_commit(ox_model *m, const char *label, ox_error *err);
/* True if something changed since the last commit. */
OX_API bool ox_journal_is_open(const ox_model *m);
/* Undoes or redoes one step; *label (may be NULL) borrows its label. OX_E_NOT_FOUND if there is none. */
OX_API OX_MUST_USE ox_status ox_journal_undo(ox_model *m, const char **label, ox_error *err);
OX_API OX_MUST_USE ox_status ox_journal_redo(ox_model *m, const char **label, ox_error *err);
OX_API size_t ox_journal_n_undo(const ox_model *m);
OX_API size_t ox_journal_n_redo(const ox_model *m);
/* True if the model differs from what was loaded or last saved (undoing back to there makes it clean again). */
OX_API bool ox_model_is_modified(const ox_model *m);
OX_API void ox_model_set_saved(ox_model *m);

/* ---- edits as bytes: for a log that outlives the process ---- */
/* From here on what is committed, undone and redone is noted, to be taken as bytes. */
OX_API OX_MUST_USE ox_status ox_journal_record(ox_model *m, ox_error *err);
/* The same, of a model that was saved over its own file: bytes are for the file as it is now. */
OX_API OX_MUST_USE ox_status ox_journal_rebase(ox_model *m, ox_error *err);
/* What was done since it was last taken; *n is 0 if nothing was. The bytes are the model's, until the next call. After
 * an error it can be tried again. OX_E_UNSUPPORTED: undo went back beyond where the recording began. */
OX_API OX_MUST_USE ox_status ox_journal_take(ox_model *m, const char **bytes, size_t *n, ox_error *err);
/* Does again what was taken, one after the other, on the same model read anew; bytes need not be trusted. *done (may be
 * NULL) counts the steps, undos and redos. At bytes that are wrong or do not fit it stops behind the last that is
 * whole. */
OX_API OX_MUST_USE ox_status ox_journal_play(ox_model *m, const char *bytes, size_t n, size_t *done, ox_error *err);
/* A hash of the structure of a model: operators, edges, attributes, shapes of initializers; not of names or weights. */
OX_API OX_MUST_USE ox_status ox_model_hash(const ox_model *m, uint64_t *out, ox_error *err);

#ifdef __cplusplus
}
#endif
#endif
