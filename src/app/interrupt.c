/* Floor 7. Ctrl-C and progress; the only state is of the process: one signal, one standard error. */
#include "app/interrupt.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t pending;
static ox_script *volatile running;

static void on_sigint(int sig)
{
    (void)sig;
    pending = 1;
    if (running) ox_script_interrupt(running);
}

void ox_interrupt_install(void)
{
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = on_sigint;
    sigemptyset(&sa.sa_mask);
    sigaction(SIGINT, &sa, NULL); /* no SA_RESTART: a blocking read of standard input ends too */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file at its limit is a write that fails, not the end */
}

void ox_interrupt_clear(void)
{
    pending = 0;
}

bool ox_interrupt_pending(void)
{
    return pending != 0;
}

void ox_interrupt_script(ox_script *script)
{
    running = script;
}

/* ---- progress ---- */

/* On a terminal a bar appears soon; elsewhere lines are noise in a log, so only long work has them, and few. */
enum { BAR = 24, FIRST_MS = 400, EVERY_MS = 100, PLAIN_FIRST_MS = 5000, PLAIN_EVERY_MS = 5000 };

static struct {
    int64_t started, painted;
    bool shown;
} progress;

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void paint(const char *what, uint64_t done, uint64_t total)
{
    bool tty = isatty(STDERR_FILENO);
    int64_t now = now_ms();
    if (progress.started == 0) progress.started = now;
    if (now - progress.started < (tty ? FIRST_MS : PLAIN_FIRST_MS)) return;
    if (now - progress.painted < (tty ? EVERY_MS : PLAIN_EVERY_MS)) return;
    progress.painted = now;
    progress.shown = true;
    unsigned percent = total ? (unsigned)((double)done * 100.0 / (double)total) : 0;
    if (!tty) {
        if (total)
            fprintf(stderr, "onnxsh: %s %u%%\n", what, percent);
        else
            fprintf(stderr, "onnxsh: %s %llu\n", what, (unsigned long long)done);
        return;
    }
    char bar[BAR + 1];
    for (unsigned i = 0; i < BAR; i++) bar[i] = i * 100 < percent * BAR ? '#' : '.';
    bar[BAR] = '\0';
    if (total)
        fprintf(stderr, "\r%s [%s] %3u%% \033[K", what, bar, percent);
    else
        fprintf(stderr, "\r%s %llu \033[K", what, (unsigned long long)done);
    fflush(stderr);
}

void ox_progress_done(void)
{
    if (progress.shown && isatty(STDERR_FILENO)) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
    memset(&progress, 0, sizeof progress);
}

static const ox_task *watcher;

void ox_progress_watch(const ox_task *task)
{
    watcher = task;
}

static bool step(void *ud, const char *what, uint64_t done, uint64_t total)
{
    bool quiet = ud != NULL;
    if (watcher) return watcher->step(watcher->ud, what, done, total) && !pending;
    if (!quiet) paint(what, done, total);
    return !pending;
}

const ox_task *ox_progress_task(bool quiet)
{
    static const ox_task loud = {step, NULL};
    static const ox_task silent = {step, &progress};
    memset(&progress, 0, sizeof progress);
    return quiet ? &silent : &loud;
}
