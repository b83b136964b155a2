/* Floor 3. Why a dim is unknown, as a sentence: the reason that the rule gave, the node where it did, and where the
 * values that it would have needed come from. The last is looked for when asked, in the model as it is now. */
#include "ops/reason.h"

#include "base/base.h"

#include <onnxsh/infer.h>
#include <onnxsh/print.h>
#include <onnxsh/schema.h>
#include <onnxsh/text.h>

enum { MAX_WALK = 1000, MAX_REASON = 900 };

/* ---- places ---- */
static void add_name(ox__buf *b, const char *before, const char *text, size_t n, const char *after)
{
    char safe[200];
    if (!n) return;
    ox_text_sanitize(text, n, safe, sizeof safe);
    ox__buf_addf(b, "%s%s%s", before, safe, after);
}

static void add_place(const ox_model *m, ox_node n, ox__buf *b)
{
    char text[400];
    size_t len;
    ox_node_op_text(m, n, text, sizeof text);
    ox__buf_addz(b, text);
    const char *name = ox_str_text(m, ox_node_name(m, n), &len);
    if (len)
        add_name(b, " '", name, len, "'");
    else
        ox__buf_addf(b, " #%u", n.id);
    if (ox_node_scope(m, n).id) {
        ox_scope_print(m, ox_node_scope(m, n), text, sizeof text);
        add_name(b, " at ", text, strlen(text), "");
    }
    ox_loc_info l = ox_loc_get(m, ox_node_loc(m, n));
    if (l.file.id) {
        name = ox_str_text(m, l.file, &len);
        add_name(b, " (", name, len, "");
        ox__buf_addf(b, ":%u)", l.line);
    }
    ox_graph g = ox_node_graph(m, n);
    while (ox_graph_parent(m, g).id) g = ox_graph_parent(m, g);
    if (ox_graph_get_kind(m, g) == OX_GRAPH_FUNCTION) {
        name = ox_str_text(m, ox_graph_name(m, g), &len);
        add_name(b, " in the function ", name, len, "");
    }
}

static size_t give(ox__buf *b, char *buf, size_t size)
{
    size_t n = OX__MIN(b->n, size ? size - 1 : 0);
    while (n && n < b->n && ((unsigned char)b->p[n] & 0xC0) == 0x80) n--; /* no half characters */
    if (n) memcpy(buf, b->p, n);
    if (size) buf[n] = '\0';
    ox__buf_free(b);
    return n;
}

size_t ox__node_place(const ox_model *m, ox_node n, char *buf, size_t size)
{
    ox__buf b = {0};
    add_place(m, n, &b);
    return give(&b, buf, size);
}

/* ---- where values come from ---- */

/* A value whose elements stand for dims, axes and the like: a short list of integers, or one. */
static bool is_small_int(const ox_model *m, ox_value v)
{
    ox_type_info t = ox_type_get(m, ox_value_type(m, v));
    return t.kind == OX_TYPE_TENSOR && t.rank <= 1 && ox_dtype_is_integer(t.dtype);
}

static bool is_constant(const ox_model *m, ox_value v)
{
    ox_node by = ox_value_node(m, v);
    return (ox_value_is_initializer(m, v) && !ox_value_is_input(m, v)) || (by.id && ox_node_is(m, by, "", "Constant"));
}

/* The first input of n that may tell dims and is no constant; n's number of inputs if there is none. */
static size_t open_input(const ox_model *m, ox_node n)
{
    size_t i = 0, k = ox_node_n_inputs(m, n);
    for (; i < k; i++) {
        ox_value v = ox_node_input(m, n, i);
        if (v.id && is_small_int(m, v) && !is_constant(m, v)) break;
    }
    return i;
}

/* Goes up from v through what only computes on small integers, to what cannot be known before the model runs. */
static ox_value source_of(const ox_model *m, ox_value v)
{
    for (int i = 0; i < MAX_WALK; i++) {
        ox_node by = ox_value_node(m, v);
        if (!by.id) return v;
        size_t k = open_input(m, by);
        if (k == ox_node_n_inputs(m, by)) return v;
        v = ox_node_input(m, by, k);
    }
    return v;
}

/* Of the newest version where the model imports none. */
static const ox_op_schema *schema_of(const ox_model *m, ox_node n)
{
    const ox_op_schema *s = ox_op_schema_of(m, n);
    return s ? s
             : ox_op_schema_find(ox_str_text(m, ox_node_domain(m, n), NULL), ox_str_text(m, ox_node_op(m, n), NULL),
                                 INT64_MAX);
}

static void add_source(const ox_model *m, ox_node at, ox__buf *b)
{
    size_t i = open_input(m, at);
    if (i == ox_node_n_inputs(m, at)) return;
    ox_value v = source_of(m, ox_node_input(m, at, i));
    ox_node by = ox_value_node(m, v);
    const ox_op_schema *schema = schema_of(m, at);
    ox_op_param p;
    ox__buf_addf(b, ", whose input %zu", i + 1);
    if (schema && ox_op_schema_input_for(schema, i, &p)) ox__buf_addf(b, " (%s)", p.name);
    ox__buf_addz(b, " comes from ");
    if (by.id) {
        add_place(m, by, b);
        return;
    }
    char label[200];
    ox_value_label(m, v, label, sizeof label);
    ox__buf_addf(b, "the input %s", label);
}

size_t ox_dim_reason(const ox_model *m, ox_dim d, char *buf, size_t size)
{
    ox__buf b = {0};
    size_t n = 0;
    ox_node at = ox_dim_origin(m, d);
    const char *why = "";
    if (ox_dim_get_kind(m, d) == OX_DIM_UNKNOWN) why = ox_str_text(m, ox_dim_name(m, d), &n);
    if (ox_dim_get_kind(m, d) == OX_DIM_UNKNOWN && !n && !at.id) why = "nothing says what it is", n = strlen(why);
    add_name(&b, "", why, n, "");
    if (at.id) {
        ox__buf_addz(&b, n ? ": " : "");
        add_place(m, at, &b);
        add_source(m, at, &b);
    }
    return give(&b, buf, OX__MIN(size, (size_t)MAX_REASON));
}
