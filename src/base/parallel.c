/* Floor 0. The pool: workers sleep until a loop is there, take pieces by an atomic counter, and the caller waits until
 * the last worker has left the loop. */
#include "base/parallel.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

enum { MAX_THREADS = 64, PIECES_EACH = 4, LONG_PIECES = 16 };

struct ox__pool {
    unsigned n, started; /* threads in all; workers that run (the caller is no worker) */
    bool tried;
    pthread_t threads[MAX_THREADS];
    pthread_mutex_t lock;
    pthread_cond_t work, idle;
    uint64_t round; /* counts loops; a worker that has seen this one sleeps */
    unsigned busy;  /* workers in the loop */
    bool stop;
    /* the loop at hand */
    ox__parallel_fn fn;
    void *ud;
    uint64_t total, piece;
    _Atomic uint64_t next;
    bool is_long;
    /* asking */
    ox__go_on_fn go_on;
    void *go_on_ud;
    atomic_bool stopped;
};

static _Thread_local bool inside; /* a piece of some loop */

/* Not inside a piece: whoever is asked may let other work of this thread go first. */
static void ask(ox__pool *p)
{
    inside = false;
    if (!atomic_load(&p->stopped) && !p->go_on(p->go_on_ud)) atomic_store(&p->stopped, true);
    inside = true;
}

static void work_on(ox__pool *p, bool may_ask)
{
    inside = true;
    while (!(p->is_long && atomic_load(&p->stopped))) {
        uint64_t from = atomic_fetch_add(&p->next, p->piece);
        if (from >= p->total) break;
        p->fn(p->ud, from, OX__MIN(p->total - from, p->piece) + from);
        if (may_ask) ask(p);
    }
    inside = false;
}

static void *worker(void *arg)
{
    ox__pool *p = arg;
    uint64_t seen = 0;
    pthread_mutex_lock(&p->lock);
    for (;;) {
        while (!p->stop && p->round == seen) pthread_cond_wait(&p->work, &p->lock);
        if (p->stop) break;
        seen = p->round;
        if (!p->total) continue; /* too late: that loop is over */
        p->busy++;
        pthread_mutex_unlock(&p->lock);
        work_on(p, false);
        pthread_mutex_lock(&p->lock);
        if (--p->busy == 0) pthread_cond_signal(&p->idle);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

ox__pool *ox__pool_create(unsigned n)
{
    ox__pool *p = ox__calloc(1, sizeof *p);
    if (!p) return NULL;
    long cpus = n ? 0 : sysconf(_SC_NPROCESSORS_ONLN);
    if (!n) n = cpus > 0 ? (unsigned)cpus : 1;
    p->n = OX__MIN(n, (unsigned)MAX_THREADS);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->idle, NULL);
    return p;
}

void ox__pool_free(ox__pool *p)
{
    if (!p) return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->started; i++) pthread_join(p->threads[i], NULL);
    pthread_cond_destroy(&p->work);
    pthread_cond_destroy(&p->idle);
    pthread_mutex_destroy(&p->lock);
    ox__free(p);
}

void ox__pool_ask(ox__pool *p, ox__go_on_fn fn, void *ud)
{
    p->go_on = fn;
    p->go_on_ud = ud;
}

bool ox__pool_stopped(const ox__pool *p)
{
    return p && atomic_load(&p->stopped);
}

unsigned ox__pool_size(const ox__pool *p)
{
    return p ? p->n : 1;
}

/* Signals stay with the threads that the program made itself. */
static void start(ox__pool *p)
{
    sigset_t all, before;
    p->tried = true;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (p->started + 1 < p->n && pthread_create(&p->threads[p->started], NULL, worker, p) == 0) p->started++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void loop(ox__pool *p, uint64_t n, uint64_t grain, ox__parallel_fn fn, void *ud, bool is_long)
{
    grain = OX__MAX(grain, 1);
    bool split = p && n > grain && !inside, asks = split && is_long && p->go_on;
    if (!n || (is_long && ox__pool_stopped(p))) return;
    if (split && p->n > 1 && !p->tried) start(p);
    if (!split || (!p->started && !asks)) {
        fn(ud, 0, n);
        return;
    }
    uint64_t pieces = PIECES_EACH * (uint64_t)p->n;
    pthread_mutex_lock(&p->lock);
    p->fn = fn;
    p->ud = ud;
    p->total = n;
    p->is_long = is_long;
    p->piece = OX__MAX(grain, n / (asks ? OX__MAX(pieces, LONG_PIECES) : pieces));
    atomic_store(&p->next, 0);
    p->round++;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    work_on(p, asks);
    pthread_mutex_lock(&p->lock);
    while (p->busy) pthread_cond_wait(&p->idle, &p->lock);
    p->total = 0;
    pthread_mutex_unlock(&p->lock);
}

void ox__parallel(ox__pool *p, uint64_t n, uint64_t grain, ox__parallel_fn fn, void *ud)
{
    loop(p, n, grain, fn, ud, false);
}

void ox__parallel_long(ox__pool *p, uint64_t n, uint64_t grain, ox__parallel_fn fn, void *ud)
{
    loop(p, n, grain, fn, ud, true);
}
