/* Floor 3. Finds the graphs in a file: logs, pipes and exception texts hold them between other lines. One pass over
 * the lines, nothing is interpreted beyond their first characters; owns the list that it returns only. */
#include "io/text/text_find.h"

enum { STEP_BYTES = 1 << 20 };

typedef enum finder_state { NOISE, HEADER, BODY, AFTER } finder_state;

typedef struct finder {
    ox__text_graphs *out;
    const char *start, *end;
    const char *line, *eol; /* eol: before the line end */
    const char *next;
    uint64_t line_no;
    finder_state state;
    ox__text_graph g;    /* while state is not NOISE */
    bool first;          /* no line of g after the one with `graph(` was seen */
    const char *prefix;  /* of g */
    const char *caption; /* a line that ends with a colon, for the title of what follows */
    size_t caption_n;
    ox_error *err;
} finder;

static bool starts(const char *p, const char *end, const char *word)
{
    size_t n = strlen(word);
    return (size_t)(end - p) >= n && memcmp(p, word, n) == 0;
}

static const char *skip_blanks(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t')) p++;
    return p;
}

static const char *trim_right(const char *p, const char *end)
{
    while (end > p && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r')) end--;
    return end;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

size_t ox__text_prefix(const char *prefix, size_t prefix_n, const char *line, size_t n)
{
    size_t i = 0, whole = 0;
    for (; i < prefix_n && i < n; i++) {
        if (prefix[i] != line[i] && !(is_digit(prefix[i]) && is_digit(line[i]))) break;
        /* a log's prefix ends at a blank, so that half a word in common is none */
        if (prefix[i] == ' ' || prefix[i] == '\t') whole = i + 1;
    }
    if (i == prefix_n && (i == n || line[i] == ' ' || line[i] == '\t')) whole = i;
    return whole;
}

/* `graph(` as the head of a dump, in [p, end): not a call in a traceback, not the section of a node. */
static const char *find_head(const char *p, const char *end)
{
    for (const char *open = p; (open = memchr(open, '(', (size_t)(end - open))) != NULL; open++) {
        if (open - p < 5 || memcmp(open - 5, "graph", 5) != 0) continue;
        const char *q = open - 5;
        if (q > p && (is_word(q[-1]) || q[-1] == '.')) continue;
        const char *a = skip_blanks(q + 6, end);
        if (a < end && *a != '%' && *a != '\r' && *a != '#' && !starts(a, end, "):") && !starts(a, end, ") {"))
            continue;
        const char *b = trim_right(p, q);
        if (b > p && b[-1] == '=') continue;
        return q;
    }
    return NULL;
}

/* torch.fx prints `graph():` too, and nodes that name their target. */
static bool is_fx(const finder *f)
{
    const char *p = f->next;
    for (int i = 0; i < 4 && p < f->end; i++) {
        const char *e = memchr(p, '\n', (size_t)(f->end - p));
        if (!e) e = f->end;
        size_t n = OX__MIN((size_t)(e - p), (size_t)4096);
        if (memmem(p, n, "[num_users=", 11) || memmem(p, n, "[#users=", 8) || memmem(p, n, "[target=", 8)) return true;
        p = e < f->end ? e + 1 : e;
    }
    return false;
}

static bool ends_header(const char *p, const char *end)
{
    end = trim_right(p, end);
    size_t n = (size_t)(end - p);
    if (n >= 2 && end[-1] == ':' && end[-2] == ')') return true;
    if (n >= 3 && end[-1] == '{' && (end[-2] == ')' || end[-3] == ')')) return true;
    return memmem(p, n, ") { #", 5) || memmem(p, n, "): #", 4);
}

static ox_status put(finder *f)
{
    return ox__vec_push(&f->out->rows, f->g) ? OX_OK : ox__nomem(f->err);
}

static void set_title(finder *f, const char *at)
{
    const char *p = skip_blanks(f->line, at);
    const char *e = trim_right(p, at);
    if (p == e && f->caption) p = f->caption, e = p + f->caption_n;
    while (e > p && (e[-1] == ':' || e[-1] == ' ')) e--;
    f->g.title = (uint64_t)(p - f->start);
    f->g.title_n = (uint32_t)OX__MIN((size_t)(e - p), (size_t)159);
}

static void begin(finder *f, const char *at)
{
    f->g = (ox__text_graph){0};
    f->g.at = (uint64_t)(at - f->start);
    f->g.end = (uint64_t)(f->next - f->start);
    f->g.line = f->g.last_line = f->line_no;
    f->g.col = (uint32_t)OX__MIN((uint64_t)(at - f->line) + 1, (uint64_t)UINT32_MAX);
    set_title(f, at);
    f->first = true;
    f->prefix = f->line;
    f->state = ends_header(at, f->eol) ? BODY : HEADER;
}

static ox_status noise_line(finder *f)
{
    f->state = NOISE;
    const char *at = find_head(f->line, f->eol);
    if (at) {
        if (at + 6 < f->eol && at[6] == ')' && is_fx(f)) {
            if (!f->out->fx_line) f->out->fx_line = f->line_no;
        } else {
            begin(f, at);
        }
        return OX_OK;
    }
    const char *p = skip_blanks(f->line, f->eol), *e = trim_right(p, f->eol);
    if (p == e) return OX_OK; /* a blank line may stand between a caption and its graph */
    f->caption = e[-1] == ':' ? p : NULL;
    f->caption_n = (size_t)(e - p);
    return OX_OK;
}

static void keep_line(finder *f)
{
    f->g.end = (uint64_t)(f->next - f->start);
    f->g.last_line = f->line_no;
}

static ox_status body_line(finder *f, const char *p)
{
    if (p < f->eol && (*p == '%' || *p == '=')) {
        f->g.n_nodes++;
    } else if (starts(p, f->eol, "return (") || starts(p, f->eol, "return(")) {
        f->g.whole = true;
        f->state = AFTER;
    } else if (find_head(f->line, f->eol)) {
        ox_status s = put(f); /* the one before was cut off */
        return s != OX_OK ? s : noise_line(f);
    }
    keep_line(f);
    return OX_OK;
}

/* A `}` and `with prim::fork_0 = graph(...)` sections belong to the graph before them. */
static ox_status after_line(finder *f, const char *p)
{
    const char *e = trim_right(p, f->eol);
    if (p == e) return OX_OK;
    if (e - p == 1 && *p == '}') {
        keep_line(f);
        return OX_OK;
    }
    if (starts(p, e, "with ") && memmem(p, (size_t)(e - p), " = graph(", 9)) {
        keep_line(f);
        f->g.whole = false;
        f->state = ends_header(p, e) ? BODY : HEADER;
        return OX_OK;
    }
    ox_status s = put(f);
    return s != OX_OK ? s : noise_line(f);
}

static ox_status one_line(finder *f)
{
    if (f->state == NOISE) return noise_line(f);
    const char *p = f->line;
    if (f->first) {
        /* what the second line shares with what stood before `graph(` is what the log puts before every line */
        f->g.prefix_n = (uint32_t)ox__text_prefix(f->prefix, f->g.col - 1, p, (size_t)(f->eol - p));
        f->first = false;
    }
    if (f->g.prefix_n) p += ox__text_prefix(f->prefix, f->g.prefix_n, p, (size_t)(f->eol - p));
    p = skip_blanks(p, f->eol);
    if (f->state == AFTER) return after_line(f, p);
    if (f->state == BODY) return body_line(f, p);
    if (p < f->eol && *p != '%' && find_head(f->line, f->eol)) {
        ox_status s = put(f);
        return s != OX_OK ? s : noise_line(f);
    }
    if (ends_header(p, f->eol)) f->state = BODY;
    keep_line(f);
    return OX_OK;
}

ox_status ox__text_find(ox__text_graphs *out, const char *p, uint64_t n, const char *path, const ox_task *task,
                        ox_error *err)
{
    if (!n) return OX_OK;
    finder f = {.out = out, .start = p, .end = p + n, .next = p, .err = err};
    const char *stepped = p;
    while (f.next < f.end) {
        f.line = f.next;
        const char *nl = memchr(f.line, '\n', (size_t)(f.end - f.line));
        f.eol = nl ? nl : f.end;
        f.next = nl ? nl + 1 : f.end;
        f.line_no++;
        ox_status s = one_line(&f);
        if (s != OX_OK) return s;
        if (task && f.next - stepped > STEP_BYTES) {
            stepped = f.next;
            if (!task->step(task->ud, "looking for graphs", (uint64_t)(f.next - p), n))
                return ox__fail(err, OX_E_INTERRUPTED, "interrupted while looking for graphs in %s", path);
        }
    }
    return f.state == NOISE ? OX_OK : put(&f);
}

bool ox__text_is_text(const char *p, uint64_t n)
{
    size_t look = (size_t)OX__MIN(n, (uint64_t)4096), odd = 0;
    for (size_t i = 0; i < look; i++) {
        unsigned char c = (unsigned char)p[i];
        if (c < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 0x1b) odd++;
    }
    return odd * 50 <= look; /* some dumps hold names with control characters; binary files hold mostly those */
}

/* ---- the error for a file without a graph ---- */

typedef struct clue {
    const char *text; /* what gives the kind away */
    const char *what; /* the message */
    const char *hint;
} clue;

static const clue clues[] = {
    {"ExportedProgram:", "a printed ExportedProgram, not a TorchScript graph",
     "trace the model instead: print(torch.jit.trace(model, args).inlined_graph), or save it as .onnx or .pt2"},
    {"class GraphModule(torch.nn.Module)", "a printed GraphModule of torch.fx, not a TorchScript graph",
     "trace the model instead: print(torch.jit.trace(model, args).inlined_graph)"},
    {"[FLOAT, ", "a graph as onnx.helper.printable_graph prints it", "open the .onnx file that it was printed from"},
    {"<FLOAT,[", "an ONNX graph as onnxscript prints it", "open the .onnx file that it was printed from"},
    {"torch.onnx", "a log of an export without the graph", "export with verbose=True: the log then holds the graph"},
    {"Traceback (most recent call last)", "an exception text without a graph",
     "export with verbose=True: the log then holds the graph"},
    {" = prim::", "nodes without their graph", "the whole of print(graph) is needed, from `graph(` to `return (...)`"},
    {" = aten::", "nodes without their graph", "the whole of print(graph) is needed, from `graph(` to `return (...)`"},
    {" = onnx::", "nodes without their graph", "the whole of print(graph) is needed, from `graph(` to `return (...)`"},
};

static uint32_t line_of(const char *p, const char *at)
{
    uint64_t n = 1;
    while (p < at && (p = memchr(p, '\n', (size_t)(at - p))) != NULL) n++, p++;
    return (uint32_t)OX__MIN(n, (uint64_t)UINT32_MAX);
}

ox_status ox__text_explain(const char *p, uint64_t n, const ox__text_graphs *found, const char *path, ox_error *err)
{
    const char *what = "no graph was found: no line holds `graph(`";
    const char *hint =
        "print(traced.inlined_graph), torch.onnx.export(..., verbose=True) and .onnx files can be opened";
    uint32_t line = 1;
    if (n == 0) {
        what = "the file is empty";
    } else if (found->fx_line) {
        what = "a graph of torch.fx, not a TorchScript graph";
        hint = clues[1].hint;
        line = (uint32_t)OX__MIN(found->fx_line, (uint64_t)UINT32_MAX);
    } else if (!ox__text_is_text(p, n)) {
        what = "neither a text nor a format that is known";
    } else {
        for (size_t i = 0; i < OX__COUNT(clues); i++) {
            const char *at = memmem(p, n, clues[i].text, strlen(clues[i].text));
            if (!at) continue;
            what = clues[i].what;
            hint = clues[i].hint;
            line = line_of(p, at);
            break;
        }
    }
    ox_status s = ox__fail(err, OX_E_FORMAT, "%s", what);
    ox_error_hint(err, "%s", hint);
    ox_error_at_line(err, path, line, 1);
    return s;
}
