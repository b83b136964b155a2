/* Floor 3. Looking into the tree of plain data. */
#include "io/torchscript/object.h"

void ox__obj_tree_free(ox__obj_tree *t)
{
    ox__arena_free(&t->arena);
    ox__vec_free(&t->storages);
    memset(t, 0, sizeof *t);
}

bool ox__obj_is(const ox__obj *o, const char *text)
{
    return o && o->kind == OX__OBJ_STR && o->n == strlen(text) && memcmp(o->s, text, o->n) == 0;
}

ox__obj *ox__obj_get(const ox__obj *o, const char *name)
{
    if (o && o->kind == OX__OBJ_OBJECT) o = o->object->state;
    if (!o || o->kind != OX__OBJ_DICT) return NULL;
    for (uint32_t i = 0; i < o->n; i++)
        if (ox__obj_is(o->items[2 * (size_t)i], name)) return o->items[2 * (size_t)i + 1];
    return NULL;
}
