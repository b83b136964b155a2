/* Floor 0. Jobs: work on a stack of its own that its owner resumes. Both are one thread, so whatever belongs to a
 * thread (Lua, signal masks, errno, locks) needs no thought; only the innermost SIGBUS guard is bound to a stack, and
 * changes with it. A job owns its stack, which is pages that are only there once touched. */
#include <onnxsh/job.h>

#include "base/base.h"
#include "base/file.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>

/* The address sanitizer must know on which stack the program is. */
#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif
#ifdef WITH_ASAN
#include <sanitizer/common_interface_defs.h>
#define LEAVE_STACK(keep, to, size) __sanitizer_start_switch_fiber(keep, to, size)
#define ENTER_STACK(kept, from, size) __sanitizer_finish_switch_fiber(kept, from, size)
#else
#define LEAVE_STACK(keep, to, size) ((void)(keep), (void)(to), (void)(size))
#define ENTER_STACK(kept, from, size) ((void)(kept), (void)(from), (void)(size))
#endif

/* Twice what a main thread has; below it a page that cannot be touched. */
#define STACK ((size_t)16 << 20)
#define FENCE ((size_t)64 << 10)

struct ox_job {
    ox_job_fn fn;
    void *ud;
    ox_task task;
    char *pages; /* FENCE, then STACK */
    ucontext_t owner, work;
    void *guard; /* the innermost SIGBUS guard of the work, while it rests */
    const void *owner_stack;
    size_t owner_size;
    bool begun, inside, done;
    atomic_bool cancelled;
    uint32_t budget;
    struct timespec resumed;
    char what[64];
    uint64_t done_n, total;
    ox_status status;
    ox_error err;
};

static bool is_spent(const ox_job *j)
{
    if (j->budget == OX_JOB_NO_BUDGET) return false;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t ns = (int64_t)(now.tv_sec - j->resumed.tv_sec) * 1000000000 + (now.tv_nsec - j->resumed.tv_nsec);
    return ns >= (int64_t)j->budget * 1000000;
}

static void rest(ox_job *j)
{
    void *kept = NULL;
    LEAVE_STACK(&kept, j->owner_stack, j->owner_size);
    swapcontext(&j->work, &j->owner);
    ENTER_STACK(kept, &j->owner_stack, &j->owner_size);
}

static bool step(void *ud, const char *what, uint64_t done, uint64_t total)
{
    ox_job *j = ud;
    if (!atomic_load(&j->cancelled) && is_spent(j)) {
        snprintf(j->what, sizeof j->what, "%s", what ? what : "");
        j->done_n = done;
        j->total = total;
        rest(j);
    }
    return !atomic_load(&j->cancelled);
}

/* The first frame of the job's stack; makecontext passes integers only. */
static void run(unsigned high, unsigned low)
{
    ox_job *j = (ox_job *)(uintptr_t)((uint64_t)high << 32 | low);
    ENTER_STACK(NULL, &j->owner_stack, &j->owner_size);
    j->status = j->fn(j->ud, &j->task, &j->err);
    j->done = true;
    LEAVE_STACK(NULL, j->owner_stack, j->owner_size); /* for good */
    swapcontext(&j->work, &j->owner);
}

ox_status ox_job_create(ox_job **out, ox_job_fn fn, void *ud, ox_error *err)
{
    *out = NULL;
    ox_job *j = ox__calloc(1, sizeof *j);
    if (!j) return ox__nomem(err);
    void *pages = mmap(NULL, FENCE + STACK, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED) {
        ox__free(j);
        return ox__nomem(err);
    }
    j->pages = pages;
    if (mprotect(j->pages, FENCE, PROT_NONE) != 0 || getcontext(&j->work) != 0) {
        ox_job_free(j);
        return ox__nomem(err);
    }
    j->fn = fn;
    j->ud = ud;
    j->task = (ox_task){step, j};
    j->work.uc_stack.ss_sp = j->pages + FENCE;
    j->work.uc_stack.ss_size = STACK;
    uint64_t me = (uint64_t)(uintptr_t)j;
    makecontext(&j->work, (void (*)(void))run, 2, (unsigned)(me >> 32), (unsigned)me);
    *out = j;
    return OX_OK;
}

ox_job_state ox_job_resume(ox_job *j, uint32_t budget_ms)
{
    if (j->done) return OX_JOB_DONE;
    if (j->inside) return OX_JOB_MORE;
    if (!j->begun && atomic_load(&j->cancelled)) {
        j->status = ox__fail(&j->err, OX_E_INTERRUPTED, "interrupted");
        j->done = true;
        return OX_JOB_DONE;
    }
    j->begun = j->inside = true;
    j->budget = budget_ms;
    clock_gettime(CLOCK_MONOTONIC, &j->resumed);
    pthread_sigmask(SIG_SETMASK, NULL, &j->work.uc_sigmask); /* the change of stacks sets it */
    void *guard = ox__guard_swap(j->guard), *kept = NULL;
    LEAVE_STACK(&kept, j->pages + FENCE, STACK);
    swapcontext(&j->owner, &j->work);
    ENTER_STACK(kept, NULL, NULL);
    j->guard = ox__guard_swap(guard);
    j->inside = false;
    return j->done ? OX_JOB_DONE : OX_JOB_MORE;
}

void ox_job_progress(const ox_job *j, const char **what, uint64_t *done, uint64_t *total)
{
    if (what) *what = j->what;
    if (done) *done = j->done_n;
    if (total) *total = j->total;
}

void ox_job_cancel(ox_job *j)
{
    atomic_store(&j->cancelled, true);
}

ox_status ox_job_status(const ox_job *j, ox_error *err)
{
    if (!j->done) return ox__fail(err, OX_E_INVALID, "the job has not ended");
    if (j->status != OX_OK && err) *err = j->err;
    return j->status;
}

void ox_job_free(ox_job *j)
{
    if (!j) return;
    ox_job_cancel(j);
    if (j->begun && !j->done) ox_job_resume(j, OX_JOB_NO_BUDGET);
    munmap(j->pages, FENCE + STACK);
    ox__free(j);
}
