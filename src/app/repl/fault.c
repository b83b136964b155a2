/* Floor 7. Faults at the prompt: readline puts the terminal in order for signals that end a program from outside, but
 * not for those of a fault. */
#include "app/repl/fault.h"

#include <readline/readline.h>

#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const int faults[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};
enum { N_FAULTS = sizeof faults / sizeof *faults, ALT_STACK = 1 << 16 };

/* The state is of the process: one terminal. */
static struct {
    struct termios modes; /* as they were */
    struct sigaction before[N_FAULTS];
    char alt_stack[ALT_STACK];
} prompt;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    static const char no_paste[] = "\033[?2004l\r\n";
    (void)context;
    if (RL_ISSTATE(RL_STATE_TERMPREPPED)) {
        if (write(STDOUT_FILENO, no_paste, sizeof no_paste - 1) < 0) {} /* there is nobody to tell */
        tcsetattr(STDIN_FILENO, TCSADRAIN, &prompt.modes);
    }
    int i = 0;
    while (i < N_FAULTS - 1 && faults[i] != sig) i++;
    if (sig == SIGBUS || faults[i] != sig) /* the guard of mapped files may stand behind: it must not come back here */
        signal(sig, SIG_DFL);
    else
        sigaction(sig, &prompt.before[i], NULL);
    if (info->si_code <= 0) raise(sig); /* sent by a process; a fault repeats itself */
}

void ox_fault_catch(void)
{
    struct sigaction sa;
    stack_t alt = {.ss_sp = prompt.alt_stack, .ss_size = ALT_STACK}, old;
    if (tcgetattr(STDIN_FILENO, &prompt.modes) != 0) return;
    if (sigaltstack(NULL, &old) == 0 && old.ss_flags & SS_DISABLE) sigaltstack(&alt, NULL);
    memset(&sa, 0, sizeof sa);
    sigemptyset(&sa.sa_mask);
    sa.sa_sigaction = on_fault;
    sa.sa_flags = SA_SIGINFO | SA_ONSTACK;
    for (int i = 0; i < N_FAULTS; i++) sigaction(faults[i], &sa, &prompt.before[i]);
}
