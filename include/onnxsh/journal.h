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

#ifdef __cplusplus
}
#endif
#endif
