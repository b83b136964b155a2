/* Floor 7. Summing a tensor up in pieces. */
#include "app/tui/sum.h"

#include <stdlib.h>
#include <string.h>

/* A tensor that is decoded from the front is copied, so that a table of it reads where it likes. */
enum { COPY_MAX = 64 << 20 };

bool ox_sum_can(const ox_tensor_info *k)
{
    return k->dtype != OX_STRING && (k->storage == OX_STORAGE_FILE || k->storage == OX_STORAGE_OWNED);
}

static ox_status copy_chunk(void *ud, const void *chunk, uint64_t n_bytes, uint64_t offset, ox_error *err)
{
    ox_sum *s = ud;
    (void)err;
    memcpy(s->bytes + offset, chunk, n_bytes);
    return OX_OK;
}

static ox_status work(void *ud, const ox_task *task, ox_error *err)
{
    ox_sum *s = ud;
    uint64_t n = ox_tensor_raw_size(s->m, s->t);
    ox_status st = ox_tensor_stats(s->m, s->t, &s->stats, task, err);
    if (st != OX_OK || ox_tensor_get(s->m, s->t).encoding == OX_ENC_RAW || n > COPY_MAX) return st;
    s->bytes = malloc(n + 1);
    if (!s->bytes) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    return ox_tensor_stream(s->m, s->t, copy_chunk, s, task, err);
}

static void end(ox_sum *s)
{
    s->state = ox_job_status(s->job, &s->error) == OX_OK ? OX_SUM_DONE : OX_SUM_FAILED;
    ox_job_free(s->job);
    s->job = NULL;
}

bool ox_sum_work(ox_sum *s, const ox_model *m, ox_tensor t)
{
    if (s->state == OX_SUM_NONE) {
        s->m = m;
        s->t = t;
        ox_error_clear(&s->error);
        s->state = ox_job_create(&s->job, work, s, &s->error) == OX_OK ? OX_SUM_AT_WORK : OX_SUM_FAILED;
    }
    if (s->state == OX_SUM_AT_WORK && ox_job_resume(s->job, 1) == OX_JOB_DONE) end(s);
    return s->state == OX_SUM_AT_WORK;
}

void ox_sum_stop(ox_sum *s, bool keep)
{
    if (keep && s->state == OX_SUM_DONE) return;
    ox_job_free(s->job);
    free(s->bytes);
    memset(s, 0, sizeof *s);
}

unsigned ox_sum_percent(const ox_sum *s)
{
    uint64_t done = 0, total = 0;
    if (s->job) ox_job_progress(s->job, NULL, &done, &total);
    return total ? (unsigned)((double)done * 100 / (double)total) : 0;
}
