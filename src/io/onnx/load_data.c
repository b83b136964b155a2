/* Floor 3. External data on load. What a model says about its data is checked at opening, by rules that need no file:
 * known keys only, each once, plain decimal numbers, a path that stays beneath the model's directory; breaking one is
 * an error. The file itself is opened (never read) then too, but one that is missing, too short, a link or no regular
 * file only leaves its tensors without data, so that the model can be looked at; the load warns of it. */
#include "io/onnx/load.h"

typedef struct key_row {
    const char *name;
    enum { LOCATION, OFFSET, LENGTH, OTHER } what;
} key_row;

/* `checksum` is optional in the format and not verified; `basepath` has a meaning in memory only. */
static const key_row keys[] = {
    {"location", LOCATION}, {"offset", OFFSET}, {"length", LENGTH}, {"checksum", OTHER}, {"basepath", OTHER}};

static bool parse_decimal(ox__span s, uint64_t *v)
{
    *v = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned d = (unsigned)(unsigned char)s.p[i] - '0';
        if (d > 9 || *v > (UINT64_MAX - d) / 10) return false;
        *v = *v * 10 + d;
    }
    return s.n != 0;
}

static ox_status twice(ox__load *ld, const ox__field *f, const char *key, ox_error *err)
{
    return ox__load_fail(ld, f->at, OX_E_FORMAT, err, "external data has the key '%s' twice", key);
}

ox_status ox__load_place(ox__load *ld, const ox__field *f, ox__place *place, ox_error *err)
{
    ox__span key, value;
    ox_status s = ox__load_entry(ld, f->sub, &key, &value, err);
    if (s != OX_OK) return s;
    if (!place->at) place->at = f->at;
    for (size_t i = 0; i < OX__COUNT(keys); i++) {
        if (strlen(keys[i].name) != key.n || memcmp(keys[i].name, key.p, key.n) != 0) continue;
        uint64_t *number = keys[i].what == OFFSET ? &place->offset : &place->length;
        switch (keys[i].what) {
        case LOCATION:
            if (place->location.id) return twice(ld, f, "location", err);
            s = ox__check_relative(value.p, value.n, err);
            if (s != OX_OK && err) {
                ox_error_context(err, "'%.*s'", (int)OX__MIN(value.n, (size_t)200), value.p);
                ox_error_at_offset(err, ld->path, (uint64_t)(f->at - ld->io->start));
            }
            place->location = ox__load_str(ld, value);
            return s;
        case OFFSET:
        case LENGTH:
            if (keys[i].what == LENGTH) {
                if (place->has_length) return twice(ld, f, "length", err);
                place->has_length = true;
            } else if (place->has_offset) {
                return twice(ld, f, "offset", err);
            } else {
                place->has_offset = true;
            }
            if (parse_decimal(value, number)) return OX_OK;
            return ox__load_fail(ld, f->at, OX_E_FORMAT, err,
                                 "the %s of external data is '%.*s', not a number of bytes", keys[i].name,
                                 (int)OX__MIN(value.n, (size_t)60), value.p);
        case OTHER: return OX_OK;
        }
    }
    return ox__load_fail(ld, f->at, OX_E_FORMAT, err, "external data has the unknown key '%.*s'",
                         (int)OX__MIN(key.n, (size_t)60), key.p);
}

typedef struct location_key {
    const ox__onnx *io;
    ox_str location;
} location_key;

static bool same_location(const void *ud, uint32_t id)
{
    const location_key *k = ud;
    return k->io->data.p[id - 1].location.id == k->location.id;
}

/* The reason why tensors stay without data; the first is what the user will read. */
static void note_no_data(ox__load *ld, const ox_error *why)
{
    if (ld->n_no_data++ == 0) ld->no_data = *why;
}

/* Opens and maps the file of a location and hands it to the model; *file stays UINT32_MAX when that is not possible. */
static ox_status open_data(ox__load *ld, ox_str location, uint32_t *file, ox_error *err)
{
    ox_error why;
    ox_error_clear(&why);
    int fd;
    size_t n;
    const char *rel = ox_str_text(ld->m, location, &n);
    ox__map map = {0};
    ox_status s = ox__open_beneath(&fd, ld->dir, rel, n, ld->args->opt->follow_links, &why);
    if (s == OX_OK) {
        ox__buf path = {0};
        ox__buf_addf(&path, "%s%s", ld->dir, rel);
        s = path.failed ? ox__nomem(&why) : ox__map_fd(&map, fd, path.p, &why);
        ox__buf_free(&path);
    }
    if (s == OX_OK) return ox__model_add_file(ld->m, &map, file, err);
    if (s == OX_E_NOMEM) return ox__nomem(err);
    *file = UINT32_MAX;
    note_no_data(ld, &why);
    return OX_OK;
}

static ox_status find_data(ox__load *ld, ox_str location, uint32_t *file, ox_error *err)
{
    ox__onnx *io = ld->io;
    location_key k = {io, location};
    uint64_t hash = ox__hash_mix(0, location.id);
    uint32_t id = ox__index_find(&io->data_index, hash, same_location, &k);
    if (id) {
        *file = io->data.p[id - 1].file;
        if (*file == UINT32_MAX) ld->n_no_data++;
        return OX_OK;
    }
    ox__data_file d = {location, UINT32_MAX};
    ox_status s = open_data(ld, location, &d.file, err);
    if (s != OX_OK) return s;
    *file = d.file;
    if (!ox__vec_push(&io->data, d) || !ox__index_add(&io->data_index, hash, (uint32_t)io->data.n))
        return ox__nomem(err);
    return OX_OK;
}

/* The file of the data is there, and too short. */
static void note_short(ox__load *ld, const ox__map *map, uint64_t offset, uint64_t n)
{
    ox_error why;
    ox_error_clear(&why);
    const char *hint = "", *what = ox__stranger(map->p, map->n, &hint);
    if (what)
        ox__fail(&why, OX_E_IO, "%s", what);
    else
        ox__fail(&why, OX_E_IO, "external data of %llu bytes at %llu goes beyond the end of the file (%llu bytes)",
                 (unsigned long long)n, (unsigned long long)offset, (unsigned long long)map->n);
    ox_error_hint(&why, "%s", hint);
    ox_error_at_line(&why, map->path, 0, 0);
    note_no_data(ld, &why);
}

ox_status ox__load_data(ox__load *ld, const ox__place *place, uint64_t n, uint32_t *file, ox_error *err)
{
    *file = UINT32_MAX;
    ox_status s = ox_model_status(ld->m, err); /* out of memory leaves a location empty, too */
    if (s != OX_OK) return s;
    if (!place->location.id) return ox__load_fail(ld, place->at, OX_E_FORMAT, err, "external data has no location");
    if (place->has_length && place->length != n)
        return ox__load_fail(ld, place->at, OX_E_FORMAT, err,
                             "external data has a length of %llu bytes, but the shape needs %llu",
                             (unsigned long long)place->length, (unsigned long long)n);
    if (place->offset > UINT64_MAX - n)
        return ox__load_fail(ld, place->at, OX_E_FORMAT, err, "external data ends beyond what a file can hold");
    s = find_data(ld, place->location, file, err);
    if (s != OX_OK || *file == UINT32_MAX) return s;
    const ox__map *map = ox__model_file(ld->m, *file);
    if (place->offset <= map->n && n <= map->n - place->offset) return OX_OK;
    note_short(ld, map, place->offset, n);
    *file = UINT32_MAX;
    return OX_OK;
}
