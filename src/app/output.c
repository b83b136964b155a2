/* Floor 7. Output: the pager, colour, widths. Text that fits one screen is printed; longer text starts the pager. */
#include "app/output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char *const inks[OX_N_INKS] = {
    [OX_INK_PLAIN] = "\033[0m", [OX_INK_OP] = "\033[1;36m",  [OX_INK_VALUE] = "\033[32m",  [OX_INK_TYPE] = "\033[33m",
    [OX_INK_ATTR] = "\033[35m", [OX_INK_SCOPE] = "\033[34m", [OX_INK_COMMENT] = "\033[2m",
};

void ox_out_resize(ox_out *o)
{
    struct winsize w;
    o->width = o->height = 0;
    if (!o->tty) return;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0) {
        o->width = w.ws_col;
        o->height = w.ws_row;
    } else {
        o->width = 80;
        o->height = 24;
    }
}

void ox_out_init(ox_out *o, int color)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    memset(o, 0, sizeof *o);
    o->f = stdout;
    o->tty = isatty(STDOUT_FILENO);
    bool dumb = !term || strcmp(term, "dumb") == 0;
    o->color = color >= 0 ? color > 0 : o->tty && !dumb && !(no_color && *no_color);
    ox_out_resize(o);
}

void ox_out_page(ox_out *o)
{
    if (o->tty && o->height > 2) o->paging = true;
}

void ox_out_fit(ox_out *o, ox_fit fit)
{
    if (o->tty && o->width) o->fit = fit;
}

/* The reader of a pipe may leave early (`| head`, q in the pager): that is no error. */
static ox_status raw_write(ox_out *o, const char *s, size_t n, ox_error *err)
{
    if (o->closed || n == 0) return OX_OK;
    if (fwrite(s, 1, n, o->f) == n) return OX_OK;
    if (errno == EPIPE) {
        o->closed = true;
        return OX_OK;
    }
    return ox_error_set(err, OX_E_IO, "standard output: %s", strerror(errno));
}

static void start_pager(ox_out *o)
{
    const char *pager = getenv("ONNXSH_PAGER");
    if (!pager || !*pager) pager = getenv("PAGER");
    if (!pager || !*pager) pager = "less";
    if (strcmp(pager, "cat") != 0) {
        setenv("LESS", "FRXS", 0); /* quit if one screen, keep colours, do not clear, scroll sideways */
        fflush(stdout);
        o->pager = popen(pager, "w");
    }
    if (o->pager) o->f = o->pager;
}

/* Cut where that is asked for, to the terminal, the pager or the pipe. */
static ox_status write_out(ox_out *o, const char *s, size_t n, ox_error *err)
{
    bool cut = o->fit == OX_FIT_CUT && !o->pager && !o->outer;
    return cut ? ox_out_fit_write(o, s, n, err) : raw_write(o, s, n, err);
}

static ox_status flush_held(ox_out *o, ox_error *err)
{
    ox_status s = write_out(o, o->held, o->n_held, err);
    o->n_held = o->lines_held = 0;
    return s;
}

static ox_status hold(ox_out *o, const char *s, size_t n, ox_error *err)
{
    if (n == 0) return OX_OK;
    if (o->n_held + n > o->cap_held) {
        size_t cap = (o->n_held + n) * 2;
        char *p = realloc(o->held, cap);
        if (!p) return ox_error_set(err, OX_E_NOMEM, "out of memory");
        o->held = p;
        o->cap_held = cap;
    }
    memcpy(o->held + o->n_held, s, n);
    o->n_held += n;
    for (size_t i = 0; i < n; i++)
        if (s[i] == '\n') o->lines_held++;
    if (o->lines_held + 1 < o->height && o->n_held < 65536) return OX_OK;
    o->paging = false;
    start_pager(o);
    return flush_held(o, err);
}

/* Wrapped lines are held as they come out, so that the screens that they fill are counted; cut ones are held whole. */
ox_status ox_out_pass(ox_out *o, const char *s, size_t n, ox_error *err)
{
    return o->paging && o->fit == OX_FIT_WRAP ? hold(o, s, n, err) : raw_write(o, s, n, err);
}

ox_status ox_out_write(ox_out *o, const char *s, size_t n, ox_error *err)
{
    if (o->fit == OX_FIT_WRAP && !o->outer) return ox_out_fit_write(o, s, n, err);
    return o->paging ? hold(o, s, n, err) : write_out(o, s, n, err);
}

ox_status ox_out_end(ox_out *o, ox_error *err)
{
    bool wraps = o->fit == OX_FIT_WRAP;
    ox_status s = wraps && o->n_line ? ox_out_fit_end(o, err) : OX_OK;
    o->paging = false;
    if (o->n_held && s == OX_OK) s = flush_held(o, err);
    if (o->n_line && s == OX_OK) s = ox_out_fit_end(o, err);
    o->fit = OX_FIT_NONE;
    if (o->pager) {
        pclose(o->pager);
        o->pager = NULL;
        o->f = stdout;
        o->closed = false;
    }
    if (fflush(o->f) != 0 && errno != EPIPE && s == OX_OK)
        s = ox_error_set(err, OX_E_IO, "standard output: %s", strerror(errno));
    free(o->held);
    free(o->line);
    o->held = o->line = NULL;
    o->cap_held = o->n_held = o->n_line = o->cap_line = 0;
    return s;
}

bool ox_out_catch(ox_out *o)
{
    FILE *f = open_memstream(&o->caught, &o->n_caught);
    if (!f) return false;
    o->outer = o->f;
    o->f = f;
    return true;
}

char *ox_out_caught(ox_out *o, size_t *n)
{
    bool ok = !ferror(o->f);
    if (fclose(o->f) != 0) ok = false;
    o->f = o->outer;
    char *text = o->caught;
    *n = o->n_caught;
    o->outer = NULL;
    o->caught = NULL;
    if (ok) return text;
    free(text);
    return NULL;
}

void ox_out_f(ox_out *o, const char *fmt, ...)
{
    char small[1024], *p = small;
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    if (n < 0) return;
    if ((size_t)n >= sizeof small) {
        p = malloc((size_t)n + 1);
        if (!p) return;
        va_start(ap, fmt);
        vsnprintf(p, (size_t)n + 1, fmt, ap);
        va_end(ap);
    }
    (void)ox_out_write(o, p, (size_t)n, NULL);
    if (p != small) free(p);
}

void ox_out_wrap(ox_out *o, unsigned at, unsigned indent, const char *text)
{
    if (indent + 16 > o->width) indent = o->width ? 4 : indent;
    if (!o->width) {
        ox_out_f(o, "%s\n", text);
        return;
    }
    for (bool first = true; *text; first = false) {
        text += strspn(text, " \n");
        size_t n = strcspn(text, " \n"), w = ox_text_width(text, n);
        if (!n) break;
        if (at + !first + w > o->width && at > indent) {
            ox_out_f(o, "\n%*s", (int)indent, "");
            at = indent;
            first = true;
        }
        if (!first) ox_out_f(o, " ");
        (void)ox_out_write(o, text, n, NULL);
        at += (unsigned)(!first + w);
        text += n;
    }
    ox_out_f(o, "\n");
}

void ox_out_name(ox_out *o, const char *s, size_t n)
{
    char small[1024];
    size_t need = ox_text_sanitize(s, n, small, sizeof small);
    if (need < sizeof small) {
        (void)ox_out_write(o, small, need, NULL);
        return;
    }
    char *p = malloc(need + 1);
    if (!p) return;
    ox_text_sanitize(s, n, p, need + 1);
    (void)ox_out_write(o, p, need, NULL);
    free(p);
}

const char *ox_out_ink(const ox_out *o, ox_ink ink)
{
    return o->color ? inks[ink] : "";
}

const char *ox_out_bold(const ox_out *o)
{
    return o->color ? "\033[1m" : "";
}

const char *ox_out_reset(const ox_out *o)
{
    return o->color ? "\033[0m" : "";
}

const char *const *ox_out_inks(const ox_out *o)
{
    return o->color ? inks : NULL;
}

static ox_status sink_write(void *ud, const char *s, size_t n, ox_error *err)
{
    return ox_out_write(ud, s, n, err);
}

ox_sink ox_out_sink(ox_out *o)
{
    ox_sink k = {sink_write, o};
    return k;
}
