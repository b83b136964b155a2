/* Floor 1. Notes of edits in memory, and taking them. */
#include "ir/note.h"

const char *const ox__did_args[OX__N_DID] = {
    [OX__DID_STEP] = "suu",
    [OX__DID_UNDO] = "uu",
    [OX__DID_REDO] = "uu",
#define OX__EDIT(name, args) [OX__DID_##name] = args,
#include "ir/edits.def"
#undef OX__EDIT
};

bool ox__notes_reserve(ox_model *m, size_t words)
{
    ox__notes *x = m->notes;
    return words <= SIZE_MAX / 16 && ox__vec_reserve(&x->w, x->w.n + words);
}

void ox__note_list(ox_model *m, enum ox__did did, size_t n, const uint64_t *words, size_t n_ids, const uint32_t *ids)
{
    ox__notes *x = m->notes;
    if (!x || ox__journal_paused(m)) return;
    if (!ox__notes_reserve(m, 1 + n + n_ids)) {
        ox__model_oom(m);
        return;
    }
    x->last = x->w.n;
    x->w.p[x->w.n++] = (uint64_t)did | (uint64_t)n << 8;
    for (size_t i = 0; i < n; i++) x->w.p[x->w.n++] = words[i];
    ox__note_more(m, n_ids, ids);
}

void ox__note_more(ox_model *m, size_t n_ids, const uint32_t *ids)
{
    ox__notes *x = m->notes;
    if (!x || ox__journal_paused(m) || m->oom) return;
    if (!ox__notes_reserve(m, n_ids)) {
        ox__model_oom(m);
        return;
    }
    x->w.p[x->last] += (uint64_t)n_ids << 8;
    for (size_t i = 0; i < n_ids; i++) x->w.p[x->w.n++] = ids[i];
}

void ox__note(ox_model *m, enum ox__did did, size_t n, const uint64_t *words)
{
    ox__note_list(m, did, n, words, 0, NULL);
}

void ox__notes_close(ox_model *m, enum ox__did did, ox_str label)
{
    if (did == OX__DID_STEP)
        OX__NOTE(m, STEP, label.id, m->live[OX__NODE], m->live[OX__GRAPH]);
    else
        ox__note(m, did, 2, (const uint64_t[]){m->live[OX__NODE], m->live[OX__GRAPH]});
    m->notes->closed = m->notes->w.n;
    if (did == OX__DID_UNDO && m->journal.done < m->notes->base) m->notes->lost = true;
}

void ox__notes_cut(ox__notes *x, uint64_t pos)
{
    uint64_t n = pos > x->taken ? pos - x->taken : 0;
    x->w.n = OX__MAX(x->closed, OX__MIN(n, x->w.n));
}

void ox__notes_free(ox_model *m)
{
    if (!m->notes) return;
    ox__vec_free(&m->notes->w);
    ox__numbering_free(&m->notes->old);
    ox__buf_free(&m->notes->bytes);
    ox__free(m->notes);
    m->notes = NULL;
}

/* ---- recording ---- */
static ox_status begin(ox_model *m, bool renumbered, ox_error *err)
{
    ox_status s = ox_journal_commit(m, "changes outside a command", err);
    if (s != OX_OK) return s;
    ox__notes *x = ox__calloc(1, sizeof *x);
    if (!x) return ox__nomem(err);
    if (renumbered && !ox__number(m, &x->old)) {
        ox__numbering_free(&x->old);
        ox__free(x);
        return ox__nomem(err);
    }
    x->renumbered = renumbered;
    x->base = m->journal.done;
    x->n_files = renumbered ? 0 : ox__model_n_files(m);
    ox__notes_free(m);
    m->notes = x;
    return OX_OK;
}

ox_status ox_journal_record(ox_model *m, ox_error *err)
{
    return m ? begin(m, false, err) : ox__fail(err, OX_E_INVALID, "no model was given");
}

ox_status ox_journal_rebase(ox_model *m, ox_error *err)
{
    return m ? begin(m, true, err) : ox__fail(err, OX_E_INVALID, "no model was given");
}

ox_status ox_journal_take(ox_model *m, const char **bytes, size_t *n, ox_error *err)
{
    *bytes = NULL;
    *n = 0;
    ox__notes *x = m ? m->notes : NULL;
    if (!x || !x->closed) return OX_OK;
    if (x->lost) {
        ox__fail(err, OX_E_UNSUPPORTED, "what goes back beyond the last save cannot be logged");
        ox_error_hint(err, "`save` again, and edits are logged from there on");
        return OX_E_UNSUPPORTED;
    }
    ox__buf_clear(&x->bytes);
    ox_status s = ox__notes_write(m, &x->bytes, err);
    if (s == OX_E_LIMIT) x->lost = true;
    if (s != OX_OK) return s;
    memmove(x->w.p, x->w.p + x->closed, (x->w.n - x->closed) * sizeof *x->w.p);
    x->w.n -= x->closed;
    x->taken += x->closed;
    x->closed = 0;
    x->renumbered = false;
    ox__numbering_free(&x->old);
    *bytes = x->bytes.p;
    *n = x->bytes.n;
    return OX_OK;
}
