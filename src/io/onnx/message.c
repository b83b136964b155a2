/* Floor 3. Messages in parts: see message.h. */
#include "io/onnx/message.h"

#include <sys/mman.h>

bool ox__msg_merge(ox__msg *g, ox__reader part, ox__arena *arena)
{
    if (!ox__msg_present(g)) {
        *g = ox__msg_of(part);
        return true;
    }
    if (part.p == part.end) return true; /* nothing to merge; a file of millions of these must not cost memory */
    ox__msg *more = ox__arena_alloc(arena, sizeof *more);
    if (!more) return false;
    *more = ox__msg_of(part);
    if (g->last)
        g->last->next = more;
    else
        g->next = more;
    g->last = more;
    return true;
}

uint64_t ox__msg_size(const ox__msg *g)
{
    uint64_t n = ox__reader_left(&g->part);
    for (const ox__msg *p = g->next; p; p = p->next) n += ox__reader_left(&p->part);
    return n;
}

void ox__fields_let_go(ox__fields *it, const ox__field *f)
{
    const uintptr_t page = 4096;
    uintptr_t from = ((uintptr_t)it->from + page - 1) / page * page, to = (uintptr_t)f->at / page * page;
    if (it->from && to > from) madvise((void *)from, to - from, MADV_DONTNEED);
    it->from = f->at;
}
