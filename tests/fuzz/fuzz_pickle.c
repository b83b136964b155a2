/* Pickles: what is taken becomes a tree that can be walked by recursion in bounded time, and nothing in it is more than
 * data. */
#include "fuzz.h"

#include "io/torchscript/pickle.h"

enum { MOST = 8 << 20, PER_BYTE = 12, SLACK = 8 << 20 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    return 0;
}

typedef struct walk {
    const ox__obj_tree *tree;
    uint64_t n, most;
} walk;

static void check_tensor(const walk *w, const ox__obj_tensor *t)
{
    FUZZ_CHECK(t->rank <= 64 && t->type, "a tensor of rank %u", (unsigned)t->rank);
    for (uint32_t i = 0; i < t->rank; i++)
        FUZZ_CHECK(t->sizes[i] >= 0 && t->strides[i] >= 0, "dim %u is negative", (unsigned)i);
    FUZZ_CHECK(t->offset >= 0, "a negative offset");
    if (!t->storage) return;
    FUZZ_CHECK(t->storage->id < w->tree->storages.n, "a storage that is not listed");
    FUZZ_CHECK(w->tree->storages.p[t->storage->id] == t->storage, "storage %u is another", (unsigned)t->storage->id);
}

static void visit(walk *w, const ox__obj *o, unsigned depth)
{
    FUZZ_CHECK(depth <= OX__OBJ_DEPTH, "too deep");
    FUZZ_CHECK(++w->n <= w->most, "too many values");
    switch (o->kind) {
    case OX__OBJ_STR:
    case OX__OBJ_BYTES:
    case OX__OBJ_BIGINT:
    case OX__OBJ_DTYPE:
    case OX__OBJ_DEVICE:
    case OX__OBJ_GLOBAL: FUZZ_CHECK(o->s[o->n] == '\0', "a text without an end"); break;
    case OX__OBJ_TUPLE:
    case OX__OBJ_LIST:
    case OX__OBJ_SET:
        for (uint32_t i = 0; i < o->n; i++) visit(w, o->items[i], depth + 1);
        break;
    case OX__OBJ_DICT:
        for (uint32_t i = 0; i < 2 * o->n; i++) visit(w, o->items[i], depth + 1);
        if (o->n && o->items[0]->kind == OX__OBJ_STR && strlen(o->items[0]->s) == o->items[0]->n)
            FUZZ_CHECK(ox__obj_get(o, o->items[0]->s) == o->items[1], "the first key is not found");
        break;
    case OX__OBJ_OBJECT:
        FUZZ_CHECK(o->object->id < w->tree->n_objects && o->object->class_name, "an object that is not counted");
        if (o->object->state) visit(w, o->object->state, depth + 1);
        break;
    case OX__OBJ_TENSOR: check_tensor(w, o->tensor); break;
    default: FUZZ_CHECK(o->kind <= OX__OBJ_GLOBAL, "a value of kind %u", o->kind);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    ox__obj_tree tree;
    ox_error err;
    ox_error_clear(&err);
    ox__reader r = ox__reader_make(data, data, n);
    ox_status s = ox__pickle_read(&tree, &r, MOST, PER_BYTE, "in.pkl", 0, NULL, &err);
    FUZZ_CHECK(tree.arena.total <= MOST + PER_BYTE * n + SLACK, "%zu bytes of memory", tree.arena.total);
    if (s == OX_OK)
        visit(&(walk){.tree = &tree, .most = OX__OBJ_WALK + OX__OBJ_WALK_BYTE * (uint64_t)n}, tree.root, 1);
    else
        fuzz_check_error(&err, s, n);
    ox__obj_tree_free(&tree);
    return 0;
}
