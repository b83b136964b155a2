/* Floor 1. The journal: recording of changed words, rollback, steps, undo and redo.
 *
 * A record keeps the other content of a word, and undoing or redoing it exchanges the two. That is why words of a row
 * that was made after the last mark need no records of their own: the record of its birth takes its life, and the rest
 * stays as it is until redo gives the life back. For the same reason a word needs one record between two marks.
 *
 * What is derived from rows (indexes by name, order keys, positions in lists) is not recorded; each rollback, undo and
 * redo says which of it is no longer to be trusted. */
#include "ir/note.h"
#include "ir/watch.h"

enum { FIRST_CAP = 1024 };
_Static_assert(OX__JOURNAL_SEEN == 1 << 8, "the top byte of a hash picks the place");

/* ---- recording ---- */
uint64_t ox__journal_pos(const ox_model *m)
{
    return m->journal.cur + (m->journal.n - m->journal.redo_end);
}

/* From here on words are recorded anew, and rows count as old. */
static void new_window(ox_model *m)
{
    ox__journal *j = &m->journal;
    j->serial++;
    for (int t = 0; t < OX__N_TABLES; t++) j->fresh[t] = j->paused ? 0 : m->table[t].n;
}

/* Also nothing made so far can be rolled back any more. */
static void new_floor(ox_model *m)
{
    new_window(m);
    for (int t = 0; t < OX__N_TABLES; t++) m->journal.floor[t] = m->table[t].n;
}

static bool reserve_words(ox__journal *j, size_t extra)
{
    if (extra <= j->cap - j->n) return true;
    if (extra > SIZE_MAX / sizeof *j->words - j->n) return false;
    return ox__vec_grow(&j->words, &j->cap, OX__MAX(j->n + extra, (size_t)FIRST_CAP), sizeof *j->words);
}

ox_status ox__edit(ox_model *m, size_t words, ox_error *err)
{
    if (m->oom) return ox__nomem(err);
    if (ox__journal_paused(m)) return OX_OK;
    if (words > SIZE_MAX - OX__EDIT_SLACK || !reserve_words(&m->journal, words + OX__EDIT_SLACK)) return ox__nomem(err);
    return m->notes && !ox__notes_reserve(m, words + OX__NOTE_WORDS) ? ox__nomem(err) : OX_OK;
}

void ox__journal_record(ox_model *m, uint32_t where, uint32_t id, uint64_t old)
{
    ox__journal *j = &m->journal;
    uint32_t h = (where * 0x85EBCA6Bu ^ id) * 0x9E3779B1u;
    ox__word *seen = &j->seen[h >> 24];
    if (seen->where == where && seen->id == id && seen->val == j->serial) return;
    *seen = (ox__word){where, id, j->serial};
    if (m->watch) ox__watch_note(m, where, id, !(old & OX__ALIVE));
    if (j->n == j->redo_end) j->branch++;
    /* Room was made by ox__edit; should it have been too little, the change cannot be taken back, which the sticky flag
     * says. */
    if (!reserve_words(j, 1)) {
        ox__model_oom(m);
        return;
    }
    j->words[j->n++] = (ox__word){where, id, old};
}

void ox__journal_pause(ox_model *m)
{
    if (m->journal.paused++ == 0) new_window(m);
}

void ox__journal_resume(ox_model *m)
{
    if (--m->journal.paused == 0) new_floor(m);
}

void ox__journal_forget(ox_model *m)
{
    ox__journal *j = &m->journal;
    if (j->saved_branch && j->saved > j->cur) j->saved_known = false;
    j->n = j->redo_end;
    if (m->notes) m->notes->w.n = m->notes->closed;
    new_floor(m);
}

/* ---- playing ---- */
static void exchange(ox_model *m, ox__word *w)
{
    enum ox__tab tab = (enum ox__tab)(w->where >> 24);
    uint32_t bytes = w->where >> 16 & 0xff, off = w->where & 0xffff;
    char *p = m->table[tab].p + (size_t)w->id * m->table[tab].item + off;
    bool life = tab >= OX__NODE && tab <= OX__SCOPE && off == offsetof(ox__node_row, flags);
    bool named = tab == OX__VALUE && (life || off == offsetof(ox__value_row, name));
    if (named) ox__fresh_note(m, w->id, -1);
    uint64_t now = 0;
    memcpy(&now, p, bytes);
    memcpy(p, &w->val, bytes);
    if (life && !((now | w->val) & OX__RETURN)) {
        m->live[tab] -= now & OX__ALIVE;
        m->live[tab] += w->val & OX__ALIVE;
    }
    if (named) ox__fresh_note(m, w->id, 1);
    if (m->watch) ox__watch_note(m, w->where, w->id, life && (w->val & ~now & OX__ALIVE));
    w->val = now;
}

/* After rows changed under what is derived from them; pos is the position that was gone back to, 0 = distrust all. */
static void forget_derived(ox_model *m, uint64_t pos)
{
    ox__names_rolled_back(m, pos);
    m->list_epoch++;
    if (m->journal.renumbered > pos) {
        m->order_epoch++;
        m->journal.renumbered = 0;
    }
}

ox_mark ox_journal_mark(const ox_model *m)
{
    ox_mark k = {0};
    if (!m) return k;
    new_window((ox_model *)m);
    k.pos = ox__journal_pos(m);
    k.nodes = m->table[OX__NODE].n;
    k.values = m->table[OX__VALUE].n;
    k.graphs = m->table[OX__GRAPH].n;
    k.scopes = m->table[OX__SCOPE].n;
    k.uses = m->table[OX__USE].n;
    k.items = m->table[OX__ITEM].n;
    k.ids = m->table[OX__ID].n;
    k.notes = m->notes ? m->notes->taken + m->notes->w.n : 0;
    return k;
}

void ox_journal_rollback(ox_model *m, ox_mark k)
{
    if (!m || ox__journal_paused(m)) return;
    ox__journal *j = &m->journal;
    uint64_t pos = OX__MAX(k.pos, (uint64_t)j->cur);
    bool changed = false;
    while (ox__journal_pos(m) > pos) {
        exchange(m, &j->words[--j->n]);
        changed = true;
    }
    const uint32_t size[OX__N_TABLES] = {
        [OX__TOP] = 1,          [OX__NODE] = k.nodes, [OX__VALUE] = k.values, [OX__GRAPH] = k.graphs,
        [OX__SCOPE] = k.scopes, [OX__USE] = k.uses,   [OX__ITEM] = k.items,   [OX__ID] = k.ids};
    for (int t = OX__NODE; t < OX__N_TABLES; t++) ox__table_shrink(m, (enum ox__tab)t, OX__MAX(size[t], j->floor[t]));
    if (changed) forget_derived(m, pos + 1);
    if (m->notes) ox__notes_cut(m->notes, k.notes);
    if (j->saved_branch && j->saved > pos) j->saved_known = false;
    m->oom = false;
    new_window(m);
}

/* ---- steps ---- */
static void drop_redo(ox__journal *j)
{
    for (size_t i = j->done; i < j->steps.n; i++) ox__free(j->steps.p[i].label);
    j->steps.n = j->done;
}

ox_status ox_journal_commit(ox_model *m, const char *label, ox_error *err)
{
    if (!m) return ox__fail(err, OX_E_INVALID, "no model was given");
    if (m->oom) return ox__nomem(err);
    ox__journal *j = &m->journal;
    size_t open = j->n - j->redo_end;
    if (!open) return OX_OK;
    char *copy = ox__strndup(label ? label : "", label ? strlen(label) : 0);
    ox_str noted = m->notes ? ox_str_addz(m, copy) : (ox_str){0};
    bool room = !m->notes || (noted.id && ox__notes_reserve(m, OX__NOTE_WORDS));
    if (!copy || !room || !ox__vec_reserve(&j->steps, j->done + 1)) {
        ox__free(copy);
        return ox__nomem(err);
    }
    drop_redo(j);
    memmove(j->words + j->cur, j->words + j->redo_end, open * sizeof *j->words);
    if (j->saved_branch == j->branch)
        j->saved_branch = 0;
    else if (j->saved > j->cur)
        j->saved_known = false; /* it was undone, and now there is no way back to it */
    j->cur += open;
    j->redo_end = j->n = j->cur;
    j->steps.p[j->steps.n++] = (ox__step){j->cur, copy};
    j->done = j->steps.n;
    new_floor(m);
    if (m->notes) ox__notes_close(m, OX__DID_STEP, noted);
    return OX_OK;
}

bool ox_journal_is_open(const ox_model *m)
{
    return m && m->journal.n > m->journal.redo_end;
}

ox_status ox_journal_undo(ox_model *m, const char **label, ox_error *err)
{
    ox_status s = ox_journal_commit(m, "changes outside a command", err);
    if (s != OX_OK) return s;
    ox__journal *j = &m->journal;
    if (!j->done) return ox__fail(err, OX_E_NOT_FOUND, "there is nothing to undo");
    if (m->notes && !ox__notes_reserve(m, OX__NOTE_WORDS)) return ox__nomem(err);
    size_t begin = j->done > 1 ? j->steps.p[j->done - 2].end : 0;
    for (size_t i = j->cur; i-- > begin;) exchange(m, &j->words[i]);
    j->cur = begin;
    j->done--;
    if (label) *label = j->steps.p[j->done].label;
    forget_derived(m, 0);
    new_floor(m);
    if (m->notes) ox__notes_close(m, OX__DID_UNDO, (ox_str){0});
    return OX_OK;
}

ox_status ox_journal_redo(ox_model *m, const char **label, ox_error *err)
{
    if (!m) return ox__fail(err, OX_E_INVALID, "no model was given");
    if (m->oom) return ox__nomem(err);
    ox__journal *j = &m->journal;
    if (j->done == j->steps.n || ox_journal_is_open(m))
        return ox__fail(err, OX_E_NOT_FOUND, "there is nothing to redo");
    if (m->notes && !ox__notes_reserve(m, OX__NOTE_WORDS)) return ox__nomem(err);
    size_t end = j->steps.p[j->done].end;
    for (size_t i = j->cur; i < end; i++) exchange(m, &j->words[i]);
    j->cur = end;
    if (label) *label = j->steps.p[j->done].label;
    j->done++;
    forget_derived(m, 0);
    new_floor(m);
    if (m->notes) ox__notes_close(m, OX__DID_REDO, (ox_str){0});
    return OX_OK;
}

size_t ox_journal_n_undo(const ox_model *m)
{
    return m ? m->journal.done : 0;
}

size_t ox_journal_n_redo(const ox_model *m)
{
    return m && !ox_journal_is_open(m) ? m->journal.steps.n - m->journal.done : 0;
}

bool ox_model_is_modified(const ox_model *m)
{
    if (!m) return false;
    const ox__journal *j = &m->journal;
    uint64_t branch = ox_journal_is_open(m) ? j->branch : 0;
    return !j->saved_known || j->saved_branch != branch || j->saved != ox__journal_pos(m);
}

void ox_model_set_saved(ox_model *m)
{
    if (!m) return;
    ox__journal *j = &m->journal;
    j->saved_branch = ox_journal_is_open(m) ? j->branch : 0;
    j->saved = ox__journal_pos(m);
    j->saved_known = true;
    new_window(m); /* so that the next change has a record, and with it a position, of its own */
}
