/* Floor 7. Models to be held against the one that is open, and what was found as a table. */
#include "app/cmd/against.h"

#include "app/interrupt.h"

#include <stdlib.h>
#include <string.h>

/* The types of one of them; where they cannot be inferred, those of the file have to do. */
static ox_status find_types(ox_session *s, ox_model *m, ox_error *err)
{
    ox_typing *t = NULL;
    if (s->as_given || !ox_typing_is_for(m)) return OX_OK;
    ox_convert_options opt = {.task = ox_progress_task(s->g.quiet)};
    ox_status st = ox_session_script(s, err); /* the built-in functions are Lua's */
    if (st == OX_OK) st = ox_typing_create(&t, m, s->symbolics, err);
    if (st == OX_OK) st = ox_typing_update(t, NULL, &opt, NULL, NULL, err);
    ox_progress_done();
    ox_typing_free(t);
    return st;
}

static ox_status open_one(ox_session *s, const char *path, const ox_words *inputs, ox_model **out, ox_error *err)
{
    ox_open_options opt = {.follow_links = s->g.follow_links, .task = ox_progress_task(s->g.quiet)};
    ox_status st = ox_open(out, path, &opt, NULL, NULL, err);
    ox_progress_done();
    if (st == OX_OK) st = ox_input_apply(*out, inputs, err);
    return st == OX_OK ? find_types(s, *out, err) : st;
}

/* The inputs that follow --against number i, up to the next one. */
static ox_status inputs_of(const ox_args *a, size_t i, ox_words *inputs, ox_error *err)
{
    size_t seen = 0;
    ox_status st = OX_OK;
    for (size_t k = 0; k < a->n_set && st == OX_OK; k++) {
        if (strcmp(a->set[k].opt->name, "--against") == 0)
            seen++;
        else if (strcmp(a->set[k].opt->name, "--against-input") == 0 && seen == i)
            st = ox_words_add(inputs, a->set[k].value, err);
    }
    return st;
}

ox_status ox_against_open(ox_session *s, const ox_args *a, ox_against *out, ox_error *err)
{
    const char *paths[OX_ARGS_MAX];
    ox_words inputs = {0};
    size_t n = ox_args_all(a, "--against", paths, OX_ARGS_MAX);
    *out = (ox_against){0};
    if (n > OX_BAKED_MAX_OTHERS)
        return ox_error_set(err, OX_E_INVALID, "--against is given %zu times; %d is the most", n, OX_BAKED_MAX_OTHERS);
    ox_status st = inputs_of(a, 0, &inputs, err);
    if (st == OX_OK && inputs.n)
        st = ox_error_set(err, OX_E_INVALID, "--against-input is about the file of --against before it");
    for (size_t i = 0; i < n && st == OX_OK; i++) {
        ox_words_free(&inputs);
        st = inputs_of(a, i + 1, &inputs, err);
        if (st == OX_OK) st = open_one(s, paths[i], &inputs, &out->m[i], err);
        if (out->m[i]) out->n = i + 1;
    }
    ox_words_free(&inputs);
    return st == OX_OK ? ox_session_types(s, err) : st;
}

void ox_against_free(ox_against *x)
{
    for (size_t i = 0; i < x->n; i++) ox_model_free(x->m[i]);
}

/* ---- rows ---- */

/* "size[1]", "shape[0]", "end", "kernel_shape[0]", "output 0". */
static void argument_text(const ox_model *m, const ox_baked_row *r, char *buf, size_t size)
{
    if (r->is_result) {
        snprintf(buf, size, "output %u", r->input);
        return;
    }
    const char *name = r->attr.id ? ox_str_text(m, r->attr, NULL) : ox_node_input_name(m, r->node, r->input);
    int n = *name ? snprintf(buf, size, "%s", name) : snprintf(buf, size, "%u", r->input);
    if (r->item >= 0 && n > 0 && (size_t)n < size) snprintf(buf + n, size - (size_t)n, "[%d]", (int)r->item);
}

void ox_baked_cells(ox_table *t, ox_session *s, const ox_baked_row *r)
{
    char text[512];
    static const ox_ink inks[OX_N_BAKED_STATES] = {[OX_BAKED_PROVED] = OX_INK_TYPE, [OX_BAKED_LIKELY] = OX_INK_TYPE};
    text[0] = '\0';
    if (r->node.id) snprintf(text, sizeof text, "#%u", r->node.id);
    ox_table_cellz(t, text, OX_INK_PLAIN);
    if (r->node.id) ox_node_op_text(s->model, r->node, text, sizeof text);
    ox_table_cellz(t, r->node.id ? text : "(initializer)", OX_INK_OP);
    argument_text(s->model, r, text, sizeof text);
    ox_table_cellz(t, text, OX_INK_ATTR);
    ox_table_cellz(t, r->values, OX_INK_VALUE);
    ox_table_cellz(t, r->form, OX_INK_TYPE);
    ox_table_cellz(t, r->rebuilt ? "rebuilt" : ox_baked_state_name(r->state), inks[r->state]);
    ox_table_cellz(t, r->why, OX_INK_PLAIN);
    ox_node_scope_text(s->model, r->node, text, sizeof text);
    ox_table_cellz(t, text, OX_INK_SCOPE);
    ox_table_loc(t, &s->out, s->model, r->node);
}

void ox_baked_json(ox_json *j, const ox_session *s, const ox_baked_row *r)
{
    char text[512];
    ox_json_open(j, NULL, '{');
    if (r->node.id)
        ox_node_json(j, "node", s->model, r->node);
    else
        ox_json_null(j, "node");
    ox_json_bool(j, "result", r->is_result);
    if (r->attr.id)
        ox_json_null(j, "input");
    else
        ox_json_int(j, "input", r->input);
    argument_text(s->model, r, text, sizeof text);
    ox_json_strz(j, "argument", text);
    if (r->item < 0)
        ox_json_null(j, "item");
    else
        ox_json_int(j, "item", r->item);
    ox_json_strz(j, "values", r->values);
    ox_json_strz(j, "form", *r->form ? r->form : NULL);
    ox_json_strz(j, "state", ox_baked_state_name(r->state));
    ox_json_strz(j, "why", r->why);
    ox_json_bool(j, "rebuilt", r->rebuilt);
    ox_json_close(j, '}');
}
