/* Floor 7. edit: the editor at the line of source that made a node, or at the symbolic function of its operator. */
#include "app/cmd.h"
#include "app/cmd/symbolic_new.h"

#include <string.h>
#include <sys/stat.h>

static ox_status edit_source(ox_session *s, ox_node n, ox_error *err)
{
    struct stat st;
    ox_loc_info at = ox_loc_get(s->model, ox_node_loc(s->model, n));
    const char *path = ox_str_text(s->model, at.file, NULL);
    if (!at.file.id || !*path) {
        ox_error_set(err, OX_E_NOT_FOUND, "the file does not say which line of source made this node");
        ox_error_hint(err, "--symbolic opens the symbolic function of its operator");
        return OX_E_NOT_FOUND;
    }
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode)) {
        ox_error_set(err, OX_E_NOT_FOUND, "its source is not here");
        ox_error_hint(err, "names of sources are as the trace has them; open it where they are found");
        snprintf(err->file, sizeof err->file, "%s", path);
        return OX_E_NOT_FOUND;
    }
    char plain[4096]; /* a name that begins with a dash is no option of the editor */
    snprintf(plain, sizeof plain, "%s%s", *path == '-' ? "./" : "", path);
    return ox_editor_run(s, plain, at.line, err);
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    ox_node n;
    ox_status st = ox_select_node(s->model, a->pos[0], &n, err);
    if (st != OX_OK) return st;
    if (!ox_args_get(a, "--symbolic")) return edit_source(s, n, err);
    char op[512];
    ox_node_op_text(s->model, n, op, sizeof op);
    return ox_symbolic_edit(s, op, n, NULL, err);
}

static const ox_opt opts[] = {
    {"--symbolic", NULL, "the symbolic function of the node's operator, as `symbolics --edit` does", OX_HINT_NONE,
     NULL},
    {NULL, NULL, NULL, OX_HINT_NONE, NULL},
};

const ox_cmd ox_cmd_edit = {
    .name = "edit",
    .usage = "[--symbolic] NODE",
    .summary = "open $VISUAL or $EDITOR at the line of source that made a node",
    .help =
        "NODE is a node's name, %value that it makes, or #id. The source is looked for under the name that the trace "
        "has.",
    .example = "edit #2",
    .flags = OX_CMD_MODEL,
    .opts = opts,
    .hint = OX_HINT_NODE,
    .min_args = 1,
    .max_args = 1,
    .exec = exec,
};
