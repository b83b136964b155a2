/* Floor 3. The code of a TorchScript archive, file by file, as it is asked for. */
#include "io/torchscript/archive.h"

/* "__torch__.a.b.C" to "code/__torch__/a/b.py"; false if the name has no dot. */
static bool record_of(ox__buf *b, const char *qualified)
{
    const char *dot = strrchr(qualified, '.');
    if (!dot) return false;
    ox__buf_addz(b, "code/");
    for (const char *p = qualified; p < dot; p++) ox__buf_addc(b, *p == '.' ? '/' : *p);
    ox__buf_addz(b, ".py");
    return true;
}

static ox_status add_source(ox__archive *a, const char *record, ox__archive_source **out, ox_error *err)
{
    ox__archive_source *src = ox__arena_alloc(&a->arena, sizeof *src);
    if (!src) return ox__nomem(err);
    memset(src, 0, sizeof *src);
    src->record = ox__arena_dup(&a->arena, record, strlen(record) + 1);
    ox__buf place = {0};
    ox__buf_addf(&place, "%s (%s)", a->map->path, record);
    if (!place.failed) src->place = ox__arena_dup(&a->arena, place.p, place.n + 1);
    ox__buf_free(&place);
    if (!src->record || !src->place) return ox__nomem(err);
    const ox__zip_entry *e = ox__archive_find(a, record);
    ox_status s = e ? ox__archive_text(a, e, &src->text, &src->n, err) : OX_OK;
    if (s != OX_OK) return s;
    if (!ox__vec_push(&a->sources, src)) return ox__nomem(err);
    *out = src;
    return OX_OK;
}

ox_status ox__archive_source_of(ox__archive *a, const char *qualified, ox__archive_source **out, ox_error *err)
{
    ox__buf b = {0};
    *out = NULL;
    if (!record_of(&b, qualified)) return ox__fail(err, OX_E_FORMAT, "class '%.200s' is in no module", qualified);
    for (size_t i = a->sources.n; i-- > 0 && !b.failed && !*out;)
        if (strcmp(a->sources.p[i]->record, b.p) == 0) *out = a->sources.p[i];
    ox_status s = b.failed ? ox__nomem(err) : OX_OK;
    if (s == OX_OK && !*out) s = add_source(a, b.p, out, err);
    ox__buf_free(&b);
    return s;
}

ox_status ox__archive_debug(ox__archive *a, ox__archive_source *src, ox_error *err)
{
    if (src->debug_read) return OX_OK;
    src->debug_read = true;
    ox__buf b = {0};
    ox__buf_addf(&b, "%s.debug_pkl", src->record);
    const ox__zip_entry *e = b.failed ? NULL : ox__archive_find(a, b.p);
    ox_status s = b.failed ? ox__nomem(err) : OX_OK;
    ox__buf_free(&b);
    if (!e) return s;
    ox_error why;
    s = ox__archive_pickle(a, e, &src->debug, NULL, &why);
    if (s == OX_E_NOMEM) return ox__nomem(err);
    if (s != OX_OK || src->debug.root->kind != OX__OBJ_TUPLE) ox__obj_tree_free(&src->debug);
    return OX_OK;
}
