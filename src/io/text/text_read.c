/* Floor 3. Reads one graph of a dump: its header, statements, blocks and `with` sections, by what each line begins
 * with and not by its indentation. Blocks stand on a stack of frames, so nothing recurses. */
#include "io/text/text.h"
#include "ir/ir.h"

enum { STEP_BYTES = 128 << 10 };

static bool at_word(const ox__text *t, const char *word)
{
    size_t n = strlen(word);
    return (size_t)(t->eol - t->p) >= n && memcmp(t->p, word, n) == 0;
}

static ox_status unfinished(ox__text *t, const char *what)
{
    ox_status s = ox__text_fail(t, t->eol, OX_E_FORMAT, "the text ends inside %s", what);
    ox_error_hint(t->err, "the file was cut off: print or copy it whole, up to the line `return (...)`");
    return s;
}

/* ---- headers: inputs of graphs and blocks ---- */

static ox_status add_input(ox__text *t, const ox__decl *d)
{
    ox_value v;
    ox_status s = ox_graph_add_input(t->m, &v, t->frames[t->depth].graph, SIZE_MAX, d->name, d->type, t->err);
    if (s == OX_OK && d->layout.id) s = ox_value_set_layout(t->m, v, d->layout, t->err);
    return s == OX_OK ? ox__text_define(t, d, v) : s;
}

/* Reads inputs from behind the `(` up to `):` or `) {`; they are separated by commas, line ends or both. */
static ox_status header(ox__text *t, const char *what)
{
    for (;;) {
        ox__text_blanks(t);
        if (t->p < t->eol && *t->p == ',') {
            t->p++;
            continue;
        }
        if (t->p == t->eol || *t->p == '#') {
            if (!ox__text_next(t)) return unfinished(t, what);
            continue;
        }
        if (*t->p == ')') break;
        if (*t->p != '%')
            return ox__text_fail(t, t->p, OX_E_FORMAT, "expected `%%name : type` or `)` in the inputs of %s", what);
        ox__decl d;
        ox_status s = ox__text_decl(t, OX__DECL_HEADER, &d);
        if (s == OX_OK) s = add_input(t, &d);
        if (s != OX_OK) return s;
    }
    t->p++;
    if (t->p < t->eol && *t->p == ':') t->p++;
    ox__text_blanks(t);
    if (t->p < t->eol && *t->p == '{') t->p++;
    return OX_OK;
}

/* ---- nodes ---- */

/* Attributes of onnx::If, Loop and Scan that are blocks; a trace's own are the list "blocks". */
static const char *const *block_names(const ox__frame *f, const ox__text *t)
{
    static const char *const branches[] = {"then_branch", "else_branch"};
    static const char *const body[] = {"body"};
    if (!f->onnx) return NULL;
    if (f->n_blocks == 2 && ox_node_is(t->m, f->last, "", "If")) return branches;
    if (f->n_blocks == 1 && (ox_node_is(t->m, f->last, "", "Loop") || ox_node_is(t->m, f->last, "", "Scan")))
        return body;
    return NULL;
}

/* Gives the newest node of a frame the blocks that followed it. */
static ox_status close_blocks(ox__text *t, ox__frame *f)
{
    if (!f->n_blocks) return OX_OK;
    const ox_graph *blocks = t->blocks.p + f->first_block;
    const char *const *names = block_names(f, t);
    ox_status s = OX_OK;
    if (!names) {
        ox_attr a = {.name = ox_str_addz(t->m, "blocks"), .kind = OX_ATTR_GRAPHS, .n = f->n_blocks, .u.graphs = blocks};
        s = ox_node_set_attr(t->m, f->last, &a, t->err);
    }
    for (uint32_t i = 0; names && i < f->n_blocks && s == OX_OK; i++) {
        ox_attr a = {.name = ox_str_addz(t->m, names[i]), .kind = OX_ATTR_GRAPH, .u.g = blocks[i]};
        s = ox_node_set_attr(t->m, f->last, &a, t->err);
    }
    t->blocks.n = f->first_block;
    f->n_blocks = 0;
    return s;
}

static ox_status open_block(ox__text *t)
{
    ox__frame *f = &t->frames[t->depth];
    if (!f->last.id) return ox__text_fail(t, t->p, OX_E_FORMAT, "a block without a node before it");
    if (t->depth + 1 >= OX__TEXT_MAX_DEPTH)
        return ox__text_fail(t, t->p, OX_E_LIMIT, "blocks are nested deeper than %d", OX__TEXT_MAX_DEPTH);
    if (f->n_blocks >= OX__TEXT_MAX_BLOCKS)
        return ox__text_fail(t, t->p, OX_E_LIMIT, "a node with more than %d blocks", OX__TEXT_MAX_BLOCKS);
    if (!f->n_blocks) f->first_block = t->blocks.n;
    ox_graph g;
    ox_status s = ox_graph_create(t->m, &g, OX_GRAPH_BLOCK, (ox_str){0}, t->err);
    if (s != OX_OK) return s;
    if (!ox__vec_push(&t->blocks, g)) return ox__text_nomem(t);
    f->n_blocks++;
    t->frames[++t->depth] = (ox__frame){.graph = g, .n_names = t->names.n};
    t->p = memchr(t->p, '(', (size_t)(t->eol - t->p));
    t->p++;
    return header(t, "a block");
}

static ox_status set_outputs(ox__text *t)
{
    ox_graph g = t->frames[t->depth].graph;
    for (size_t i = 0; i < t->refs.n; i++) {
        if (!t->refs.p[i].id) return ox__text_fail(t, t->line, OX_E_FORMAT, "an output without a name");
        ox_status s = ox_graph_add_output(t->m, g, SIZE_MAX, t->refs.p[i], t->err);
        if (s != OX_OK) return s;
    }
    return OX_OK;
}

/* `-> (%a, %b)` ends a block, `return (%a, %b)` a graph. */
static ox_status end_frame(ox__text *t)
{
    const char *at = t->p;
    t->p = memchr(t->p, '(', (size_t)(t->eol - t->p));
    if (!t->p) return ox__text_fail(t, at, OX_E_FORMAT, "expected `(` and the outputs");
    t->p++;
    ox_status s = ox__text_refs(t);
    if (s == OX_OK) s = close_blocks(t, &t->frames[t->depth]);
    if (s == OX_OK) s = set_outputs(t);
    if (s != OX_OK) return s;
    ox__text_forget(t, t->frames[t->depth].n_names);
    return OX_OK;
}

/* The `.Tensor` of "aten::add.Tensor": only an operator that the schemas know has an overload, since names of others
 * may hold points. */
static const char *overload_in(const char *name, ox__span text)
{
    const char *end = text.p + text.n, *dot = memchr(name, '.', (size_t)(end - name));
    size_t n;
    if (!dot || dot == name || dot + 1 == end || !ox_aten_find_n(text.p, (size_t)(dot - text.p), &n)) return NULL;
    return dot;
}

/* Splits "aten::add.Tensor" into domain, operator and overload, each distinct text once. */
static ox_status operator_of(ox__text *t, ox__span text, ox_str *domain, ox_str *op, ox_str *overload)
{
    uint64_t hash;
    const char *colons = memmem(text.p, text.n, "::", 2);
    const char *name = colons ? colons + 2 : text.p, *end = text.p + text.n, *dot = overload_in(name, text);
    *overload = dot ? ox_str_add(t->m, dot + 1, (size_t)(end - dot - 1)) : (ox_str){0};
    const ox__memo_row *row = ox__memo_find(&t->ops, text, &hash);
    if (row) {
        *domain = (ox_str){row->a};
        *op = (ox_str){row->b};
        return OX_OK;
    }
    ox__span d = {colons ? text.p : "", colons ? (size_t)(colons - text.p) : 0};
    if (d.n == 4 && memcmp(d.p, "onnx", 4) == 0) d.n = 0;
    *domain = ox_str_add(t->m, d.p, d.n);
    *op = ox_str_add(t->m, name, (size_t)((dot ? dot : end) - name));
    return ox__memo_add(&t->ops, text, hash, domain->id, op->id) ? OX_OK : ox__text_nomem(t);
}

/* "fork_0": a node whose body may follow the graph as `with prim::fork_0 = graph(...)`. */
static bool may_own_section(ox__span op)
{
    size_t n = op.n;
    while (n && op.p[n - 1] >= '0' && op.p[n - 1] <= '9') n--;
    return n && n < op.n && op.p[n - 1] == '_' && op.n > 6 && memcmp(op.p, "prim::", 6) == 0;
}

static ox_status note_owner(ox__text *t, ox__span text, ox_node n)
{
    if (!may_own_section(text)) return OX_OK;
    uint32_t graph = t->frames[0].graph.id, op = ox_str_add(t->m, text.p, text.n).id;
    if (ox__pairmap_find(&t->owners, graph, op)) return OX_OK;
    return ox__pairmap_add(&t->owners, graph, op, n.id) ? OX_OK : ox__text_nomem(t);
}

/* The scalar arguments of `^Name(0.5, na me)(%x)`: unquoted, so they end at the last `)(` before references. */
static ox_status python_args(ox__text *t)
{
    const char *open = t->p, *close = t->eol - 1;
    while (close > open &&
           !(close[0] == '(' && close[-1] == ')' && close + 1 < t->eol && (close[1] == '%' || close[1] == ')')))
        close--;
    if (close == open) {
        t->p++; /* no scalars were printed: these are the references */
        return OX_OK;
    }
    ox_attr a = {.name = ox_str_addz(t->m, "args"), .kind = OX_ATTR_RAW};
    a.u.s = ox_str_add(t->m, open + 1, (size_t)(close - 1 - (open + 1)));
    t->p = close + 1;
    return ox__vec_push(&t->attrs, a) ? OX_OK : ox__text_nomem(t);
}

static ox_status outputs_of(ox__text *t)
{
    t->outs.n = 0;
    while (*t->p == '%') {
        ox__decl d;
        ox_status s = ox__text_decl(t, OX__DECL_OUTS, &d);
        if (s != OX_OK) return s;
        if (!ox__vec_push(&t->outs, d)) return ox__text_nomem(t);
        if (at_word(t, ", %"))
            t->p += 2;
        else
            break;
    }
    return OX_OK;
}

typedef struct statement {
    ox__span op_text;
    ox_str domain, op, overload, name;
    bool aten_attrs; /* attributes of an operator that should have arguments instead */
    ox_scope scope;
    ox_loc loc;
} statement;

static ox_status operator_part(ox__text *t, statement *st)
{
    const char *at = t->p;
    while (t->p < t->eol && *t->p != '[' && *t->p != '(' && *t->p != ' ') t->p++;
    st->op_text = (ox__span){at, (size_t)(t->p - at)};
    if (t->p == at || t->p == t->eol || *t->p == ' ') {
        ox_status s = ox__text_fail(t, t->p, OX_E_FORMAT, "expected an operator and its arguments behind ` = `");
        ox_error_hint(t->err, "such as `aten::relu(%%x)`; a line that was cut or wrapped cannot be read");
        return s;
    }
    bool python = *at == '^';
    if ((python && st->op_text.n == 1) || (t->p - at >= 2 && t->p[-1] == ':' && t->p[-2] == ':'))
        return ox__text_fail(t, at, OX_E_FORMAT, "expected an operator: its name is empty");
    ox_status s = OX_OK;
    if (python) {
        st->domain = ox_str_addz(t->m, "^");
        st->op = ox_str_add(t->m, at + 1, st->op_text.n - 1);
    } else {
        s = operator_of(t, st->op_text, &st->domain, &st->op, &st->overload);
    }
    t->attrs.n = t->attr_texts.n = 0;
    if (s == OX_OK && *t->p == '[') {
        ox_type type = t->outs.n ? t->outs.p[0].type : (ox_type){0};
        size_t n;
        st->aten_attrs = !python && ox__text_overloads(st->op_text, &n);
        s = ox__text_attrs(t, st->domain, st->op, type, st->aten_attrs, &st->name);
    }
    if (s != OX_OK) return s;
    if (t->p == t->eol || *t->p != '(') return ox__text_fail(t, t->p, OX_E_FORMAT, "expected `(` and the arguments");
    if (python) return python_args(t);
    t->p++;
    return OX_OK;
}

static ox_status build(ox__text *t, const statement *st)
{
    ox__frame *f = &t->frames[t->depth];
    ox_node n;
    ox_status s =
        ox_node_create(t->m, &n, f->graph, (ox_node){0}, st->domain, st->op, t->refs.n, t->refs.p, t->outs.n, t->err);
    if (s == OX_OK && st->overload.id) s = ox_node_set_op(t->m, n, st->domain, st->op, st->overload, t->err);
    if (s == OX_OK && st->name.id) s = ox_node_set_name(t->m, n, st->name, t->err);
    if (s == OX_OK && st->scope.id) s = ox_node_set_scope(t->m, n, st->scope, t->err);
    if (s == OX_OK && st->loc.id) s = ox_node_set_loc(t->m, n, st->loc, t->err);
    if (s == OX_OK && t->attrs.n) s = ox__node_set_attrs(t->m, n, (uint32_t)t->attrs.n, t->attrs.p, t->err);
    for (size_t i = 0; i < t->outs.n && s == OX_OK; i++) {
        const ox__decl *d = &t->outs.p[i];
        ox_value v = ox_node_output(t->m, n, i);
        s = ox_value_set_name(t->m, v, d->name, t->err);
        if (s == OX_OK && d->type.id) s = ox_value_set_type(t->m, v, d->type, t->err);
        if (s == OX_OK && d->layout.id) s = ox_value_set_layout(t->m, v, d->layout, t->err);
        if (s == OX_OK) s = ox__text_define(t, d, v);
    }
    f->last = n;
    f->onnx = ox_node_is(t->m, n, "", "If") || ox_node_is(t->m, n, "", "Loop") || ox_node_is(t->m, n, "", "Scan");
    return s == OX_OK ? note_owner(t, st->op_text, n) : s;
}

static ox_status statement_line(ox__text *t)
{
    statement st = {0};
    ox_status s = close_blocks(t, &t->frames[t->depth]);
    if (s == OX_OK) s = outputs_of(t);
    if (s != OX_OK) return s;
    ox__text_blanks(t);
    if (!at_word(t, "= ")) {
        s = ox__text_fail(t, t->p, OX_E_FORMAT, "expected ` = ` and an operator");
        ox_error_hint(t->err, "a line of a graph reads `%%name : type = operator(%%arguments)`");
        return s;
    }
    t->p += 2;
    if ((s = operator_part(t, &st)) != OX_OK || (s = ox__text_refs(t)) != OX_OK ||
        (s = ox__text_tail(t, &st.scope, &st.loc)) != OX_OK)
        return s;
    if (st.aten_attrs && t->attrs.n && (s = ox__text_aten(t, t->frames[t->depth].graph, st.op_text, st.scope)) != OX_OK)
        return s;
    if ((s = ox__text_status(t)) == OX_OK) s = build(t, &st);
    if (t->scratch.total) ox__arena_reset(&t->scratch);
    return s;
}

/* ---- the lines of a graph ---- */

static bool is_block_head(const ox__text *t)
{
    if (!at_word(t, "block")) return false;
    const char *p = t->p + 5;
    while (p < t->eol && *p >= '0' && *p <= '9') p++;
    return p > t->p + 5 && p < t->eol && *p == '(';
}

/* Lines that may stand in a graph and say nothing. */
static bool is_silent(const ox__text *t)
{
    return t->p == t->eol || *t->p == '#' || *t->p == '}' || at_word(t, "--------");
}

static ox_status interrupted(ox__text *t)
{
    if (!t->task || t->next - t->task_at < STEP_BYTES) return OX_OK;
    t->task_at = t->next;
    if (t->task->step(t->task->ud, "reading", (uint64_t)(t->next - t->text), (uint64_t)(t->stop - t->text)))
        return OX_OK;
    return ox__fail(t->err, OX_E_INTERRUPTED, "interrupted while reading %s", t->file);
}

static ox_status body(ox__text *t)
{
    for (;;) {
        if (!ox__text_next(t)) return unfinished(t, t->depth ? "a block" : "the graph");
        ox_status s = interrupted(t);
        if (s != OX_OK) return s;
        if (t->p < t->eol && (*t->p == '%' || at_word(t, "= "))) {
            s = statement_line(t);
        } else if (is_block_head(t)) {
            s = open_block(t);
        } else if (at_word(t, "->")) {
            if (!t->depth) return ox__text_fail(t, t->p, OX_E_FORMAT, "`->` ends a block, but none is open");
            s = end_frame(t);
            t->depth--;
        } else if (at_word(t, "return (") || at_word(t, "return(")) {
            if (t->depth) return ox__text_fail(t, t->p, OX_E_FORMAT, "`return` inside a block, which ends with `->`");
            return end_frame(t);
        } else if (!is_silent(t)) {
            ox__text_count(t, OX__NOTE_NOISE, t->p, (size_t)(t->eol - t->p));
        }
        if (s != OX_OK) return s;
    }
}

/* ---- `with prim::fork_0 = graph(...)` sections ---- */

/* The node that a section belongs to: of the graph read last, else of one further out whose sections go on. */
static ox_node owner_of(ox__text *t, ox_str op)
{
    while (t->open_sections.n) {
        uint32_t id = ox__pairmap_find(&t->owners, t->open_sections.p[t->open_sections.n - 1].id, op.id);
        if (id) return ox_model_node_at(t->m, id);
        t->open_sections.n--; /* that graph's sections are complete */
    }
    return (ox_node){0};
}

/* The overload of a section inside another: the way to it, since names are unique in one graph only. */
static ox_str section_way(ox__text *t, ox_graph outer)
{
    size_t n_way, n_name;
    const char *way = ox_str_text(t->m, ox_function_get(t->m, outer).overload, &n_way);
    const char *name = ox_str_text(t->m, ox_graph_name(t->m, outer), &n_name);
    if (!ox__vec_reserve(&t->bytes, n_way + n_name + 1)) return (ox_str){0};
    memcpy(t->bytes.p, way, n_way);
    if (n_way) t->bytes.p[n_way++] = '/';
    memcpy(t->bytes.p + n_way, name, n_name);
    return ox_str_add(t->m, t->bytes.p, n_way + n_name);
}

/* Names a section so that the node of the same operator and overload calls it. */
static ox_status begin_section(ox__text *t, ox__span name)
{
    const char *colons = memmem(name.p, name.n, "::", 2);
    const char *op = colons ? colons + 2 : name.p;
    ox_str domain = ox_str_add(t->m, name.p, colons ? (size_t)(colons - name.p) : 0), overload = {0};
    ox_str op_str = ox_str_add(t->m, op, name.n - (size_t)(op - name.p));
    ox_node owner = owner_of(t, ox_str_add(t->m, name.p, name.n));
    ox_status s = OX_OK;
    if (t->open_sections.n > OX__TEXT_MAX_DEPTH)
        return ox__text_fail(t, t->p, OX_E_LIMIT, "sections are nested deeper than %d", OX__TEXT_MAX_DEPTH);
    if (owner.id && t->open_sections.n > 1) {
        overload = section_way(t, t->open_sections.p[t->open_sections.n - 1]);
        if (!overload.id) return ox__text_nomem(t);
        s = ox_node_set_op(t->m, owner, domain, op_str, overload, t->err);
    }
    ox_graph g = {0};
    if (s == OX_OK) s = ox_graph_create(t->m, &g, OX_GRAPH_FUNCTION, op_str, t->err);
    if (s != OX_OK) return s;
    if (!ox__vec_push(&t->open_sections, g)) return ox__text_nomem(t);
    ox_function_info info = {.domain = domain, .overload = overload};
    t->frames[0] = (ox__frame){.graph = g};
    t->depth = 0;
    return ox_function_set(t->m, g, &info, t->err);
}

static ox_status sections(ox__text *t)
{
    while (ox__text_next(t)) {
        if (!at_word(t, "with ")) continue;
        const char *name = t->p + 5, *head = memmem(name, (size_t)(t->eol - name), " = graph(", 9);
        if (!head) continue;
        ox_status s = begin_section(t, (ox__span){name, (size_t)(head - name)});
        t->p = head + 9;
        if (s == OX_OK) s = header(t, "a section");
        if (s == OX_OK) s = body(t);
        if (s != OX_OK) return s;
    }
    return OX_OK;
}

ox_status ox__text_read(ox__text *t, const ox__text_graph *g)
{
    t->line = t->text + g->at - (g->col - 1);
    t->stop = t->text + g->end;
    const char *nl = memchr(t->line, '\n', (size_t)(t->stop - t->line));
    t->eol = nl ? nl : t->stop;
    t->next = nl ? nl + 1 : t->stop;
    if (t->eol > t->line && t->eol[-1] == '\r') t->eol--;
    t->line_no = (uint32_t)OX__MIN(g->line, (uint64_t)UINT32_MAX);
    t->prefix = t->line;
    t->prefix_n = g->prefix_n;
    t->task_at = t->line;
    t->p = t->text + g->at + 6;
    t->frames[0] = (ox__frame){.graph = ox_model_main(t->m)};
    if (!ox__vec_push(&t->open_sections, t->frames[0].graph)) return ox__text_nomem(t);
    ox_status s = header(t, "the graph");
    if (s == OX_OK) s = body(t);
    if (s == OX_OK) s = sections(t);
    if (s == OX_OK) s = ox__text_status(t);
    if (s != OX_OK && s != OX_E_NOMEM && s != OX_E_INTERRUPTED && t->err && !t->err->line) {
        /* refused by the model: this line was the reason */
        ox_error_at_line(t->err, t->file, t->line_no, 1);
        if (!t->err->hint[0]) ox_error_hint(t->err, "this line cannot be part of a graph as PyTorch prints it");
    }
    return s;
}

void ox__text_clear(ox__text *t)
{
    ox__vec_free(&t->names);
    ox__vec_free(&t->by_str);
    ox__memo_free(&t->types);
    ox__memo_free(&t->scopes);
    ox__memo_free(&t->ops);
    ox__memo_free(&t->locs);
    ox__pairmap_free(&t->attr_kinds);
    ox__pairmap_free(&t->owners);
    ox__vec_free(&t->open_sections);
    ox__vec_free(&t->blocks);
    ox__vec_free(&t->outs);
    ox__vec_free(&t->refs);
    ox__vec_free(&t->attrs);
    ox__vec_free(&t->attr_texts);
    ox__vec_free(&t->ints);
    ox__vec_free(&t->floats);
    ox__vec_free(&t->strs);
    ox__vec_free(&t->type_items);
    ox__vec_free(&t->layouts);
    ox__vec_free(&t->bytes);
    ox__arena_free(&t->scratch);
}
