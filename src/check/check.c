/* Floor 4. One run of the checks: which are wanted, how findings are reported and counted. */
#include "check/check.h"

#include <onnxsh/journal.h>
#include <onnxsh/text.h>

#include <stdio.h>

static const ox_check_row rows[] = {
#define OX_CHECK(constant, id, family, severity, help, hint) {id, family, OX_SEVERITY_##severity, help, hint},
#include "check/checks.def"
#undef OX_CHECK
};

size_t ox_check_rows(const ox_check_row **out)
{
    *out = rows;
    return OX__N_CHECKS;
}

const char *ox_severity_name(ox_severity s)
{
    static const char *const names[] = {"note", "warning", "error"};
    return (unsigned)s < OX__COUNT(names) ? names[s] : "?";
}

/* ---- texts ---- */

static char *next_text(ox__check *c)
{
    c->next_name = (c->next_name + 1) % OX__CHECK_NAMES;
    return c->names[c->next_name];
}

/* Takes a character off the end of a text that was cut inside of it. */
static void end_whole(char *text)
{
    size_t n = strlen(text), at = n;
    while (at && ((unsigned char)text[at - 1] & 0xC0) == 0x80) at--;
    unsigned char lead = at ? (unsigned char)text[at - 1] : 0;
    if (lead >= 0xC0 && n - (at - 1) < (lead >= 0xF0 ? 4u : lead >= 0xE0 ? 3u : 2u)) text[at - 1] = '\0';
}

const char *ox__check_name(ox__check *c, ox_str s)
{
    enum { ROOM = OX__CHECK_NAME_SIZE - 8 };
    char *out = next_text(c);
    size_t n;
    const char *text = ox_str_text(c->m, s, &n);
    out[0] = '\'';
    size_t full = ox_text_sanitize(text, n, out + 1, ROOM);
    strcat(out, full >= ROOM ? "…'" : "'");
    return out;
}

const char *ox__check_node_name(ox__check *c, ox_node n)
{
    ox_str name = ox_node_name(c->m, n);
    size_t n_name;
    ox_str_text(c->m, name, &n_name);
    const char *op = ox__check_name(c, ox_node_op(c->m, n)), *quoted = n_name ? ox__check_name(c, name) : "";
    char *out = next_text(c), shown[61];
    snprintf(shown, sizeof shown, "%.*s", (int)(strlen(op) - 2), op + 1);
    end_whole(shown);
    snprintf(out, OX__CHECK_NAME_SIZE, "%s node%s%s", shown, n_name ? " " : "", quoted);
    end_whole(out);
    return out;
}

static void put_type(ox__check *c, char *out, ox_type t, int depth)
{
    static const char *const forms[] = {
        [OX_TYPE_SEQUENCE] = "seq(", [OX_TYPE_OPTIONAL] = "optional(", [OX_TYPE_MAP] = "map("};
    ox_type_info info = ox_type_get(c->m, t);
    size_t n = strlen(out);
    const char *dtype = info.dtype ? ox_dtype_name(info.dtype, OX_DTYPE_TEXT) : "?";
    if (info.kind == OX_TYPE_TENSOR || info.kind == OX_TYPE_SPARSE) {
        snprintf(out + n, OX__CHECK_NAME_SIZE - n, "%s(%s)", info.kind == OX_TYPE_TENSOR ? "tensor" : "sparse_tensor",
                 dtype);
    } else if ((size_t)info.kind < OX__COUNT(forms) && forms[info.kind] && info.n_items == 1 && depth < 4) {
        bool map = info.kind == OX_TYPE_MAP;
        snprintf(out + n, OX__CHECK_NAME_SIZE - n, "%s%s%s", forms[info.kind], map ? dtype : "", map ? ", " : "");
        put_type(c, out, info.items[0], depth + 1);
        n = strlen(out);
        snprintf(out + n, OX__CHECK_NAME_SIZE - n, ")");
    } else {
        snprintf(out + n, OX__CHECK_NAME_SIZE - n, "%s", info.kind == OX_TYPE_OPAQUE ? "opaque" : "?");
    }
}

const char *ox__check_type_name(ox__check *c, ox_type t)
{
    char *out = next_text(c);
    out[0] = '\0';
    put_type(c, out, t, 0);
    return out;
}

/* ---- findings ---- */

void ox__check_fail(ox__check *c, ox_status s)
{
    c->status = s;
    c->stopped = true;
}

bool ox__check_wants_any(const ox__check *c, ox__check_id first, ox__check_id last)
{
    for (int i = first; i <= (int)last; i++)
        if (c->wanted[i]) return true;
    return false;
}

void ox__check_step(ox__check *c)
{
    enum { STEP_NODES = 512 };
    if (++c->done % STEP_NODES == 0 && c->task && c->task->step &&
        !c->task->step(c->task->ud, "checking", OX__MIN(c->done, c->total), c->total))
        ox__check_fail(c, ox__fail(c->err, OX_E_INTERRUPTED, "the check was interrupted"));
}

void ox__check_report(ox__check *c, ox__check_id id, ox__place_of at, const char *hint, const char *fmt, ...)
{
    if (c->stopped || !c->wanted[id]) return;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(c->message, sizeof c->message, fmt, ap);
    va_end(ap);
    end_whole(c->message);
    ox_severity severity = rows[id].severity;
    size_t *count = severity == OX_SEVERITY_ERROR     ? &c->counts.errors
                    : severity == OX_SEVERITY_WARNING ? &c->counts.warnings
                                                      : &c->counts.notes;
    ++*count;
    if (!at.graph.id && at.node.id) at.graph = ox_node_graph(c->m, at.node);
    if (!at.graph.id && at.value.id) at.graph = ox_value_graph(c->m, at.value);
    ox_finding f = {&rows[id], severity, at.graph, at.node, at.value, c->message, hint ? hint : rows[id].hint};
    if (c->fn && !c->fn(c->ud, &f)) c->stopped = true;
}

static bool same_key(const void *ud, uint32_t id)
{
    const ox__check *c = ((const void *const *)ud)[0];
    return c->once.p[id - 1] == *(const uint64_t *)((const void *const *)ud)[1];
}

bool ox__check_once(ox__check *c, uint64_t key)
{
    const void *const ud[] = {c, &key};
    uint64_t hash = ox__hash_mix(0, key);
    if (ox__index_find(&c->seen, hash, same_key, ud)) return false;
    if (!ox__vec_push(&c->once, key) || !ox__index_add(&c->seen, hash, (uint32_t)c->once.n))
        ox__check_fail(c, ox__nomem(c->err));
    return true;
}

void ox__check_ir(ox__check *c, int64_t ir, ox__place_of at, const char *what)
{
    int64_t have = ox_model_ir_version(c->m);
    if (!c->onnx || ir <= have || have <= 0 || ir > 63 || c->ir_reported >> ir & 1) return;
    c->ir_reported |= (uint64_t)1 << ir;
    ox__check_report(c, OX__CHECK_IR_FEATURE, at, "raise the IR version",
                     "%s: IR version %lld added this, the model states %lld", what, (long long)ir, (long long)have);
}

/* ---- options ---- */

/* Sets wanted[] for each id or family in a list of words. */
static ox_status choose(ox__check *c, const char *list, bool wanted, ox_error *err)
{
    for (const char *p = list; *p;) {
        size_t n = strcspn(p, ",");
        bool known = n == 0;
        for (int i = 0; i < OX__N_CHECKS; i++) {
            bool id = strlen(rows[i].id) == n && memcmp(rows[i].id, p, n) == 0;
            bool family = strlen(rows[i].family) == n && memcmp(rows[i].family, p, n) == 0;
            if (id || family) c->wanted[i] = wanted, known = true;
        }
        if (!known) {
            ox_status s = ox__fail(err, OX_E_INVALID, "'%.*s' is no check", (int)OX__MIN(n, 100u), p);
            ox_error_hint(err, "checks are chosen by id or family: `check --list` lists both");
            return s;
        }
        p += n + (p[n] == ',');
    }
    return OX_OK;
}

static ox_status take_options(ox__check *c, const ox_check_options *opt, ox_error *err)
{
    for (int i = 0; i < OX__N_CHECKS; i++) c->wanted[i] = !opt || !opt->only;
    if (!opt || !opt->full) c->wanted[OX__CHECK_INFERENCE_FAILED] = c->wanted[OX__CHECK_INFERENCE_CLASH] = false;
    c->read_limit = opt && opt->read_limit ? opt->read_limit : OX_CHECK_READ_LIMIT;
    ox_status s = opt && opt->only ? choose(c, opt->only, true, err) : OX_OK;
    if (s == OX_OK && opt && opt->skip) s = choose(c, opt->skip, false, err);
    c->full = ox__check_wants_any(c, OX__CHECK_INFERENCE_FAILED, OX__CHECK_INFERENCE_CLASH);
    c->total = ox_model_n_nodes(c->m) * (c->full ? 5 : 4);
    return s;
}

ox_status ox_check_run(ox_model *m, const ox_check_options *opt, ox_finding_fn fn, void *ud, ox_check_counts *counts,
                       const ox_task *task, ox_error *err)
{
    ox_status s;
    ox__check *c = ox__calloc(1, sizeof *c);
    if (counts) *counts = (ox_check_counts){0};
    if (!c) return ox__nomem(err);
    c->m = c->own = m, c->fn = fn, c->ud = ud, c->task = task, c->err = err;
    c->onnx = ox_model_get_kind(m) == OX_MODEL_ONNX;
    OX__TRY(ox_model_status(m, err));
    OX__TRY(take_options(c, opt, err));
    ox_mark mark = ox_journal_mark(m);
    ox__check_read(c);
    if (c->onnx) ox__check_model(c);
    if (c->onnx) ox__check_functions(c);
    ox__check_graphs(c);
    if (c->full && !c->stopped) ox__check_infer(c);
    if (!c->stopped) ox__check_habits(c);
    if (c->full) ox_journal_rollback(m, mark);
    if (!c->stopped) ox__check_weights(c);
    if (!c->stopped) ox__check_records(c);
    s = c->status;
    if (s == OX_OK && counts) *counts = c->counts;
out:
    ox__free(c->by_name);
    ox__free(c->made);
    ox__vec_free(&c->visible);
    ox__vec_free(&c->once);
    ox__index_free(&c->seen);
    ox__free(c);
    return s;
}
