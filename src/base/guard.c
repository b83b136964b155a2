/* Floor 0. The SIGBUS guard. A mapped file that somebody truncates raises SIGBUS in whoever reads it; inside
 * ox__guarded that becomes an error. The handler belongs to the process: whoever had it before is called for a SIGBUS
 * outside of any guard, and if the program sets another later, the next guard comes in front of that. State: the
 * handler before ours, and each thread's innermost guard. */
#include "base/file.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>

typedef struct guard {
    struct guard *outer;
    sigjmp_buf back;
} guard;

static _Thread_local guard *volatile innermost;
static _Thread_local volatile sig_atomic_t passing_on; /* we called a handler that may call us */
static struct sigaction previous;
static pthread_mutex_t installing = PTHREAD_MUTEX_INITIALIZER;

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
    guard *g = innermost;
    if (g && info->si_code == BUS_ADRERR) siglongjmp(g->back, 1);
    bool has_handler =
        (previous.sa_flags & SA_SIGINFO) || (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN);
    if (has_handler && !passing_on) {
        passing_on = 1;
        if (previous.sa_flags & SA_SIGINFO)
            previous.sa_sigaction(sig, info, context);
        else
            previous.sa_handler(sig);
        passing_on = 0;
        return;
    }
    /* The access is repeated on return, and ends the process as if this handler had never been. */
    signal(sig, previous.sa_handler == SIG_IGN ? SIG_IGN : SIG_DFL);
    if (info->si_code <= 0) raise(sig); /* sent by a process: nothing is repeated */
}

static void install(void)
{
    struct sigaction now;
    if (sigaction(SIGBUS, NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) && now.sa_sigaction == on_sigbus) return;
    struct sigaction ours = {0};
    ours.sa_sigaction = on_sigbus;
    /* NODEFER: leaving by a jump must not leave the signal blocked. */
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigemptyset(&ours.sa_mask);
    pthread_mutex_lock(&installing);
    if (sigaction(SIGBUS, NULL, &now) == 0 && !((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == on_sigbus)) {
        previous = now;
        sigaction(SIGBUS, &ours, NULL);
    }
    pthread_mutex_unlock(&installing);
}

void *ox__guard_swap(void *other)
{
    guard *mine = innermost;
    innermost = other;
    return mine;
}

ox_status ox__guarded(ox_status (*fn)(void *ud, ox_error *err), void *ud, const char *path, ox_error *err)
{
    guard g;
    g.outer = innermost;
    if (!g.outer) install();
    if (sigsetjmp(g.back, 0)) {
        innermost = g.outer;
        ox_status s = ox__fail(err, OX_E_IO, "the file became shorter while it was read");
        ox_error_at_line(err, path, 0, 0);
        return s;
    }
    innermost = &g;
    ox_status s = fn(ud, err);
    innermost = g.outer;
    return s;
}
