/* Floor 4. The file behind a model: that its graph was understood, and that the records of an archive are whole.
 * Weights stay in the file and are looked at where they stand, so that opening holds none of their bytes against the
 * checksum that stands beside them: this does, for every record. */
#include "check/check.h"

#include "io/zip.h"
#include "ir/ir.h"

#include <onnxsh/text.h>
#include <stdio.h>

static void report(ox__check *c, ox__check_id id, const ox_error *why)
{
    char text[sizeof why->msg + sizeof why->file], safe[sizeof text];
    size_t n = (size_t)snprintf(text, sizeof text, "%s", why->msg);
    if (why->line) n += (size_t)snprintf(text + n, sizeof text - n, ", at %s:%u", why->file, why->line);
    ox_text_sanitize(text, OX__MIN(n, sizeof text - 1), safe, sizeof safe);
    ox__check_report(c, id, (ox__place_of){0}, NULL, "%s", safe);
}

void ox__check_read(ox__check *c)
{
    ox_error why;
    if (ox_model_graph_status(c->m, &why) != OX_OK) report(c, OX__CHECK_UNREAD_GRAPH, &why);
}

static ox_status is_zip(void *ud, ox_error *err)
{
    const ox__map *map = ud;
    (void)err;
    return map->n > 4 && memcmp(map->p, "PK\3\4", 4) == 0 ? OX_OK : OX_E_NOT_FOUND;
}

/* What is wrong with the file itself is a finding; what keeps it from being read ends the run. */
static bool finding(ox__check *c, ox_status s, const ox_error *err)
{
    if (s == OX_E_FORMAT || s == OX_E_UNSUPPORTED) return true;
    if (c->err) *c->err = *err;
    ox__check_fail(c, s);
    return false;
}

static void check_entries(ox__check *c, const ox__zip *z)
{
    for (size_t i = 0; i < z->entries.n && !c->stopped; i++) {
        ox_error err;
        ox_status s = ox__zip_check(z, &z->entries.p[i], c->task, &err);
        if (s != OX_OK && finding(c, s, &err)) report(c, OX__CHECK_DAMAGED_RECORD, &err);
    }
}

void ox__check_records(ox__check *c)
{
    for (uint32_t i = 0; c->wanted[OX__CHECK_DAMAGED_RECORD] && i < ox__model_n_files(c->m) && !c->stopped; i++) {
        const ox__map *map = ox__model_file(c->m, i);
        ox__zip z = {0};
        ox_error err;
        ox_status s = ox__map_check(map, &err);
        if (s == OX_OK) s = ox__guarded(is_zip, (void *)(uintptr_t)map, map->path, &err);
        if (s == OX_E_NOT_FOUND) continue; /* a model, or what was unpacked */
        if (s == OX_OK) s = ox__zip_open(&z, map, &err);
        if (s == OX_OK)
            check_entries(c, &z);
        else if (finding(c, s, &err))
            report(c, OX__CHECK_DAMAGED_RECORD, &err);
        ox__zip_close(&z);
    }
}
