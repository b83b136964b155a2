/* Floor 3. Splicing: the walk over a record's source while its new form is written. See save.h. */
#include "io/onnx/save.h"

#include <inttypes.h>
#include <stdio.h>

enum { MAX_HELD = 24 };

void ox__enc_fail(ox__enc *e, ox_status code, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    if (e->status != OX_OK) return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    e->status = ox__fail(&e->error, code, "%s", text);
}

static uint32_t number_of(uint32_t known)
{
    return known & 0xFF;
}

static unsigned place_of(const uint32_t *known, unsigned n, const ox__field *f)
{
    for (unsigned i = 0; i < n && number_of(known[i]) <= f->number; i++)
        if (number_of(known[i]) == f->number) return known[i] >> 8 >> f->type & 1 ? i : n;
    return n;
}

/* A message is gone over twice: what is still to come of each number must be known when the first is written. Fields of
 * a small one are kept from the first time; the counts of the last large one, which is mostly the graph, are kept for
 * the writing run. */
typedef struct pass {
    ox__fields it;
    ox__field held[MAX_HELD];
    const uint8_t *end[MAX_HELD]; /* of the fields */
    unsigned n, next;
    bool all_held;
    uint32_t left[OX__MAX_KNOWN]; /* occurrences that are still to come */
} pass;

static ox__fields fields_of(const ox__enc *e, const ox__msg *src)
{
    ox__fields it = ox__fields_of(src);
    it.lets_go = e->io && e->io->mapped;
    return it;
}

static void count_fields(ox__enc *e, pass *p, const ox__msg *src, const uint32_t *known, unsigned n_known)
{
    p->n = p->next = 0;
    memset(p->left, 0, sizeof p->left);
    p->it = fields_of(e, src);
    p->all_held = false;
    if (e->counted == src->part.p) {
        memcpy(p->left, e->counts, sizeof p->left);
        return;
    }
    p->all_held = true;
    for (ox__field f; ox__fields_next(&p->it, &f);) {
        unsigned i = place_of(known, n_known, &f);
        if (i < n_known) p->left[i]++;
        p->all_held = p->n < MAX_HELD;
        if (!p->all_held) continue;
        p->held[p->n] = f;
        p->end[p->n++] = p->it.r.p;
    }
    if (p->all_held) return;
    if (!p->it.r.failed) {
        e->counted = src->part.p;
        memcpy(e->counts, p->left, sizeof p->left);
    }
    p->it = fields_of(e, src);
}

static bool next_field(pass *p, const ox__field **f, const uint8_t **end)
{
    if (p->all_held) {
        if (p->next == p->n) return false;
        *f = &p->held[p->next];
        *end = p->end[p->next++];
        return true;
    }
    if (!ox__fields_next(&p->it, &p->held[0])) return false;
    *f = &p->held[0];
    *end = p->it.r.p;
    return true;
}

/* The fields that the source lacks and that stand before this number; with UINT32_MAX all. */
static void put_missing(ox__enc *e, uint32_t *missing, uint32_t before, const uint32_t *known, unsigned n_known,
                        bool fresh, ox__splice_fn fn, void *ud)
{
    for (unsigned i = 0; *missing >> i && i < n_known && number_of(known[i]) < before; i++) {
        ox__at none = {number_of(known[i]), NULL, NULL, true, true, fresh};
        if ((*missing >> i & 1) && e->status == OX_OK) fn(e, ud, &none);
        *missing &= ~(1u << i);
    }
}

void ox__splice(ox__enc *e, const ox__msg *src, const uint32_t *known, unsigned n_known, ox__splice_fn fn, void *ud)
{
    uint32_t missing = 0, seen = 0; /* bit sets: not in the source, not written yet; one was there */
    bool fresh = !ox__msg_present(src);
    pass p;
    const ox__field *f;
    const uint8_t *end;
    if (!fresh) count_fields(e, &p, src, known, n_known);
    for (unsigned i = 0; i < n_known; i++)
        if (fresh || !p.left[i]) missing |= 1u << i;
    while (!fresh && e->status == OX_OK && next_field(&p, &f, &end)) {
        put_missing(e, &missing, f->number, known, n_known, false, fn, ud);
        unsigned i = place_of(known, n_known, f);
        ox__at at = {f->number, f, end, false, false, false};
        if (i == n_known) {
            ox__at_copy(e, &at);
            continue;
        }
        at.first = !(seen >> i & 1);
        at.last = --p.left[i] == 0;
        seen |= 1u << i;
        fn(e, ud, &at);
    }
    if (!fresh && p.it.r.failed) ox__enc_fail(e, OX_E_IO, "the source file changed: %s", p.it.r.failed);
    put_missing(e, &missing, UINT32_MAX, known, n_known, fresh, fn, ud);
}

static bool text_is(const ox_model *m, ox_str s, ox__span t)
{
    size_t n;
    const char *p = ox_str_text(m, s, &n);
    return n == t.n && (n == 0 || memcmp(p, t.p, n) == 0);
}

/* The value that the text of f names and that is called otherwise now; 0 for anything else. */
static uint32_t renamed(const ox__enc *e, const ox__field *f)
{
    size_t i = ox__onnx_named_from(e->io, f->sub.p);
    if (i == e->io->named.n || e->io->named.p[i].at != ox__reader_offset(&f->sub)) return 0;
    const ox__value_row *r = ox__value_row_at(e->m, e->io->named.p[i].value);
    bool other = (r->flags & OX__ALIVE) && r->name > 1 && !text_is(e->m, (ox_str){r->name}, ox__field_span(f));
    return other ? e->io->named.p[i].value : 0;
}

/* Copies a field in which values are named, with their names of today. Paths to names have at most NAMED_DEPTH
 * messages: so deep does this go. */
enum { NAMED_DEPTH = 4 };

static void copy_named(ox__enc *e, const ox__field *f, const uint8_t *end, unsigned depth)
{
    const ox__onnx *io = e->io;
    size_t i = f->type == OX__WIRE_BYTES && io ? ox__onnx_named_from(io, f->sub.p) : 0;
    bool inside = f->type == OX__WIRE_BYTES && io && i < io->named.n && io->start + io->named.p[i].at < f->sub.end;
    uint32_t value = inside ? renamed(e, f) : 0;
    if (value) {
        size_t n;
        const char *p = ox_str_text(e->m, (ox_str){ox__value_row_at(e->m, value)->name}, &n);
        ox__sink_text(&e->k, f->number, p, n);
    } else if (!inside || depth == NAMED_DEPTH || io->start + io->named.p[i].at == f->sub.p) {
        ox__sink_field(&e->k, f, end);
    } else {
        ox__open_msg o = ox__sink_begin(&e->k, f->number);
        ox__reader r = f->sub;
        for (ox__field sub; ox__read_field(&r, &sub);) copy_named(e, &sub, r.p, depth + 1);
        ox__sink_end(&e->k, o);
    }
}

void ox__at_copy(ox__enc *e, const ox__at *at)
{
    if (at->f) copy_named(e, at->f, at->end, 0);
}

void ox__at_text(ox__enc *e, const ox__at *at, ox_str s)
{
    size_t n;
    const char *p = ox_str_text(e->m, s, &n);
    if (at->first && (at->f || n)) ox__sink_text(&e->k, at->number, p, n);
}

void ox__enc_copy_record(ox__enc *e, uint32_t rec, uint32_t number)
{
    ox__field f;
    if (!ox__onnx_record_field(e->io, rec, &f)) {
        ox__enc_fail(e, OX_E_IO, "the source file changed while it was open");
        return;
    }
    if (f.number == number) {
        ox__sink_field(&e->k, &f, f.sub.end);
        return;
    }
    uint64_t n = ox__reader_left(&f.sub);
    ox__sink_tag(&e->k, number, OX__WIRE_BYTES);
    ox__sink_varint(&e->k, n);
    ox__sink_copy(&e->k, ox__reader_offset(&f.sub), n);
}

/* ---- pairs ---- */

static void write_pair(ox__enc *e, uint32_t number, ox_pair p)
{
    size_t n, k;
    const char *key = ox_str_text(e->m, p.key, &n), *value = ox_str_text(e->m, p.value, &k);
    ox__open_msg o = ox__sink_begin(&e->k, number);
    ox__sink_text(&e->k, 1, key, n);
    ox__sink_text(&e->k, 2, value, k);
    ox__sink_end(&e->k, o);
}

void ox__at_pairs(ox__enc *e, const ox__at *at, const ox_pair *pairs, size_t n, size_t *next)
{
    if (at->f && *next < n) {
        ox__span key = {"", 0}, value = {"", 0};
        ox__reader r = at->f->sub;
        for (ox__field f; ox__read_field(&r, &f);)
            if (f.type == OX__WIRE_BYTES && f.number <= 2) *(f.number == 1 ? &key : &value) = ox__field_span(&f);
        if (text_is(e->m, pairs[*next].key, key)) {
            if (text_is(e->m, pairs[*next].value, value))
                ox__at_copy(e, at);
            else
                write_pair(e, at->number, pairs[*next]);
            ++*next;
        } /* else it was removed */
    }
    for (; at->last && *next < n; ++*next) write_pair(e, at->number, pairs[*next]);
}

/* ---- opset imports ---- */

static void write_opset(ox__enc *e, uint32_t number, ox_opset op)
{
    size_t n;
    const char *p = ox_str_text(e->m, op.domain, &n);
    ox__open_msg o = ox__sink_begin(&e->k, number);
    if (memchr(p, 0, n)) ox__enc_fail(e, OX_E_FORMAT, "the domain of an operator set has a NUL byte: '%.200s'", p);
    ox__sink_text(&e->k, 1, p, n);
    ox__sink_int(&e->k, 2, op.version);
    ox__sink_end(&e->k, o);
}

void ox__at_opsets(ox__enc *e, const ox__at *at, const ox_opset *opsets, size_t n, size_t *next)
{
    if (at->f && *next < n) {
        ox__span domain = {"", 0};
        int64_t version = 0;
        ox__reader r = at->f->sub;
        for (ox__field f; ox__read_field(&r, &f);) {
            if (f.number == 1 && f.type == OX__WIRE_BYTES) domain = ox__field_span(&f);
            if (f.number == 2 && f.type == OX__WIRE_VARINT) version = (int64_t)f.value;
        }
        if (domain.n == 7 && memcmp(domain.p, "ai.onnx", 7) == 0) domain.n = 0;
        if (text_is(e->m, opsets[*next].domain, domain)) {
            if (opsets[*next].version == version)
                ox__at_copy(e, at);
            else
                write_opset(e, at->number, opsets[*next]);
            ++*next;
        }
    }
    for (; at->last && *next < n; ++*next) write_opset(e, at->number, opsets[*next]);
}

/* ---- names ---- */

const char *ox__enc_value_name(ox__enc *e, uint32_t value, char buf[48], size_t *n)
{
    *n = 0;
    if (!value) return "";
    const ox__value_row *r = ox__value_row_at(e->m, value);
    if (r->name > 1) return ox_str_text(e->m, (ox_str){r->name}, n);
    if (!r->use_n && !r->in_item && !r->init_item) return "";
    int len = snprintf(buf, 48, "v%" PRIu32, value);
    while (len < 40 && ox_str_find(e->m, buf, (size_t)len).id) {
        buf[len++] = '_';
        buf[len] = '\0';
    }
    *n = (size_t)len;
    return buf;
}
