/* Floor 7. What the code of an archive reads from its modules. */
#include "app/module.h"

#include <stdio.h>
#include <string.h>

enum { DEPTH = 64, PATH = 1024 };

static ox_str name_read(const ox_model *m, ox_node n)
{
    const ox_attr *a = ox_node_is(m, n, "prim", "GetAttr") ? ox_node_attr(m, n, "name") : NULL;
    return a && a->kind == OX_ATTR_STRING ? a->u.s : (ox_str){0};
}

size_t ox_module_path(const ox_model *m, ox_node n, char *buf, size_t size)
{
    ox_str parts[DEPTH];
    size_t k = 0, at = 0;
    ox_value from = {0, 0};
    for (ox_str s; k < DEPTH && (s = name_read(m, n)).id; n = ox_value_node(m, from)) {
        parts[k++] = s;
        from = ox_node_input(m, n, 0);
    }
    if (size) *buf = '\0';
    if (!from.id || !ox_value_is_input(m, from) || ox_value_graph(m, from).id != ox_model_main(m).id) return 0;
    while (k-- > 0) {
        size_t room = at < size ? size - at : 0;
        int w = snprintf(room ? buf + at : NULL, room, "%s%s", ox_str_text(m, parts[k], NULL), k ? "." : "");
        at += w > 0 ? (size_t)w : 0;
    }
    return at;
}

ox_value ox_module_weight(const ox_model *m, ox_node n)
{
    char path[PATH];
    size_t len = ox_module_path(m, n, path, sizeof path);
    if (!len || len >= sizeof path) return (ox_value){0, 0};
    ox_value v = ox_graph_find_value(m, ox_model_main(m), ox_str_find(m, path, len));
    return v.id && ox_value_is_initializer(m, v) ? v : (ox_value){0, 0};
}

ox_value ox_module_next_read(const ox_model *m, ox_value weight, uint32_t *id, uint32_t end)
{
    size_t len;
    const char *name = ox_str_text(m, ox_value_name(m, weight), &len), *dot = memrchr(name, '.', len);
    ox_str last = ox_str_find(m, dot ? dot + 1 : name, len - (size_t)(dot ? dot + 1 - name : 0));
    while (last.id && *id < end) {
        ox_node n = ox_model_node_at(m, (*id)++);
        bool reads = n.id && name_read(m, n).id == last.id && ox_module_weight(m, n).id == weight.id;
        if (reads && ox_node_n_outputs(m, n)) return ox_node_output(m, n, 0);
    }
    *id = end;
    return (ox_value){0, 0};
}
