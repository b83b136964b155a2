/* The harness of terminal.h. */
#include "terminal.h"

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>
#include <vterm.h>

enum { DEADLINE_MS = 20000, SCREEN_MAX = 1 << 18, MODES = 2048 };

struct terminal {
    pid_t pid;
    int fd, keep; /* our side; the other one, so that its modes outlive the program */
    int rows, cols, status;
    bool ended, alternate, cursor, mouse;
    char *output; /* all that came */
    size_t bytes, capacity;
    signed char modes[MODES]; /* private ones, by number: as they were set last; -1 never */
    struct {
        int state, number; /* 0 none, 1 an escape came, 2 its bracket, 3 its question mark */
        int numbers[8], n;
    } scan;
    VTerm *vt;
    VTermScreen *screen;
    struct termios before; /* the modes of the line before the program ran */
    char text[SCREEN_MAX], clipboard[256];
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int on_property(VTermProp prop, VTermValue *val, void *ud)
{
    terminal *t = ud;
    if (prop == VTERM_PROP_ALTSCREEN) t->alternate = val->boolean;
    if (prop == VTERM_PROP_CURSORVISIBLE) t->cursor = val->boolean;
    if (prop == VTERM_PROP_MOUSE) t->mouse = val->number != 0;
    return 1;
}

static const VTermScreenCallbacks callbacks = {.settermprop = on_property};

/* The emulator tells of some private modes only: all of them, in the bytes, wherever those were cut. */
static void scan_modes(terminal *t, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = p[i];
        if (c == '\033') {
            t->scan.state = 1;
        } else if (t->scan.state == 1) {
            t->scan.state = c == '[' ? 2 : 0;
        } else if (t->scan.state == 2) {
            t->scan.state = c == '?' ? 3 : 0;
            t->scan.number = t->scan.n = 0;
        } else if (t->scan.state == 3 && c >= '0' && c <= '9') {
            if (t->scan.number < MODES) t->scan.number = t->scan.number * 10 + (c - '0');
        } else if (t->scan.state == 3) {
            if (t->scan.n < 8) t->scan.numbers[t->scan.n++] = t->scan.number;
            t->scan.number = 0;
            if (c == ';') continue;
            for (int k = 0; (c == 'h' || c == 'l') && k < t->scan.n; k++)
                if (t->scan.numbers[k] < MODES) t->modes[t->scan.numbers[k]] = c == 'h';
            t->scan.state = 0;
        }
    }
}

static bool keep_output(terminal *t, const char *p, size_t n)
{
    if (t->bytes + n > t->capacity) {
        size_t capacity = 2 * (t->bytes + n);
        char *grown = realloc(t->output, capacity);
        if (!grown) return false;
        t->output = grown;
        t->capacity = capacity;
    }
    memcpy(t->output + t->bytes, p, n);
    t->bytes += n;
    return true;
}

static void child(const char *const *argv, const char *home, const char *term, const char *const *extra)
{
    static const char *const dirs[] = {"HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"};
    signal(SIGPIPE, SIG_DFL);
    for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) setenv(dirs[i], home, 1);
    setenv("TERM", term, 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    unsetenv("NO_COLOR");
    unsetenv("LINES");
    unsetenv("COLUMNS");
    if (getenv("ONNXSH_SANITIZED")) {
        char options[512]; /* curses keeps some; test_screens looks. What is said is not written over the screen. */
        snprintf(options, sizeof options, "detect_leaks=0:log_path=%s/sanitizer", home);
        setenv("ASAN_OPTIONS", options, 1);
    }
    for (; extra && *extra; extra++) putenv((char *)*extra);
    if (chdir(home) == 0) execv(argv[0], (char *const *)argv);
    _exit(127);
}

terminal *terminal_start(const char *const *argv, const char *home, const char *term, const char *const *extra,
                         int rows, int cols)
{
    terminal *t = calloc(1, sizeof *t);
    struct winsize size = {(unsigned short)rows, (unsigned short)cols, 0, 0};
    if (!t || openpty(&t->fd, &t->keep, NULL, NULL, &size) != 0) {
        free(t);
        return NULL;
    }
    tcgetattr(t->keep, &t->before);
    t->rows = rows;
    t->cols = cols;
    t->cursor = true;
    memset(t->modes, -1, sizeof t->modes);
    t->vt = vterm_new(rows, cols);
    vterm_set_utf8(t->vt, 1);
    t->screen = vterm_obtain_screen(t->vt);
    vterm_screen_enable_altscreen(t->screen, 1);
    vterm_screen_set_callbacks(t->screen, &callbacks, t);
    vterm_screen_reset(t->screen, 1);
    t->pid = fork();
    if (t->pid == 0) {
        close(t->fd);
        login_tty(t->keep);
        child(argv, home, term, extra);
    }
    return t;
}

void terminal_free(terminal *t)
{
    if (!t) return;
    if (!t->ended) {
        kill(t->pid, SIGKILL);
        waitpid(t->pid, NULL, 0);
    }
    close(t->fd);
    close(t->keep);
    vterm_free(t->vt);
    free(t->output);
    free(t);
}

/* Reads what is there, waiting at most so long; false when nothing came. */
static bool pump(terminal *t, int ms)
{
    char buf[65536];
    struct pollfd p = {t->fd, POLLIN, 0};
    if (poll(&p, 1, ms) <= 0 || !(p.revents & POLLIN)) return false;
    ssize_t n = read(t->fd, buf, sizeof buf - 1);
    if (n <= 0) return false;
    buf[n] = '\0';
    if (!keep_output(t, buf, (size_t)n)) return false;
    scan_modes(t, buf, (size_t)n);
    const char *osc = memmem(buf, (size_t)n, "\033]52;", 5); /* which the emulator does not know */
    if (osc) snprintf(t->clipboard, sizeof t->clipboard, "%.*s", (int)strcspn(osc + 5, "\a"), osc + 5);
    vterm_input_write(t->vt, buf, (size_t)n);
    char answer[256]; /* the emulator answers what it is asked */
    for (size_t k; (k = vterm_output_read(t->vt, answer, sizeof answer)) > 0;)
        if (write(t->fd, answer, k) < 0) return false;
    return true;
}

void terminal_send(terminal *t, const char *bytes)
{
    size_t n = strlen(bytes);
    while (n) {
        ssize_t k = write(t->fd, bytes, n);
        if (k <= 0) return;
        bytes += k;
        n -= (size_t)k;
    }
}

void terminal_resize(terminal *t, int rows, int cols)
{
    struct winsize size = {(unsigned short)rows, (unsigned short)cols, 0, 0};
    t->rows = rows;
    t->cols = cols;
    vterm_set_size(t->vt, rows, cols);
    ioctl(t->fd, TIOCSWINSZ, &size);
}

static size_t put_row(terminal *t, int row, char *buf, size_t size)
{
    size_t n = 0, end = 0;
    for (int col = 0; col < t->cols && n + 64 < size;) {
        VTermScreenCell cell;
        vterm_screen_get_cell(t->screen, (VTermPos){row, col}, &cell);
        bool blank = cell.chars[0] == 0 || cell.chars[0] == ' ';
        if (blank) buf[n++] = ' ';
        for (int i = 0; !blank && i < VTERM_MAX_CHARS_PER_CELL && cell.chars[i]; i++) {
            uint32_t c = cell.chars[i];
            if (c < 0x80) {
                buf[n++] = (char)c;
            } else {
                int k = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
                for (int j = k; j-- > 1; c >>= 6) buf[n + (size_t)j] = (char)(0x80 | (c & 0x3F));
                buf[n] = (char)((k == 2 ? 0xC0 : k == 3 ? 0xE0 : 0xF0) | c);
                n += (size_t)k;
            }
        }
        if (!blank) end = n;
        col += cell.width > 0 ? cell.width : 1;
    }
    buf[end] = '\0';
    return end;
}

int terminal_rows(const terminal *t)
{
    return t->rows;
}

int terminal_cols(const terminal *t)
{
    return t->cols;
}

const char *terminal_row(terminal *t, int row)
{
    put_row(t, row, t->text, sizeof t->text);
    return t->text;
}

const char *terminal_screen(terminal *t)
{
    size_t n = 0;
    for (int row = 0; row < t->rows; row++) {
        n += put_row(t, row, t->text + n, sizeof t->text - n - 1);
        t->text[n++] = '\n';
    }
    t->text[n] = '\0';
    return t->text;
}

static bool wait_for(terminal *t, const char *text, bool there)
{
    int64_t end = now_ms() + DEADLINE_MS;
    while ((strstr(terminal_screen(t), text) != NULL) != there) {
        if (now_ms() > end) {
            fprintf(stderr, "'%s' %s:\n%s\n", text, there ? "did not appear" : "did not go", terminal_screen(t));
            return false;
        }
        pump(t, 50);
    }
    return true;
}

bool terminal_shows(terminal *t, const char *text)
{
    return wait_for(t, text, true);
}

bool terminal_hides(terminal *t, const char *text)
{
    return wait_for(t, text, false);
}

void terminal_settle(terminal *t, int ms)
{
    while (pump(t, ms)) continue;
}

bool terminal_find(terminal *t, const char *text, int *row, int *col)
{
    for (*row = 0; *row < t->rows; ++*row) {
        const char *s = terminal_row(t, *row), *p = strstr(s, text);
        if (!p) continue;
        *col = 0;
        for (; s < p; s++) *col += ((unsigned char)*s & 0xC0) != 0x80;
        return true;
    }
    return false;
}

bool terminal_reverse(terminal *t, int row, int col)
{
    VTermScreenCell cell;
    vterm_screen_get_cell(t->screen, (VTermPos){row, col}, &cell);
    return cell.attrs.reverse;
}

int terminal_color(terminal *t, int row, int col, bool behind)
{
    VTermScreenCell cell;
    vterm_screen_get_cell(t->screen, (VTermPos){row, col}, &cell);
    const VTermColor *c = behind ? &cell.bg : &cell.fg;
    if (behind ? VTERM_COLOR_IS_DEFAULT_BG(c) : VTERM_COLOR_IS_DEFAULT_FG(c)) return -1;
    return VTERM_COLOR_IS_INDEXED(c) ? c->indexed.idx : -2;
}

terminal_look terminal_look_at(terminal *t, int row, int col)
{
    VTermScreenCell cell;
    vterm_screen_get_cell(t->screen, (VTermPos){row, col}, &cell);
    terminal_look k = {
        .width = cell.width > 1 ? cell.width : 1, .bold = cell.attrs.bold, .reverse = cell.attrs.reverse};
    k.fg = terminal_color(t, row, col, false);
    k.bg = terminal_color(t, row, col, true);
    vterm_screen_get_text(
        t->screen, k.text, sizeof k.text - 1,
        (VTermRect){.start_row = row, .end_row = row + 1, .start_col = col, .end_col = col + k.width});
    if (!*k.text) k.text[0] = ' ';
    return k;
}

bool terminal_alternate(const terminal *t)
{
    return t->alternate;
}

bool terminal_cursor(const terminal *t)
{
    return t->cursor;
}

bool terminal_mouse(const terminal *t)
{
    return t->mouse;
}

const char *terminal_clipboard(const terminal *t)
{
    return t->clipboard;
}

pid_t terminal_pid(const terminal *t)
{
    return t->pid;
}

int terminal_wait(terminal *t)
{
    int64_t end = now_ms() + DEADLINE_MS;
    while (!t->ended && now_ms() < end) {
        pump(t, 10);
        t->ended = waitpid(t->pid, &t->status, WNOHANG) == t->pid;
    }
    terminal_settle(t, 20);
    return t->ended ? t->status : -1;
}

bool terminal_ended(terminal *t)
{
    if (!t->ended) t->ended = waitpid(t->pid, &t->status, WNOHANG) == t->pid;
    return t->ended;
}

int terminal_mode(const terminal *t, int number)
{
    return number >= 0 && number < MODES ? t->modes[number] : -1;
}

const char *terminal_left(const terminal *t)
{
    static const struct {
        int number;
        const char *what;
    } off[] = {{1, "keys send what the application wanted"},
               {1000, "the mouse is reported"},
               {1002, "the mouse is reported"},
               {1003, "the mouse is reported"},
               {1006, "the mouse is reported in numbers"},
               {1049, "the other screen is shown"},
               {47, "the other screen is shown"},
               {2004, "what is pasted is bracketed"}};
    const struct termios *before = &t->before;
    struct termios now;
    memset(&now, 0, sizeof now);
    tcgetattr(t->keep, &now);
    if (now.c_lflag != before->c_lflag || now.c_iflag != before->c_iflag || now.c_oflag != before->c_oflag ||
        now.c_cflag != before->c_cflag || memcmp(now.c_cc, before->c_cc, sizeof now.c_cc) != 0)
        return "the line's modes differ";
    if (t->alternate) return "the other screen is shown";
    if (!t->cursor) return "no cursor is shown";
    for (size_t i = 0; i < sizeof off / sizeof *off; i++)
        if (t->modes[off[i].number] == 1) return off[i].what;
    return NULL;
}

const char *terminal_output(const terminal *t, size_t *n)
{
    *n = t->bytes;
    return t->output;
}

size_t terminal_bytes(const terminal *t)
{
    return t->bytes;
}
