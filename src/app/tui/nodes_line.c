/* Floor 7. A node on one line: operator, shape, dtype, name, scope, as columns that fit. */
#include "app/tui/nodes_line.h"

#include "app/tui/columns.h"

#include <onnxsh/print.h>
#include <onnxsh/text.h>

#include <stdio.h>
#include <string.h>

enum { MAX_DEPTH = 8 };

enum { C_MARK, C_OP, C_SHAPE, C_DTYPE, C_NAME, C_SCOPE, N_COLUMNS };
static const ox_column columns[N_COLUMNS] = {
    [C_MARK] = {"", 1, 1, 0, false},         [C_OP] = {"OP", 12, 24, 0, false},
    [C_SHAPE] = {"SHAPE", 10, 20, 1, false}, [C_DTYPE] = {"DTYPE", 7, 8, 4, false},
    [C_NAME] = {"NAME", 10, 30, 2, false},   [C_SCOPE] = {"SCOPE", 12, 60, 3, false},
};

/* Where there are no scopes and no functions, names have their room. */
static void fit(ox_columns *c, const ox_model *m, int width)
{
    bool bare = m && ox_model_scope_limit(m) <= 1 && !ox_model_n_functions(m);
    ox_columns_fit(c, columns, bare ? C_SCOPE : N_COLUMNS, width);
    if (bare) c->at[C_SCOPE].col = c->at[C_SCOPE].width = 0;
}

void ox_node_line_head(const ox_model *m, ox_grid *g, ox_rect line)
{
    ox_columns c;
    fit(&c, m, line.cols);
    ox_columns_head(&c, columns, g, line);
}

static void put_shape(const ox_model *m, ox_value v, ox_grid *g, ox_rect line, const ox_columns *c)
{
    char text[512] = "";
    ox_type_info t = ox_type_get(m, ox_value_type(m, v));
    bool tensor = t.kind == OX_TYPE_TENSOR || t.kind == OX_TYPE_SPARSE;
    size_t n = 0;
    for (int32_t i = 0; tensor && i < t.rank && n + 64 < sizeof text; i++) {
        if (i) text[n++] = ',';
        n += ox_dim_text(m, t.dims[i], text + n, 60);
        if (n > sizeof text - 64) n = strlen(text);
    }
    if (tensor && t.rank == 0) n = (size_t)snprintf(text, sizeof text, "scalar");
    if (tensor && t.rank == OX_RANK_UNKNOWN) n = (size_t)snprintf(text, sizeof text, "?");
    if (t.kind == OX_TYPE_NONE_KNOWN)
        n = (size_t)snprintf(text, sizeof text, "?");
    else if (!tensor)
        n = ox_type_text(m, ox_value_type(m, v), text, sizeof text);
    if (n >= sizeof text) n = strlen(text);
    ox_grid_fit(g, line.row, line.col + c->at[C_SHAPE].col, c->at[C_SHAPE].width, OX_ROLE_TYPE, text, n);
    const char *dtype = tensor && t.dtype ? ox_dtype_name(t.dtype, OX_DTYPE_NUMPY) : "";
    ox_grid_fit(g, line.row, line.col + c->at[C_DTYPE].col, c->at[C_DTYPE].width, OX_ROLE_TYPE, dtype, strlen(dtype));
}

static int depth(const ox_model *m, ox_node n)
{
    int d = 0;
    for (ox_graph g = ox_node_graph(m, n); d < MAX_DEPTH; d++) {
        ox_node owner = ox_graph_owner(m, g);
        if (!owner.id) break;
        g = ox_node_graph(m, owner);
    }
    return d;
}

/* Where the whole does not fit, the domain is the first to go: in a trace nearly all are aten's. */
static void put_op(const ox_model *m, ox_node n, ox_grid *g, int row, int col, int width)
{
    char text[512];
    size_t len = ox_node_op_text(m, n, text, sizeof text);
    if (len >= sizeof text) len = strlen(text);
    const char *s = text, *colons = strstr(text, "::");
    if (colons && width > 0 && ox_text_width(text, len) > (size_t)width) s = colons + 2;
    ox_grid_fit(g, row, col, width, OX_ROLE_OP, s, len - (size_t)(s - text));
}

/* Where it stands: attributes from the root on, as `find scope:` takes them; of a function its name. */
static void put_scope(const ox_model *m, ox_node n, ox_grid *g, ox_rect line, int width)
{
    char text[1024];
    ox_scope s = ox_node_scope(m, n);
    size_t k = s.id ? ox_scope_path(m, s, text, sizeof text) : 0;
    if (s.id && k == 0) k = ox_scope_print(m, s, text, sizeof text);
    if (k >= sizeof text) k = sizeof text - 1;
    ox_graph in = ox_node_graph(m, n);
    if (k == 0 && ox_graph_get_kind(m, in) == OX_GRAPH_FUNCTION) {
        const char *name = ox_str_text(m, ox_graph_name(m, in), &k);
        ox_grid_name(g, line.row, line.col, width, OX_ROLE_SCOPE, name, k);
    } else {
        ox_grid_name(g, line.row, line.col, width, OX_ROLE_SCOPE, text, k);
    }
}

void ox_node_line_draw(const ox_model *m, ox_node n, ox_role role, const char *sign, ox_grid *g, ox_rect line)
{
    ox_columns c;
    char text[512];
    size_t len;
    ox_value out = ox_node_output(m, n, 0);
    fit(&c, m, line.cols);
    ox_grid_putz(g, line.row, line.col + c.at[C_MARK].col, c.at[C_MARK].width, role, sign);
    int d = depth(m, n);
    put_op(m, n, g, line.row, line.col + c.at[C_OP].col + d, c.at[C_OP].width - d);
    if (out.id) put_shape(m, out, g, line, &c);
    const char *name = ox_str_text(m, ox_node_name(m, n), &len);
    if (len) {
        ox_grid_name(g, line.row, line.col + c.at[C_NAME].col, c.at[C_NAME].width, OX_ROLE_PLAIN, name, len);
    } else if (out.id) {
        len = ox_value_label(m, out, text, sizeof text);
        if (len >= sizeof text) len = strlen(text);
        ox_grid_fit(g, line.row, line.col + c.at[C_NAME].col, c.at[C_NAME].width, OX_ROLE_VALUE, text, len);
    }
    ox_rect scope = {line.row, line.col + c.at[C_SCOPE].col, 1, c.at[C_SCOPE].width};
    if (scope.cols) put_scope(m, n, g, scope, scope.cols);
}
