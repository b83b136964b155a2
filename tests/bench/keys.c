/* Measures a program of the full screen through a pseudo-terminal of 200 columns and 50 rows: the time to the first
 * paint, until it is quiet, and from each key to the last byte that it brings.
 *
 * usage: keys FIRST BEFORE KEYS N PROGRAM [ARGS...]
 *
 * FIRST is text of the first paint; BEFORE is sent once when all is quiet. KEYS stand between blanks; each is sent N
 * times before the next, A|B by turns. Prints "first MS", "ready MS", then for each of KEYS "KEY MEDIAN_MS P99_MS
 * MEDIAN_BYTES MAX_BYTES FIRST_MEDIAN_MS", the last to the first byte. In BEFORE and KEYS \e is Esc, \r Enter. */
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROWS = 50, COLS = 200, QUIET_MS = 40, READY_MS = 700, MAX_KEYS = 16, MAX_N = 1000 };

static int fd;
static char seen[1 << 22];
static size_t n_seen;
static double begun; /* the first byte that the last drain saw; 0: none */

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Reads until nothing comes for so long; *last gets the time of the last byte, *first_at when `first` had come. */
static size_t drain(int quiet, double *last, const char *first, double *first_at)
{
    static char buf[1 << 16];
    size_t bytes = 0;
    begun = 0;
    struct pollfd p = {fd, POLLIN, 0};
    while (poll(&p, 1, quiet) > 0) {
        ssize_t k = read(fd, buf, sizeof buf);
        if (k <= 0) break;
        *last = now_ms();
        if (begun <= 0) begun = *last;
        bytes += (size_t)k;
        if (!first || *first_at > 0 || n_seen + (size_t)k >= sizeof seen) continue;
        memcpy(seen + n_seen, buf, (size_t)k);
        n_seen += (size_t)k;
        if (memmem(seen, n_seen, first, strlen(first))) *first_at = *last;
    }
    return bytes;
}

static void unescape(char *s)
{
    char *d = s;
    for (; *s; s++)
        if (s[0] == '\\' && (s[1] == 'e' || s[1] == 'r')) {
            *d++ = *++s == 'e' ? '\033' : '\r';
        } else {
            *d++ = *s;
        }
    *d = '\0';
}

static void send_keys(const char *s)
{
    size_t n = strlen(s);
    if (write(fd, s, n) != (ssize_t)n) exit(1);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    static double times[MAX_KEYS][MAX_N], sizes[MAX_KEYS][MAX_N], firsts[MAX_KEYS][MAX_N];
    char *keys[MAX_KEYS];
    int n_keys = 0, n = argc > 5 ? atoi(argv[4]) : 0;
    if (n < 1 || n > MAX_N) {
        fprintf(stderr, "usage: keys FIRST BEFORE KEYS N PROGRAM [ARGS...]\n");
        return 2;
    }
    for (char *w = strtok(argv[3], " "); w && n_keys < MAX_KEYS; w = strtok(NULL, " ")) keys[n_keys++] = w;
    struct winsize size = {ROWS, COLS, 0, 0};
    setenv("TERM", "xterm-256color", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    double start = now_ms(), last = start, first = 0;
    pid_t pid = forkpty(&fd, NULL, NULL, &size);
    if (pid == 0) {
        execvp(argv[5], argv + 5);
        _exit(127);
    }
    drain(READY_MS, &last, argv[1], &first);
    printf("first %.2f\nready %.2f\n", first > 0 ? first - start : -1, last - start);
    unescape(argv[2]);
    if (*argv[2]) send_keys(argv[2]);
    drain(READY_MS, &last, NULL, NULL);
    for (int k = 0; k < n_keys; k++) {
        char name[64];
        snprintf(name, sizeof name, "%s", keys[k]);
        unescape(keys[k]);
        char *bar = strchr(keys[k], '|'), *other = bar ? bar + 1 : keys[k];
        if (bar) *bar = '\0';
        for (int i = 0; i < n; i++) {
            double sent = now_ms();
            last = sent;
            send_keys(i % 2 ? other : keys[k]);
            sizes[k][i] = (double)drain(QUIET_MS, &last, NULL, NULL);
            times[k][i] = last - sent;
            firsts[k][i] = begun > 0 ? begun - sent : 0;
        }
        qsort(times[k], (size_t)n, sizeof(double), by_value);
        qsort(sizes[k], (size_t)n, sizeof(double), by_value);
        qsort(firsts[k], (size_t)n, sizeof(double), by_value);
        printf("%s %.3f %.3f %.0f %.0f %.3f\n", name, times[k][n / 2], times[k][n * 99 / 100], sizes[k][n / 2],
               sizes[k][n - 1], firsts[k][n / 2]);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return first <= 0;
}
