/* Floor 3. A method of the root object of an archive, as the main graph of a model. */
#include "io/torchscript/lower.h"

static bool find_method(ox__ts *t, const char *name, ox__ts_fn **out)
{
    const ox__obj *root = t->host.root;
    if (!root || root->kind != OX__OBJ_OBJECT) {
        t->s = ox__fail(t->err, OX_E_FORMAT, "the archive holds no module");
        return false;
    }
    ox__ts_class *c = ox__ts_class_of(t, root->object->class_name);
    if (t->s != OX_OK) return false;
    if (!c) {
        t->s = ox__fail(t->err, OX_E_FORMAT, "the archive has no code for its class %s", root->object->class_name);
        return false;
    }
    *out = ox__ts_method(t, c, name);
    if (*out || t->s != OX_OK) return *out != NULL;
    t->s = ox__fail(t->err, OX_E_NOT_FOUND, "the class %s has no method %s", c->name, name);
    return false;
}

static bool open_method(ox__ts *t, const ox__ts_options *opt)
{
    ox__ts_fn *f;
    if (!ox__ts_start(t) || !find_method(t, opt->method ? opt->method : "forward", &f)) return false;
    ox__ts_block *top;
    if (opt->calls)
        top = ox__ts_lower(t, f) ? f->graph : NULL;
    else
        top = ox__ts_inlined(t, f);
    return top && ox__ts_build(t, top, f->of->type);
}

ox_status ox__ts_open(ox_model *m, const ox__ts_host *host, const ox__ts_options *opt, const ox_task *task,
                      ox_error *err)
{
    ox_error here = {0}; /* places are filled in even if nobody wants to know */
    ox__ts t = {.m = m, .err = err ? err : &here, .task = task, .host = *host};
    t.max_nodes = OX__TS_NODES + host->metadata / 8;
    if (!open_method(&t, opt) && t.s == OX_OK) ox__ts_nomem(&t);
    ox__ts_stop(&t);
    return t.s;
}
