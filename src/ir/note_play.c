/* Floor 1. Notes played on a model: each edit is called again as it was called first. A step that does not fit is taken
 * back whole. */
#include "ir/note_read.h"

enum { MAX_ARGS = 8 };

/* The arguments of one edit. What was made has its old id. */
typedef struct args {
    uint64_t w[MAX_ARGS];
    uint32_t made;
    size_t n_list;
    ox_value *list;
    uint32_t n_new; /* of node_create: how many ids of the list name outputs */
    uint32_t *new_ids;
    ox_attr attr;
    ox_function_info function;
    ox__arena tmp;
} args;

static void read_word(ox__player *p, args *a, char type, uint64_t *w)
{
    static const char defs[] = "s.TL@t";
    const char *d = strchr(defs, type);
    if (d)
        *w = ox__player_ref(p, (enum ox__note_def)(d - defs));
    else if (type == 'N')
        *w = ox__player_id(p, OX__NODE);
    else if (type == 'V')
        *w = ox__player_id(p, OX__VALUE);
    else if (type == 'G')
        *w = ox__player_id(p, OX__GRAPH);
    else if (type == 'S')
        *w = ox__player_id(p, OX__SCOPE);
    else if (type == 'i')
        *w = (uint64_t)ox__player_signed(p);
    else if (type == 'a')
        ox__player_attr(p, &a->attr, &a->tmp);
    else if (type == 'F')
        ox__player_function(p, &a->function, &a->tmp);
    else
        *w = ox__read_varint(&p->r);
}

static void read_list(ox__player *p, args *a, uint64_t n_new)
{
    uint32_t n = ox__player_count(p);
    if (n_new > n) ox__player_fail(p, "a node has more outputs than it says");
    if (p->r.failed) return;
    a->n_new = (uint32_t)n_new;
    a->n_list = n - a->n_new;
    a->new_ids = ox__arena_alloc(&a->tmp, a->n_new * sizeof *a->new_ids);
    a->list = ox__arena_alloc(&a->tmp, a->n_list * sizeof *a->list);
    if (!a->new_ids || !a->list) {
        p->s = ox__nomem(p->err);
        return;
    }
    for (uint32_t i = 0; i < a->n_new; i++) a->new_ids[i] = (uint32_t)ox__read_varint(&p->r);
    for (size_t i = 0; i < a->n_list; i++) a->list[i] = ox__value_handle(p->m, ox__player_id(p, OX__VALUE));
}

static void read_args(ox__player *p, enum ox__did did, args *a)
{
    const char *type = ox__did_args[did];
    size_t n = 0;
    for (; *type && *type != '*'; type++) {
        if (*type == '=') {
            uint64_t made = ox__read_varint(&p->r);
            if (!made || made > UINT32_MAX) ox__player_fail(p, "an edit made nothing");
            a->made = (uint32_t)made;
            type++;
        } else {
            read_word(p, a, *type, &a->w[n++]);
        }
    }
    if (*type) read_list(p, a, did == OX__DID_node_create ? a->w[4] : 0);
    if (p->r.failed) ox__player_fail(p, "the edit is cut off");
}

/* ---- doing ---- */
static ox_status edit(ox_model *m, enum ox__did did, const args *a, uint32_t *made, ox_error *err)
{
    const uint64_t *w = a->w;
    const char *type = ox__did_args[did];
    if (*type == '=') type += 2;
    ox_graph G = ox__graph_handle(m, *type == 'G' ? (uint32_t)w[0] : 0);
    ox_node N = ox__node_handle(m, *type == 'N' ? (uint32_t)w[0] : 0), made_node = {0};
    ox_value V = ox__value_handle(m, *type == 'V' ? (uint32_t)w[0] : 0), made_value = {0};
    ox_graph made_graph = {0};
    ox_scope made_scope = {0};
    ox_status s = OX_OK;
#define ID(type, i) ((type){(uint32_t)w[i]})
#define STR(i) ID(ox_str, i)
    switch (did) {
    case OX__DID_model_set_ir_version: return ox_model_set_ir_version(m, (int64_t)w[0], err);
    case OX__DID_model_set_version: return ox_model_set_version(m, (int64_t)w[0], err);
    case OX__DID_model_set_text: return ox_model_set_text(m, (ox_model_field)OX__MIN(w[0], 255u), STR(1), err);
    case OX__DID_model_set_opset: return ox_model_set_opset(m, STR(0), (int64_t)w[1], err);
    case OX__DID_model_set_metadata: return ox_model_set_metadata(m, STR(0), STR(1), err);
    case OX__DID_graph_set_name: return ox_graph_set_name(m, G, STR(1), err);
    case OX__DID_graph_set_doc: return ox_graph_set_doc(m, G, STR(1), err);
    case OX__DID_graph_set_metadata: return ox_graph_set_metadata(m, G, STR(1), STR(2), err);
    case OX__DID_graph_create:
        s = ox_graph_create(m, &made_graph, (ox_graph_kind)OX__MIN(w[0], 255u), STR(1), err);
        *made = made_graph.id;
        return s;
    case OX__DID_graph_delete: return ox_graph_delete(m, G, err);
    case OX__DID_graph_add_input:
        s = ox_graph_add_input(m, &made_value, G, (size_t)w[1], STR(2), ID(ox_type, 3), err);
        *made = made_value.id;
        return s;
    case OX__DID_graph_remove_input: return ox_graph_remove_input(m, G, (size_t)w[1], err);
    case OX__DID_graph_list_input: return ox_graph_list_input(m, G, ox__value_handle(m, (uint32_t)w[1]), err);
    case OX__DID_graph_add_output:
        return ox_graph_add_output(m, G, (size_t)w[1], ox__value_handle(m, (uint32_t)w[2]), err);
    case OX__DID_graph_set_output:
        return ox_graph_set_output(m, G, (size_t)w[1], ox__value_handle(m, (uint32_t)w[2]), err);
    case OX__DID_graph_remove_output: return ox_graph_remove_output(m, G, (size_t)w[1], err);
    case OX__DID_graph_add_initializer:
        s = ox_graph_add_initializer(m, &made_value, G, STR(1), ID(ox_tensor, 2), err);
        *made = made_value.id;
        return s;
    case OX__DID_graph_bind_input:
        return ox_graph_bind_input(m, G, ox__value_handle(m, (uint32_t)w[1]), ID(ox_tensor, 2), w[3] != 0, err);
    case OX__DID_graph_remove_initializer:
        return ox_graph_remove_initializer(m, G, ox__value_handle(m, (uint32_t)w[1]), err);
    case OX__DID_function_set: return ox_function_set(m, G, &a->function, err);
    case OX__DID_node_create:
        s = ox_node_create(m, &made_node, G, ox__node_handle(m, (uint32_t)w[1]), STR(2), STR(3), a->n_list, a->list,
                           a->n_new, err);
        *made = made_node.id;
        return s;
    case OX__DID_node_delete: return ox_node_delete(m, N, err);
    case OX__DID_node_move: return ox_node_move(m, N, ox__node_handle(m, (uint32_t)w[1]), err);
    case OX__DID_node_set_op: return ox_node_set_op(m, N, STR(1), STR(2), STR(3), err);
    case OX__DID_node_set_name: return ox_node_set_name(m, N, STR(1), err);
    case OX__DID_node_set_doc: return ox_node_set_doc(m, N, STR(1), err);
    case OX__DID_node_set_scope: return ox_node_set_scope(m, N, ox__scope_handle(m, (uint32_t)w[1]), err);
    case OX__DID_node_set_loc: return ox_node_set_loc(m, N, ID(ox_loc, 1), err);
    case OX__DID_node_set_metadata: return ox_node_set_metadata(m, N, STR(1), STR(2), err);
    case OX__DID_node_set_input: return ox_node_set_input(m, N, (size_t)w[1], ox__value_handle(m, (uint32_t)w[2]), err);
    case OX__DID_node_set_inputs: return ox_node_set_inputs(m, N, a->n_list, a->list, err);
    case OX__DID_node_add_output:
        s = ox_node_add_output(m, &made_value, N, STR(1), ID(ox_type, 2), err);
        *made = made_value.id;
        return s;
    case OX__DID_node_drop_output: return ox_node_drop_output(m, N, err);
    case OX__DID_node_set_attr: return ox_node_set_attr(m, N, &a->attr, err);
    case OX__DID_node_remove_attr: return ox_node_remove_attr(m, N, ox_str_text(m, STR(1), NULL), err);
    case OX__DID_node_set_origin: return ox_node_set_origin(m, N, (uint32_t)w[1], err);
    case OX__DID_value_set_declared: return ox_value_set_declared(m, V, w[1] != 0, err);
    case OX__DID_value_set_name: return ox_value_set_name(m, V, STR(1), err);
    case OX__DID_value_set_type: return ox_value_set_type(m, V, ID(ox_type, 1), err);
    case OX__DID_value_set_inferred: return ox_value_set_inferred(m, V, ID(ox_type, 1), w[2] != 0, err);
    case OX__DID_value_set_layout: return ox_value_set_layout(m, V, ID(ox_layout, 1), err);
    case OX__DID_value_set_tensor: return ox_value_set_tensor(m, V, ID(ox_tensor, 1), err);
    case OX__DID_value_set_doc: return ox_value_set_doc(m, V, STR(1), err);
    case OX__DID_value_set_origin: return ox_value_set_origin(m, V, (uint32_t)w[1], err);
    case OX__DID_value_set_metadata: return ox_value_set_metadata(m, V, STR(1), STR(2), err);
    case OX__DID_value_replace_uses: return ox_value_replace_uses(m, V, ox__value_handle(m, (uint32_t)w[1]), err);
    case OX__DID_scope_add:
        s = ox_scope_add(m, &made_scope, ox__scope_handle(m, (uint32_t)w[0]), STR(1), STR(2), err);
        *made = made_scope.id;
        return s;
    case OX__DID_STEP:
    case OX__DID_UNDO:
    case OX__DID_REDO:
    case OX__N_DID: break;
    }
#undef STR
#undef ID
    return ox__fail(err, OX_E_FORMAT, "there is no such edit");
}

static enum ox__tab made_in(enum ox__did did)
{
    const char *made = strchr(ox__did_args[did], '=');
    if (!made) return OX__TOP;
    return made[1] == 'N' ? OX__NODE : made[1] == 'V' ? OX__VALUE : made[1] == 'G' ? OX__GRAPH : OX__SCOPE;
}

/* What an edit made has the number that it had, or, in a model that was numbered anew, is known by it from now on. */
static void note_made(ox__player *p, enum ox__tab tab, uint32_t old, uint32_t made)
{
    if (p->s != OX_OK) return;
    if (!p->renumbered && old != made)
        ox__player_fail(p, "the model is not the one that was edited");
    else if (p->renumbered && !ox__ids_add(&p->ids[tab], old, made))
        p->s = ox__nomem(p->err);
}

static void play_edit(ox__player *p, enum ox__did did)
{
    args a = {0};
    uint32_t made = 0;
    read_args(p, did, &a);
    if (p->s == OX_OK) p->s = edit(p->m, did, &a, &made, p->err);
    if (p->s == OX_OK && made_in(did) != OX__TOP) note_made(p, made_in(did), a.made, made);
    for (uint32_t i = 0; i < a.n_new && p->s == OX_OK; i++)
        note_made(p, OX__VALUE, a.new_ids[i], ox_node_output(p->m, ox__node_handle(p->m, made), i).id);
    ox__arena_free(&a.tmp);
}

/* ---- steps ---- */
static void play_close(ox__player *p, enum ox__did did)
{
    ox_str label = {did == OX__DID_STEP ? ox__player_ref(p, OX__DEF_STR) : 0};
    uint64_t nodes = ox__read_varint(&p->r), graphs = ox__read_varint(&p->r);
    if (p->r.failed) ox__player_fail(p, "the edit is cut off");
    if (p->s != OX_OK) return;
    if (did == OX__DID_STEP && !ox_journal_is_open(p->m)) ox__player_fail(p, "a step changes nothing");
    if (did == OX__DID_STEP && p->s == OX_OK && (nodes != p->m->live[OX__NODE] || graphs != p->m->live[OX__GRAPH]))
        ox__player_fail(p, "the model is not the one that was edited");
    if (p->s != OX_OK) return;
    if (did == OX__DID_STEP)
        p->s = ox_journal_commit(p->m, ox_str_text(p->m, label, NULL), p->err);
    else if (did == OX__DID_UNDO)
        p->s = ox_journal_undo(p->m, NULL, p->err);
    else
        p->s = ox_journal_redo(p->m, NULL, p->err);
}

static void read_order(ox__player *p, enum ox__tab tab, const uint32_t *own, size_t n_own)
{
    uint32_t n = ox__player_count(p);
    int64_t old = 0;
    if (n != n_own) ox__player_fail(p, "the model is not the one that was saved");
    for (uint32_t i = 0; i < n && p->s == OX_OK; i++) {
        old += ox__player_signed(p);
        if (old < 0 || old > UINT32_MAX || (!old && tab != OX__SCOPE)) ox__player_fail(p, "a number is out of range");
        if (p->s == OX_OK && old && !ox__ids_add(&p->ids[tab], (uint32_t)old, own[i])) p->s = ox__nomem(p->err);
    }
}

static void play_renumber(ox__player *p)
{
    ox__numbering own = {0};
    if (p->renumbered) ox__player_fail(p, "a model is numbered anew twice");
    if (p->s == OX_OK && !ox__number(p->m, &own)) p->s = ox__nomem(p->err);
    if (p->s == OX_OK) read_order(p, OX__GRAPH, own.graphs.p, own.graphs.n);
    if (p->s == OX_OK) read_order(p, OX__NODE, own.nodes.p, own.nodes.n);
    if (p->s == OX_OK) read_order(p, OX__VALUE, own.values.p, own.values.n);
    if (p->s == OX_OK) read_order(p, OX__SCOPE, own.scopes.p, own.scopes.n);
    p->renumbered = true;
    ox__numbering_free(&own);
}

static void begin(ox__player *p)
{
    for (int k = 0; k < OX__N_DEFS && p->s == OX_OK; k++) {
        p->def[k].n = 0;
        if (!ox__vec_push(&p->def[k], 0)) p->s = ox__nomem(p->err);
    }
    p->depth.n = 0;
}

static void play_record(ox__player *p, size_t *done)
{
    uint64_t what = ox__read_varint(&p->r);
    if (p->r.failed || what >= OX__NOTE_DID + (uint64_t)OX__N_DID) {
        ox__player_fail(p, "there is no such edit");
    } else if (what < OX__N_DEFS) {
        ox__player_define(p, (enum ox__note_def)what);
    } else if (what == OX__NOTE_BEGIN) {
        begin(p);
    } else if (what == OX__NOTE_RENUMBER) {
        play_renumber(p);
    } else if (what - OX__NOTE_DID <= OX__DID_REDO) {
        play_close(p, (enum ox__did)(what - OX__NOTE_DID));
        if (p->s == OX_OK) ++*done;
    } else {
        play_edit(p, (enum ox__did)(what - OX__NOTE_DID));
    }
}

ox_status ox_journal_play(ox_model *m, const char *bytes, size_t n, size_t *done, ox_error *err)
{
    size_t count = 0, before;
    if (done) *done = 0;
    ox_status s = ox_journal_commit(m, "changes outside a command", err);
    if (s != OX_OK) return s;
    ox__player p = {.m = m, .r = ox__reader_make(bytes, bytes, n), .err = err};
    begin(&p);
    ox_mark mark = ox_journal_mark(m);
    while (p.s == OX_OK && ox__reader_left(&p.r)) {
        before = count;
        play_record(&p, &count);
        if (count != before) mark = ox_journal_mark(m);
    }
    if (p.s == OX_OK && ox_journal_is_open(m)) ox__player_fail(&p, "a step is not finished");
    ox_journal_rollback(m, mark);
    for (int k = 0; k < OX__N_DEFS; k++) ox__vec_free(&p.def[k]);
    ox__vec_free(&p.depth);
    for (int t = 0; t < OX__N_TABLES; t++) {
        ox__vec_free(&p.ids[t].from);
        ox__vec_free(&p.ids[t].to);
        ox__index_free(&p.ids[t].index);
    }
    if (done) *done = count;
    return p.s;
}
