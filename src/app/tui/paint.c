/* Floor 7. The painter. curses keeps what the terminal shows and sends differences only; its output goes to a
 * descriptor of its own. Signals never call curses: those that end the process write what restores the terminal, worked
 * out beforehand, and go on to do what they would have done; the others set a flag. */
#include "app/tui/paint.h"
#include "app/tui/keys.h"

#include "app/interrupt.h"

#include <errno.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <term.h>

enum { N_PAIRS = 256, ALT_STACK = 1 << 16 };
enum { PASTE = KEY_F(62), PASTED = KEY_F(63) }; /* keys that no terminal has: the marks around what is pasted */

static const int fatal[] = {SIGTERM, SIGHUP, SIGQUIT, SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};
static const int noted[] = {SIGWINCH, SIGTSTP, SIGCONT};
enum { N_FATAL = sizeof fatal / sizeof *fatal, N_NOTED = sizeof noted / sizeof *noted };

/* The state is of the process: one terminal. */
static struct {
    volatile sig_atomic_t active; /* the terminal is ours: something is to be restored */
    volatile sig_atomic_t winch, stop, cont;
    int fd;
    FILE *out;
    SCREEN *screen;
    TERMINAL *others;     /* what readline looks at */
    struct termios modes; /* as they were */
    char restore[256];    /* what makes the screen what it was */
    size_t n_restore;
    struct sigaction fatal_before[N_FATAL], noted_before[N_NOTED];
    const ox_theme *theme;
    bool utf8, color, mouse, clipboard;
    ox_grid shown; /* what curses has been told */
    struct {
        int16_t fg, bg;
    } pairs[N_PAIRS];
    int n_pairs;
    char alt_stack[ALT_STACK];
} term;

/* ---- restoring ---- */

/* May be called from a signal handler. */
static void restore_terminal(void)
{
    if (!term.active) return;
    term.active = 0;
    size_t done = 0;
    while (done < term.n_restore) {
        ssize_t k = write(term.fd, term.restore + done, term.n_restore - done);
        if (k < 0 && errno != EINTR) break;
        if (k > 0) done += (size_t)k;
    }
    tcsetattr(term.fd, TCSADRAIN, &term.modes);
}

static void on_fatal(int sig, siginfo_t *info, void *context)
{
    (void)context;
    restore_terminal();
    int i = 0;
    while (i < N_FATAL - 1 && fatal[i] != sig) i++;
    /* The guard of mapped files may stand before and behind us: a fault that is repeated must not come back here. */
    if (sig == SIGBUS || fatal[i] != sig)
        signal(sig, SIG_DFL);
    else
        sigaction(sig, &term.fatal_before[i], NULL);
    if (info->si_code <= 0) raise(sig); /* sent by a process; a fault repeats itself */
}

static void on_noted(int sig)
{
    if (sig == SIGWINCH)
        term.winch = 1;
    else if (sig == SIGTSTP)
        term.stop = 1;
    else
        term.cont = 1;
}

static void catch_signals(void)
{
    struct sigaction sa;
    stack_t alt = {.ss_sp = term.alt_stack, .ss_size = ALT_STACK}, old;
    if (sigaltstack(NULL, &old) == 0 && old.ss_flags & SS_DISABLE) sigaltstack(&alt, NULL);
    memset(&sa, 0, sizeof sa);
    sigemptyset(&sa.sa_mask);
    sa.sa_sigaction = on_fatal;
    sa.sa_flags = SA_SIGINFO | SA_ONSTACK;
    for (int i = 0; i < N_FATAL; i++) {
        sigaction(fatal[i], NULL, &term.fatal_before[i]);
        bool ignored = !(term.fatal_before[i].sa_flags & SA_SIGINFO) && term.fatal_before[i].sa_handler == SIG_IGN;
        if (!ignored) sigaction(fatal[i], &sa, NULL); /* what nohup ignores stays ignored */
    }
    sa.sa_handler = on_noted;
    sa.sa_flags = 0; /* no SA_RESTART: waiting ends */
    for (int i = 0; i < N_NOTED; i++) sigaction(noted[i], &sa, &term.noted_before[i]);
}

static void release_signals(void)
{
    struct sigaction now;
    for (int i = 0; i < N_FATAL; i++) /* the guard of mapped files may have come in front: it stays */
        if (sigaction(fatal[i], NULL, &now) == 0 && now.sa_flags & SA_SIGINFO && now.sa_sigaction == on_fatal)
            sigaction(fatal[i], &term.fatal_before[i], NULL);
    for (int i = 0; i < N_NOTED; i++) sigaction(noted[i], &term.noted_before[i], NULL);
}

/* A terminal's own sequence, without the delays that old ones ask for. */
static void add_restore(const char *s)
{
    if (!s || s == (const char *)-1) return;
    while (*s && term.n_restore < sizeof term.restore) {
        const char *end = s[0] == '$' && s[1] == '<' ? strchr(s, '>') : NULL;
        if (end)
            s = end + 1;
        else
            term.restore[term.n_restore++] = *s++;
    }
}

/* ---- opening ---- */

static ox_status refuse(ox_error *err, const char *why)
{
    const char *name = getenv("TERM");
    ox_error_set(err, OX_E_INVALID, "the full screen needs a terminal that %s; TERM is '%s'", why, name ? name : "");
    ox_error_hint(err, "the prompt needs none of it: onnxsh FILE");
    return OX_E_INVALID;
}

static bool has(const char *capability)
{
    const char *s = tigetstr(capability);
    return s && s != (const char *)-1;
}

/* What the terminal can do, and what restores it. curses is told of it only by newterm; readline may know a terminal of
 * its own, which stays. */
static ox_status look_at_terminal(ox_error *err)
{
    int what;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        ox_error_set(err, OX_E_INVALID, "the full screen needs a terminal: standard input or output is none");
        ox_error_hint(err, "one command instead: onnxsh COMMAND FILE");
        return OX_E_INVALID;
    }
    use_extended_names(TRUE); /* Ms is one */
    term.others = cur_term;
    if (setupterm(NULL, STDOUT_FILENO, &what) != OK) return refuse(err, "is known here");
    bool can = has("cup") && has("clear");
    term.mouse = has("kmous");
    term.clipboard = has("Ms");
    term.n_restore = 0;
    if (term.mouse) add_restore("\033[?2004l\033[?1006l\033[?1000l");
    add_restore(tigetstr("sgr0"));
    add_restore(tigetstr("rmkx"));
    add_restore(tigetstr("cnorm"));
    add_restore(tigetstr("rmcup"));
    TERMINAL *mine = set_curterm(term.others);
    if (mine != term.others) del_curterm(mine);
    return can ? OX_OK : refuse(err, "can place the cursor");
}

static void at_exit(void)
{
    restore_terminal();
}

/* Button presses, and their places as numbers: one request each, for not every terminal takes two at once as curses
 * asks. And text that is pasted stands between two marks. */
static void report_input(bool on)
{
    const char *s = on ? "\033[?1000h\033[?1006h\033[?2004h" : "\033[?2004l\033[?1006l\033[?1000l";
    if (term.mouse && write(term.fd, s, strlen(s)) < 0) term.mouse = false;
}

/* Arrows come in two forms, whatever a terminal's description says. */
static void define_arrows(void)
{
    static const int codes[] = {KEY_UP, KEY_DOWN, KEY_RIGHT, KEY_LEFT};
    for (int i = 0; i < 4; i++) {
        char csi[] = {'\033', '[', (char)('A' + i), '\0'}, ss3[] = {'\033', 'O', (char)('A' + i), '\0'};
        define_key(csi, codes[i]);
        define_key(ss3, codes[i]);
    }
}

static void set_modes(void)
{
    cbreak();
    noecho();
    nonl();
    intrflush(stdscr, FALSE);
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    meta(stdscr, TRUE);
    set_escdelay(25);
    define_arrows();
    define_key("\033[200~", PASTE);
    define_key("\033[201~", PASTED);
    leaveok(stdscr, FALSE);
    mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
    mouseinterval(0);
    report_input(true);
}

ox_status ox_paint_open(const ox_theme *theme, ox_error *err)
{
    static bool registered;
    ox_status st = look_at_terminal(err);
    if (st != OX_OK) return st;
    term.fd = dup(STDOUT_FILENO);
    term.out = term.fd >= 0 ? fdopen(term.fd, "w") : NULL;
    if (!term.out || tcgetattr(term.fd, &term.modes) != 0) {
        st = ox_error_set(err, OX_E_IO, "the terminal cannot be opened: %s", strerror(errno));
        goto fail;
    }
    catch_signals(); /* before curses, which leaves alone what has a handler */
    if (!registered) atexit(at_exit);
    registered = true;
    term.active = 1;
    term.screen = newterm(NULL, term.out, stdin);
    if (!term.screen) {
        st = refuse(err, "is known here");
        restore_terminal();
        release_signals();
        goto fail;
    }
    set_modes();
    term.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    ox_paint_theme(theme);
    return OX_OK;
fail:
    if (term.out)
        fclose(term.out);
    else if (term.fd >= 0)
        close(term.fd);
    term.out = NULL;
    return st;
}

void ox_paint_close(void)
{
    if (!term.screen) return;
    report_input(false);
    endwin();
    term.active = 0;
    delscreen(term.screen);
    set_curterm(term.others);
    term.screen = NULL;
    fclose(term.out);
    term.out = NULL;
    release_signals();
    ox_grid_free(&term.shown);
}

void ox_paint_theme(const ox_theme *theme)
{
    term.theme = theme;
    term.n_pairs = 0;
    term.color = has_colors() && start_color() == OK;
    if (term.color) use_default_colors();
    ox_grid_free(&term.shown);
}

void ox_paint_size(int *rows, int *cols)
{
    struct winsize w;
    if (ioctl(term.fd, TIOCGWINSZ, &w) == 0 && w.ws_row > 0 && w.ws_col > 0 && (w.ws_row != LINES || w.ws_col != COLS))
        resize_term(w.ws_row, w.ws_col);
    getmaxyx(stdscr, *rows, *cols);
}

/* ---- painting ---- */

/* The pair for two colours, made on first use. */
static short pair_of(int fg, int bg)
{
    if (!term.color || (fg < 0 && bg < 0)) return 0;
    for (int i = 0; i < term.n_pairs; i++)
        if (term.pairs[i].fg == fg && term.pairs[i].bg == bg) return (short)(i + 1);
    if (term.n_pairs == N_PAIRS || term.n_pairs + 1 >= COLOR_PAIRS) return 0;
    term.pairs[term.n_pairs].fg = (int16_t)fg;
    term.pairs[term.n_pairs].bg = (int16_t)bg;
    term.n_pairs++;
    init_pair((short)term.n_pairs, (short)fg, (short)bg);
    return (short)term.n_pairs;
}

/* A terminal of eight colours shows the bright ones bold, and not those beyond. */
static int16_t fit_color(int16_t color, uint8_t *how)
{
    if (color < COLORS) return color;
    if (color >= 16) return OX_COLOR_OWN;
    *how |= OX_LOOK_BOLD;
    return color - 8;
}

static ox_look fit_look(ox_look look)
{
    uint8_t behind = 0;
    if (!term.color) return look;
    look.fg = fit_color(look.fg, &look.how);
    look.bg = fit_color(look.bg, &behind);
    return look;
}

static attr_t attributes(unsigned how)
{
    attr_t a = A_NORMAL;
    if (how & OX_LOOK_BOLD) a |= A_BOLD;
    if (how & OX_LOOK_DIM) a |= A_DIM;
    if (how & OX_LOOK_UNDERLINE) a |= A_UNDERLINE;
    if (how & OX_LOOK_REVERSE) a |= A_REVERSE;
    return a;
}

/* A cell as wide characters. What the terminal would show in another width, or cannot show, becomes question marks. */
static void characters(const ox_cell *c, wchar_t out[CCHARW_MAX + 1])
{
    size_t n = 0;
    for (size_t i = 0; i < c->n && n < CCHARW_MAX;) {
        unsigned char b = (unsigned char)c->text[i];
        size_t k = b < 0x80 ? 1 : b >= 0xF0 ? 4 : b >= 0xE0 ? 3 : 2;
        uint32_t ch = k == 1 ? b : b & (0xFFu >> (k + 1));
        for (size_t j = 1; j < k && i + j < c->n; j++) ch = ch << 6 | ((unsigned char)c->text[i + j] & 0x3F);
        out[n++] = (wchar_t)ch;
        i += k;
    }
    if (n == 0) out[n++] = L' ';
    if (!term.utf8 && out[0] >= 0x80) {
        out[0] = out[0] == 0x2500 ? L'-' : out[0] == 0x2502 ? L'|' : out[0] == 0x2026 ? L'~' : L'?';
        n = 1;
    } else if (out[0] >= 0x80 && wcwidth(out[0]) != c->width) {
        out[0] = L'?';
        n = 1;
    }
    for (size_t i = 1; i < n; i++)
        if (wcwidth(out[i]) != 0) n = i;
    out[n] = L'\0';
}

static void put_cell(int row, int col, const ox_cell *c)
{
    wchar_t text[CCHARW_MAX + 1];
    cchar_t cc;
    ox_look look = fit_look(ox_theme_look(term.theme, c));
    characters(c, text);
    if (setcchar(&cc, text, attributes(look.how), pair_of(look.fg, look.bg), NULL) == OK) {
        mvadd_wch(row, col, &cc); /* ERR in the last corner, where it is written all the same */
        if (c->width == 2 && text[0] == L'?') mvadd_wch(row, col + 1, &cc);
    }
}

static void put_row(const ox_grid *g, int row, const ox_cell *before)
{
    const ox_cell *now = ox_grid_at(g, row, 0);
    for (int col = 0; col < g->cols; col++) {
        int w = now[col].width == 2 && col + 1 < g->cols ? 2 : 1;
        if (before && memcmp(&now[col], &before[col], (size_t)w * sizeof *now) == 0) continue;
        if (now[col].width) put_cell(row, col, &now[col]);
    }
}

void ox_paint_show(const ox_grid *g, bool anew)
{
    bool same_size = term.shown.rows == g->rows && term.shown.cols == g->cols;
    if (!same_size && !ox_grid_resize(&term.shown, g->rows, g->cols)) ox_grid_free(&term.shown);
    if (anew || !same_size) clearok(stdscr, TRUE); /* terminals move what they show when their size changes */
    for (int row = 0; row < g->rows && row < LINES; row++) {
        const ox_cell *before = same_size && !anew ? ox_grid_at(&term.shown, row, 0) : NULL;
        if (!before || memcmp(before, ox_grid_at(g, row, 0), (size_t)g->cols * sizeof *before) != 0)
            put_row(g, row, before);
    }
    if (term.shown.cells) memcpy(term.shown.cells, g->cells, (size_t)g->rows * (size_t)g->cols * sizeof *g->cells);
    curs_set(g->cursor_row >= 0);
    move(g->cursor_row >= 0 ? g->cursor_row : g->rows - 1, g->cursor_row >= 0 ? g->cursor_col : 0);
    refresh();
}

/* Base64, as OSC 52 wants it. */
void ox_paint_copy(const char *text, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *p = (const unsigned char *)text;
    if (!term.clipboard) return;
    fprintf(term.out, "\033]52;c;");
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) | (i + 2 < n ? p[i + 2] : 0);
        for (size_t k = 0; k < 4; k++) fputc(k <= n - i ? digits[v >> (18 - 6 * k) & 63] : '=', term.out);
    }
    fputc('\a', term.out);
    fflush(term.out);
}

/* ---- waiting ---- */

static uint32_t key_of(wint_t c)
{
    switch (c) {
    case KEY_UP: return OX_KEY_UP;
    case KEY_DOWN: return OX_KEY_DOWN;
    case KEY_LEFT: return OX_KEY_LEFT;
    case KEY_RIGHT: return OX_KEY_RIGHT;
    case KEY_HOME: return OX_KEY_HOME;
    case KEY_END: return OX_KEY_END;
    case KEY_PPAGE: return OX_KEY_PAGE_UP;
    case KEY_NPAGE: return OX_KEY_PAGE_DOWN;
    case KEY_DC: return OX_KEY_DELETE;
    case KEY_IC: return OX_KEY_INSERT;
    case KEY_BTAB: return OX_KEY_BACKTAB;
    case KEY_BACKSPACE: return OX_KEY_BACKSPACE;
    case KEY_ENTER: return OX_KEY_ENTER;
    case PASTE: return OX_KEY_PASTE;
    case PASTED: return OX_KEY_PASTED;
    default: return c >= KEY_F(1) && c <= KEY_F(12) ? OX_KEY_F1 + (c - KEY_F(1)) : OX_KEY_NONE;
    }
}

static ox_event mouse_event(void)
{
    MEVENT m;
    ox_event e = {OX_EVENT_NONE, 0, 0, 0, 0};
    if (getmouse(&m) != OK) return e;
    e.row = m.y;
    e.col = m.x;
    if (m.bstate & BUTTON1_PRESSED) e.kind = OX_EVENT_CLICK;
    if (m.bstate & (BUTTON4_PRESSED | BUTTON5_PRESSED)) {
        e.kind = OX_EVENT_WHEEL;
        e.by = m.bstate & BUTTON4_PRESSED ? -3 : 3;
    }
    return e;
}

/* What curses has read; false when there is nothing. */
static bool read_event(ox_event *e)
{
    wint_t c;
    int k = wget_wch(stdscr, &c);
    if (k == ERR) return false;
    *e = (ox_event){OX_EVENT_KEY, c, 0, 0, 0};
    if (k == KEY_CODE_YES && c == KEY_MOUSE)
        *e = mouse_event();
    else if (k == KEY_CODE_YES && c == KEY_RESIZE)
        e->kind = OX_EVENT_RESIZE;
    else if (k == KEY_CODE_YES)
        e->key = key_of(c);
    if (e->kind == OX_EVENT_KEY && !e->key) e->kind = OX_EVENT_NONE;
    return true;
}

static void give_back(void)
{
    report_input(false);
    endwin();
    term.active = 0;
}

/* Whoever had the terminal meanwhile may have left it in any state. */
static void take_again(void)
{
    term.active = 1;
    reset_prog_mode();
    report_input(true);
    ox_grid_free(&term.shown);
    clearok(curscr, TRUE);
}

void ox_paint_lend(bool away)
{
    if (away)
        give_back();
    else
        take_again();
    term.winch = 1; /* the size may be another one */
}

/* Stops as Ctrl-Z wants, with the terminal as it was; comes back when the shell says so. */
static void stop_and_come_back(void)
{
    struct sigaction sa, ours;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = SIG_DFL;
    sigemptyset(&sa.sa_mask);
    give_back();
    sigaction(SIGTSTP, &sa, &ours);
    sigset_t one, before;
    sigemptyset(&one);
    sigaddset(&one, SIGTSTP);
    sigprocmask(SIG_UNBLOCK, &one, &before);
    raise(SIGTSTP);
    sigprocmask(SIG_SETMASK, &before, NULL);
    sigaction(SIGTSTP, &ours, NULL);
}

/* What the signals have noted; true if it is an event. */
static bool noted_event(ox_event *e)
{
    *e = (ox_event){OX_EVENT_NONE, 0, 0, 0, 0};
    if (term.stop) {
        term.stop = 0;
        stop_and_come_back();
        term.cont = 1;
    }
    if (term.cont || term.winch) {
        if (term.cont) take_again();
        term.cont = term.winch = 0;
        e->kind = OX_EVENT_RESIZE;
    } else if (ox_interrupt_pending()) {
        ox_interrupt_clear();
        e->kind = OX_EVENT_INTERRUPT;
    }
    return e->kind != OX_EVENT_NONE;
}

ox_event ox_paint_wait(int ms)
{
    ox_event e = {OX_EVENT_NONE, 0, 0, 0, 0};
    sigset_t block, before;
    sigemptyset(&block);
    for (int i = 0; i < N_NOTED; i++) sigaddset(&block, noted[i]);
    sigaddset(&block, SIGINT);
    sigprocmask(SIG_BLOCK, &block, &before); /* let in only while waiting, so that none is missed */
    if (!noted_event(&e) && !read_event(&e)) {
        struct pollfd p = {STDIN_FILENO, POLLIN, 0};
        struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
        int ready = ppoll(&p, 1, ms < 0 ? NULL : &t, &before);
        if (ready < 0)
            (void)noted_event(&e);
        else if (ready > 0 && !read_event(&e) && p.revents & (POLLHUP | POLLERR | POLLNVAL))
            e.kind = OX_EVENT_CLOSED;
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return e;
}
