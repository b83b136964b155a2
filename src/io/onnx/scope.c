/* Floor 3. Where a node comes from. A .onnx file has no scopes; exporters leave them in three places:
 *   - names of the TorchScript exporter since 1.13, "/features/features.0/Conv_1": classes are not known;
 *   - metadata of the dynamo exporter: two Python lists, pkg.torch.onnx.name_scopes and class_hierarchy, side by side,
 *     whose last entries are the node itself, or "namespace", the same as "path: class" pairs;
 *   - Python stacks in doc_string ("file(line): function", innermost first) or pkg.torch.onnx.stack_trace (innermost
 *     last) say the source line.
 * A name that does not follow the rule gives no scope: nothing is guessed. What was derived is no edit of the node. */
#include "io/onnx/load.h"

#include <onnxsh/text.h>

enum { MAX_LEVELS = 64 };

/* A text (or two) that was met before, and what it means. */
typedef struct known {
    const char *p;
    size_t n;
    uint64_t ids; /* of a pair of texts, instead of p */
    uint32_t id;
} known;

struct ox__scopes {
    ox__index index;
    OX__VEC(known) known;
    uint32_t last; /* what was found last: nodes of a module stand together */
    ox__buf path;
    ox__buf texts[2]; /* decoded list entries, NUL after each */
    struct {
        size_t at, n;
    } level[2][MAX_LEVELS];
    ox_str names, classes, ns, stack; /* the keys */
};

bool ox__scopes_init(ox__load *ld)
{
    known none = {0};
    struct ox__scopes *sc = ld->scopes = ox__calloc(1, sizeof *sc);
    return sc && ox__vec_push(&sc->known, none);
}

void ox__scopes_free(ox__load *ld)
{
    struct ox__scopes *sc = ld->scopes;
    if (!sc) return;
    ox__index_free(&sc->index);
    ox__vec_free(&sc->known);
    ox__buf_free(&sc->path);
    ox__buf_free(&sc->texts[0]);
    ox__buf_free(&sc->texts[1]);
    ox__free(sc);
}

/* ---- what was met before ---- */

typedef struct lookup_key {
    const struct ox__scopes *sc;
    known k;
} lookup_key;

static bool same(const void *ud, uint32_t id)
{
    const lookup_key *l = ud;
    const known *k = &l->sc->known.p[id];
    return k->ids == l->k.ids && k->n == l->k.n && (k->n == 0 || memcmp(k->p, l->k.p, k->n) == 0);
}

static uint64_t hash_of(const known *k)
{
    return ox__hash_mix(ox__hash(k->p ? k->p : "", k->n), k->ids);
}

static known *find(struct ox__scopes *sc, known k)
{
    lookup_key l = {sc, k};
    if (sc->last && same(&l, sc->last)) return &sc->known.p[sc->last];
    uint32_t id = ox__index_find(&sc->index, hash_of(&k), same, &l);
    if (id) sc->last = id;
    return id ? &sc->known.p[id] : NULL;
}

/* k.p must live as long as the load: texts of the model do. */
static ox_status add(struct ox__scopes *sc, known k, ox_error *err)
{
    return ox__vec_push(&sc->known, k) && ox__index_add(&sc->index, hash_of(&k), (uint32_t)sc->known.n - 1)
               ? OX_OK
               : ox__nomem(err);
}

/* ---- paths ---- */

static bool is_digits(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] < '0' || p[i] > '9') return false;
    return n > 0;
}

/* The last atoms of a path, from the last one on that is no number: "layer1.0" of "net.layer1.0". Exporters shorten so.
 */
static size_t short_begin(const char *p, size_t n)
{
    for (size_t end = n;;) {
        size_t begin = end;
        while (begin && p[begin - 1] != '.') begin--;
        if (!begin || !is_digits(p + begin, end - begin)) return begin;
        end = begin - 1;
    }
}

static size_t behind(const char *p, size_t n, const char *prefix, size_t k)
{
    return k && n > k + 1 && memcmp(p, prefix, k) == 0 && p[k] == '.' ? k + 1 : 0;
}

/* One level deeper: p is the module's path, whole, shortened, or only its own name. */
static ox_status deeper(ox__load *ld, ox_scope *scope, ox_str cls, const char *p, size_t n, ox_error *err)
{
    ox__buf *path = &ld->scopes->path;
    size_t tail = short_begin(path->p ? path->p : "", path->n);
    size_t skip = behind(p, n, path->p, path->n);
    if (!skip && path->n) skip = behind(p, n, path->p + tail, path->n - tail);
    p += skip;
    n -= skip;
    if (path->n && n) ox__buf_addc(path, '.');
    ox__buf_add(path, p, n);
    if (path->failed) return ox__nomem(err);
    return ox_scope_add(ld->m, scope, *scope, cls, ox_str_add(ld->m, p, n), err);
}

/* ---- names: "/a/a.0/Conv_1" of a Conv ---- */

/* Whether the last part of a name is its operator, numbered perhaps. */
static bool names_op(const char *p, size_t n, const char *op, size_t k)
{
    if (n < k || !k || memcmp(p, op, k) != 0) return false;
    return n == k || (p[k] == '_' && is_digits(p + k + 1, n - k - 1));
}

static ox_status from_name(ox__load *ld, ox__node_row *r, ox_node node, ox_error *err)
{
    size_t n, k;
    const char *name = ox_str_text(ld->m, (ox_str){r->name}, &n), *op = ox_str_text(ld->m, (ox_str){r->op}, &k);
    if (n < 2 || name[0] != '/') return OX_OK;
    size_t last = n;
    while (name[last - 1] != '/') last--;
    if (!names_op(name + last, n - last, op, k)) return OX_OK;
    known key = {name, last, 0, 0};
    known *had = find(ld->scopes, key);
    if (had) {
        r->scope = had->id;
        return OX_OK;
    }
    ox_scope scope = {0, 0};
    unsigned levels = 0;
    ld->scopes->path.n = 0;
    ox_status s = ox_scope_add(ld->m, &scope, scope, (ox_str){0}, (ox_str){1}, err);
    for (size_t i = 1, end; i < last && s == OX_OK; i = end + 1) {
        for (end = i; name[end] != '/';) end++;
        if (end == i || ++levels > MAX_LEVELS) return OX_OK; /* nobody's module path */
        s = deeper(ld, &scope, (ox_str){0}, name + i, end - i, err);
    }
    if (s != OX_OK) return s;
    ox__node_row_at(ld->m, node.id)->scope = key.id = scope.id;
    return add(ld->scopes, key, err);
}

/* ---- metadata of the dynamo exporter ---- */

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* One character of a Python string literal after its backslash; *i stands behind it afterwards. */
static void unescape(ox__buf *out, const char *p, size_t n, size_t *i)
{
    char c = p[(*i)++];
    if (c == 'x' && *i + 1 < n && hex(p[*i]) >= 0 && hex(p[*i + 1]) >= 0) {
        c = (char)(hex(p[*i]) * 16 + hex(p[*i + 1]));
        *i += 2;
    } else if (c == 'n' || c == 't' || c == 'r') {
        c = c == 'n' ? '\n' : c == 't' ? '\t' : '\r';
    } else if (c != '\\' && c != '\'' && c != '"') {
        ox__buf_addc(out, '\\');
    }
    ox__buf_addc(out, c);
}

/* The strings of a Python list's repr; 0 if it is none, or too long. */
static size_t parse_list(struct ox__scopes *sc, int which, const char *p, size_t n)
{
    ox__buf *out = &sc->texts[which];
    size_t count = 0, i = 0;
    out->n = 0;
    if (n < 2 || p[i++] != '[') return 0;
    while (i < n && p[i] != ']') {
        char quote = p[i++];
        if ((quote != '\'' && quote != '"') || count == MAX_LEVELS) return 0;
        sc->level[which][count].at = out->n;
        while (i < n && p[i] != quote) {
            if (p[i] == '\\' && i + 1 < n) {
                i++;
                unescape(out, p, n, &i);
            } else {
                ox__buf_addc(out, p[i++]);
            }
        }
        sc->level[which][count].n = out->n - sc->level[which][count].at;
        count++;
        i++; /* the quote */
        if (i + 1 < n && p[i] == ',' && p[i + 1] == ' ') i += 2;
    }
    return i + 1 == n && p[i] == ']' ? count : 0;
}

/* "path: class/path: class/name: target" into the same two lists. */
static size_t parse_namespace(struct ox__scopes *sc, const char *p, size_t n)
{
    size_t count = 0;
    sc->texts[0].n = sc->texts[1].n = 0;
    for (size_t i = 0, end; i < n; i = end + 1) {
        const char *slash = memchr(p + i, '/', n - i);
        end = slash ? (size_t)(slash - p) : n;
        const char *colon = memmem(p + i, end - i, ": ", 2);
        if (!colon || count == MAX_LEVELS) return 0;
        size_t cut = (size_t)(colon - p);
        sc->level[0][count].at = sc->texts[0].n;
        sc->level[0][count].n = cut - i;
        ox__buf_add(&sc->texts[0], p + i, cut - i);
        sc->level[1][count].at = sc->texts[1].n;
        sc->level[1][count].n = end - cut - 2;
        ox__buf_add(&sc->texts[1], p + cut + 2, end - cut - 2);
        count++;
    }
    return count;
}

/* The scope of the first `count` levels of both lists. */
static ox_status from_lists(ox__load *ld, size_t count, uint32_t *scope_id, ox_error *err)
{
    struct ox__scopes *sc = ld->scopes;
    ox_scope scope = {0, 0};
    ox_status s = OX_OK;
    sc->path.n = 0;
    if (sc->texts[0].failed || sc->texts[1].failed) return ox__nomem(err);
    for (size_t i = 0; i < count && s == OX_OK; i++) {
        ox_str cls = ox_str_add(ld->m, sc->texts[1].p + sc->level[1][i].at, sc->level[1][i].n);
        s = deeper(ld, &scope, cls, sc->texts[0].p + sc->level[0][i].at, sc->level[0][i].n, err);
    }
    *scope_id = scope.id;
    return s;
}

static ox_status from_metadata(ox__load *ld, ox_node node, ox_str names, ox_str classes, ox_str ns, ox_error *err)
{
    struct ox__scopes *sc = ld->scopes;
    size_t n, k, count = 0, other;
    bool lists = names.id && classes.id;
    known key = {NULL, 0, lists ? (uint64_t)names.id << 32 | classes.id : (uint64_t)ns.id, 0};
    known *had = find(sc, key);
    if (had) {
        ox__node_row_at(ld->m, node.id)->scope = had->id;
        return OX_OK;
    }
    if (lists) {
        const char *a = ox_str_text(ld->m, names, &n), *b = ox_str_text(ld->m, classes, &k);
        count = parse_list(sc, 0, a, n);
        other = parse_list(sc, 1, b, k);
        if (count != other) count = 0;
    }
    if (!count && ns.id) {
        const char *a = ox_str_text(ld->m, ns, &n);
        count = parse_namespace(sc, a, n);
    }
    ox_status s = count > 1 ? from_lists(ld, count - 1, &key.id, err) : OX_OK; /* the last level is the node itself */
    if (s != OX_OK) return s;
    ox__node_row_at(ld->m, node.id)->scope = key.id;
    return add(sc, key, err);
}

/* ---- source lines ---- */

static ox_status set_loc(ox__load *ld, const char *file, size_t n, const char *line, size_t k, uint32_t *loc)
{
    int64_t number;
    if (n && ox_text_parse_i64(line, k, &number) && number > 0 && number <= UINT32_MAX)
        *loc = ox_loc_add(ld->m, ox_str_add(ld->m, file, n), (uint32_t)number, 0).id;
    return OX_OK;
}

/* "file.py(12): forward" in the first line. */
static ox_status loc_of_doc(ox__load *ld, const char *p, size_t n, uint32_t *loc)
{
    const char *end = memchr(p, '\n', n);
    size_t len = end ? (size_t)(end - p) : n;
    const char *close = memmem(p, len, "): ", 3), *open = close;
    if (!close) return OX_OK;
    while (open > p && *open != '(') open--;
    return *open == '(' ? set_loc(ld, p, (size_t)(open - p), open + 1, (size_t)(close - open - 1), loc) : OX_OK;
}

/* The last `File "x.py", line 12, in forward` of a traceback. */
static ox_status loc_of_stack(ox__load *ld, const char *p, size_t n, uint32_t *loc)
{
    static const char head[] = "File \"", middle[] = "\", line ";
    const char *end = p + n, *last = NULL;
    for (const char *f = p; (f = memmem(f, (size_t)(end - f), head, sizeof head - 1)); f++) last = f + sizeof head - 1;
    if (!last) return OX_OK;
    const char *quote = memmem(last, (size_t)(end - last), middle, sizeof middle - 1);
    if (!quote) return OX_OK;
    const char *line = quote + sizeof middle - 1, *stop = line;
    while (stop < end && *stop >= '0' && *stop <= '9') stop++;
    return set_loc(ld, last, (size_t)(quote - last), line, (size_t)(stop - line), loc);
}

static ox_status source_line(ox__load *ld, ox_node node, ox_str text, bool is_doc, ox_error *err)
{
    size_t n;
    known key = {NULL, 0, UINT64_C(1) << 63 | text.id, 0};
    known *had = find(ld->scopes, key);
    if (had) {
        ox__node_row_at(ld->m, node.id)->loc = had->id;
        return OX_OK;
    }
    const char *p = ox_str_text(ld->m, text, &n);
    ox_status s = is_doc ? loc_of_doc(ld, p, n, &key.id) : loc_of_stack(ld, p, n, &key.id);
    ox__node_row_at(ld->m, node.id)->loc = key.id;
    return s == OX_OK ? add(ld->scopes, key, err) : s;
}

/* ---- the node ---- */

/* The keys are looked for by id. They are interned with the first metadata that the model has. */
static void intern_keys(ox__load *ld)
{
    struct ox__scopes *sc = ld->scopes;
    if (sc->names.id) return;
    sc->names = ox_str_addz(ld->m, "pkg.torch.onnx.name_scopes");
    sc->classes = ox_str_addz(ld->m, "pkg.torch.onnx.class_hierarchy");
    sc->ns = ox_str_addz(ld->m, "namespace");
    sc->stack = ox_str_addz(ld->m, "pkg.torch.onnx.stack_trace");
}

ox_status ox__load_scope(ox__load *ld, ox_node node, ox_error *err)
{
    struct ox__scopes *sc = ld->scopes;
    ox__node_row *r = ox__node_row_at(ld->m, node.id);
    const ox__pairs *meta = r->ext ? r->ext->metadata : NULL;
    ox_str names = {0}, classes = {0}, ns = {0}, stack = {0}, doc = r->ext ? r->ext->doc : (ox_str){0};
    if (meta) intern_keys(ld);
    for (uint32_t i = 0; meta && i < meta->n; i++) {
        ox_pair p = meta->p[i];
        if (p.key.id == sc->names.id)
            names = p.value;
        else if (p.key.id == sc->classes.id)
            classes = p.value;
        else if (p.key.id == sc->ns.id)
            ns = p.value;
        else if (p.key.id == sc->stack.id)
            stack = p.value;
    }
    ox_status s = OX_OK;
    if ((names.id && classes.id) || ns.id)
        s = from_metadata(ld, node, names, classes, ns, err);
    else
        s = from_name(ld, r, node, err);
    if (s == OX_OK && stack.id > 1)
        s = source_line(ld, node, stack, false, err);
    else if (s == OX_OK && doc.id > 1)
        s = source_line(ld, node, doc, true, err);
    return s;
}
