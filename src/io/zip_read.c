/* Floor 3. The content of a zip entry. It is read from the file, not through the map, so that nothing of it becomes
 * resident and a truncated file is an error of the read. */
#include "io/zip.h"

#include <zlib.h>

enum { IN_SIZE = 64 << 10 };

struct ox__inflater {
    z_stream z;
    uint8_t in[IN_SIZE];
};

static voidpf z_alloc(voidpf ud, uInt n, uInt size)
{
    (void)ud;
    return ox__calloc(n, size);
}

static void z_free(voidpf ud, voidpf p)
{
    (void)ud;
    ox__free(p);
}

static ox_status bad(const ox__zip_reader *r, ox_error *err, const char *what)
{
    ox__fail(err, OX_E_FORMAT, "zip entry '%.200s': %s", r->entry->name, what);
    ox_error_at_offset(err, r->zip->map->path, r->entry->header);
    return OX_E_FORMAT;
}

ox_status ox__zip_reader_open(ox__zip_reader *r, const ox__zip *z, const ox__zip_entry *e, ox_error *err)
{
    memset(r, 0, sizeof *r);
    ox_status s = ox__zip_locate(z, e, &r->at, err);
    if (s != OX_OK) return s;
    r->zip = z;
    r->entry = e;
    r->packed = e->packed;
    r->left = e->size;
    r->crc = (uint32_t)crc32(0, NULL, 0);
    if (e->method == 0) return OX_OK;
    struct ox__inflater *f = ox__calloc(1, sizeof *f);
    if (!f) return ox__nomem(err);
    f->z.zalloc = z_alloc;
    f->z.zfree = z_free;
    if (inflateInit2(&f->z, -MAX_WBITS) != Z_OK) {
        ox__free(f);
        return ox__nomem(err);
    }
    r->inflater = f;
    return OX_OK;
}

void ox__zip_reader_close(ox__zip_reader *r)
{
    if (r->inflater) inflateEnd(&r->inflater->z);
    ox__free(r->inflater);
    r->inflater = NULL;
}

static ox_status refill(ox__zip_reader *r, ox_error *err)
{
    size_t n = (size_t)OX__MIN(r->packed, (uint64_t)IN_SIZE);
    ox_status s = ox__map_read(r->zip->map, r->at, r->inflater->in, n, err);
    if (s != OX_OK) return s;
    r->at += n;
    r->packed -= n;
    r->inflater->z.next_in = r->inflater->in;
    r->inflater->z.avail_in = (uInt)n;
    return OX_OK;
}

/* Fills dst, n <= r->left, so that content beyond the stated size is never made. */
static ox_status inflate_some(ox__zip_reader *r, uint8_t *dst, size_t n, ox_error *err)
{
    z_stream *z = &r->inflater->z;
    size_t done = 0;
    while (done < n) {
        if (z->avail_in == 0 && r->packed) {
            ox_status s = refill(r, err);
            if (s != OX_OK) return s;
        }
        size_t want = OX__MIN(n - done, (size_t)1 << 30);
        z->next_out = dst + done;
        z->avail_out = (uInt)want;
        int k = inflate(z, Z_NO_FLUSH);
        size_t got = want - z->avail_out;
        done += got;
        if (k == Z_MEM_ERROR) return ox__nomem(err);
        if (k == Z_STREAM_END && done < n) return bad(r, err, "it holds less than it states");
        if (k != Z_OK && k != Z_STREAM_END && !(k == Z_BUF_ERROR && r->packed))
            return bad(r, err, "its data is damaged");
    }
    return OX_OK;
}

/* After the last byte: the stream must end right there, with all of its packed bytes used. */
static ox_status check_end(ox__zip_reader *r, ox_error *err)
{
    if (r->inflater) {
        z_stream *z = &r->inflater->z;
        uint8_t more;
        int k = Z_OK;
        while (k == Z_OK) {
            if (z->avail_in == 0 && r->packed) {
                ox_status s = refill(r, err);
                if (s != OX_OK) return s;
            }
            z->next_out = &more;
            z->avail_out = 1;
            k = inflate(z, Z_NO_FLUSH);
            if (z->avail_out == 0) return bad(r, err, "it holds more than it states");
        }
        if (k == Z_MEM_ERROR) return ox__nomem(err);
        if (k != Z_STREAM_END || z->avail_in || r->packed) return bad(r, err, "its data is damaged");
    }
    if (r->crc != r->entry->crc) return bad(r, err, "its checksum is wrong: the data is damaged");
    return OX_OK;
}

ox_status ox__zip_read(ox__zip_reader *r, void *dst, size_t n, size_t *got, ox_error *err)
{
    size_t k = (size_t)OX__MIN((uint64_t)n, r->left);
    ox_status s = OX_OK;
    *got = 0;
    if (r->inflater) {
        s = inflate_some(r, dst, k, err);
    } else {
        s = ox__map_read(r->zip->map, r->at, dst, k, err);
        r->at += k;
    }
    if (s != OX_OK) return s;
    r->crc = (uint32_t)crc32_z(r->crc, dst, k);
    r->left -= k;
    *got = k;
    if (r->left || r->checked) return OX_OK;
    r->checked = true;
    return check_end(r, err);
}

ox_status ox__zip_check(const ox__zip *z, const ox__zip_entry *e, const ox_task *task, ox_error *err)
{
    enum { STEP = 256 << 10 };
    ox__zip_reader r;
    void *buf = ox__alloc(STEP);
    if (!buf) return ox__nomem(err);
    ox_status s = ox__zip_reader_open(&r, z, e, err);
    for (size_t got = STEP; s == OX_OK && got == STEP;) {
        if (task && task->step && !task->step(task->ud, "checking", e->size - r.left, e->size))
            s = ox__fail(err, OX_E_INTERRUPTED, "interrupted");
        else
            s = ox__zip_read(&r, buf, STEP, &got, err);
    }
    ox__zip_reader_close(&r);
    ox__free(buf);
    return s;
}
