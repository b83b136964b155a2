/* Floor 3. A method of the root object of an archive, as the main graph of a model. */
#include "io/torchscript/lower.h"

static ox__ts_class *root_class(ox__ts *t)
{
    const ox__obj *root = t->host.root;
    if (!root || root->kind != OX__OBJ_OBJECT) {
        t->s = ox__fail(t->err, OX_E_FORMAT, "the archive holds no module");
        return NULL;
    }
    ox__ts_class *c = ox__ts_class_of(t, root->object->class_name);
    if (!c && t->s == OX_OK)
        t->s = ox__fail(t->err, OX_E_FORMAT, "the archive has no code for its class %s", root->object->class_name);
    return c;
}

/* Method number k of a class: forward is the first, whatever stands before it. NULL: there are fewer. */
static const char *method_name(const ox__ts_class *c, uint32_t k)
{
    const ox__src *suite = c->def->kid[2];
    bool forward = false;
    for (uint32_t i = 0; i < suite->n; i++)
        forward |= suite->kid[i]->kind == OX__SRC_DEF && ox__src_is(suite->kid[i]->kid[0], "forward");
    if (forward && k-- == 0) return "forward";
    for (uint32_t i = 0; i < suite->n; i++) {
        const ox__src *e = suite->kid[i];
        if (e->kind == OX__SRC_DEF && !ox__src_is(e->kid[0], "forward") && k-- == 0) return e->kid[0]->s;
    }
    return NULL;
}

/* The class that a path of attributes leads to, and the method behind them; forward where the path ends at a module. */
static bool find_method(ox__ts *t, const char *path, ox__ts_class **c, const char **name)
{
    const ox__obj *at = t->host.root;
    char word[256];
    *name = path;
    for (const char *dot; (*c = ox__ts_class_of(t, at->object->class_name)); *name = dot + 1) {
        dot = strchr(*name, '.');
        size_t n = dot ? (size_t)(dot - *name) : strlen(*name);
        if (n >= sizeof word) break;
        memcpy(word, *name, n);
        word[n] = '\0';
        const ox__obj *inner = ox__obj_get(at, word);
        if (!inner || inner->kind != OX__OBJ_OBJECT) return true; /* a method, if anything */
        at = inner;
        if (dot) continue;
        *name = "forward";
        *c = ox__ts_class_of(t, at->object->class_name);
        break;
    }
    return *c != NULL;
}

static bool open_method(ox__ts *t, const char *path)
{
    ox__ts_class *c;
    const char *name;
    if (!ox__ts_start(t) || !root_class(t) || !find_method(t, path, &c, &name)) return false;
    ox__ts_fn *f = ox__ts_method(t, c, name);
    if (!f && t->s == OX_OK) {
        t->s = ox__fail(t->err, OX_E_NOT_FOUND, "the class %s has no method '%s'", c->name, name);
        t->damaged = true;
        ox_error_hint(t->err, "`tree` shows the modules, `open --list FILE` the methods of the outermost one");
    }
    return f && ox__ts_lower(t, f) && ox__ts_build(t, f->graph, f);
}

static bool open_graph(ox__ts *t, uint32_t graph)
{
    ox__ts_class *c = ox__ts_start(t) ? root_class(t) : NULL;
    if (!c) return false;
    const char *name = method_name(c, graph / 2);
    ox__ts_fn *f = name ? ox__ts_method(t, c, name) : NULL;
    if (!f && t->s == OX_OK) {
        t->s = ox__fail(t->err, OX_E_NOT_FOUND, graph ? "the class %s has fewer methods" : "the class %s has no method",
                        c->name);
        t->damaged = graph != 0;
        ox_error_hint(t->err, "`open --list FILE` lists them");
    }
    if (!f) return false;
    ox__ts_block *top;
    if (graph % 2)
        top = ox__ts_lower(t, f) ? f->graph : NULL;
    else
        top = ox__ts_resolved(t, f);
    return top && ox__ts_build(t, top, f) && ox__ts_input_types(t, name);
}

static ox__ts start(ox_model *m, const ox__ts_host *host, const ox_task *task, ox_error *err)
{
    ox__ts t = {.m = m, .err = err, .task = task, .host = *host};
    t.max_nodes = OX__TS_NODES + host->metadata / 8;
    return t;
}

ox_status ox__ts_open(ox_model *m, const ox__ts_host *host, uint32_t graph, const char *method, bool *unread,
                      const ox_task *task, ox_error *err)
{
    ox_error here = {0}; /* places are filled in even if nobody wants to know */
    ox__ts t = start(m, host, task, err ? err : &here);
    bool fine = method ? open_method(&t, method) : open_graph(&t, graph);
    if (!fine && t.s == OX_OK) ox__ts_nomem(&t);
    bool code = t.s == OX_E_FORMAT || t.s == OX_E_UNSUPPORTED || t.s == OX_E_NOT_FOUND;
    if (unread) *unread = code && !t.damaged;
    ox__ts_stop(&t);
    return t.s;
}

ox_status ox__ts_list(const ox__ts_host *host, void (*row)(void *ud, const char *method), void *ud, ox_error *err)
{
    ox_error here = {0};
    ox_model *m; /* types are made in one */
    ox_status s = ox_model_create(&m, OX_MODEL_TRACE, err);
    if (s != OX_OK) return s;
    ox__ts t = start(m, host, NULL, err ? err : &here);
    const ox__ts_class *c = ox__ts_start(&t) ? root_class(&t) : NULL;
    const char *name;
    for (uint32_t k = 0; c && (name = method_name(c, k)); k++) row(ud, name);
    s = t.s;
    ox__ts_stop(&t);
    ox_model_free(m);
    return s;
}
