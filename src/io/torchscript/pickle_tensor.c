/* Floor 3. Storages and tensors of a pickle: numbers about bytes that stand elsewhere. */
#include "io/torchscript/pickle_in.h"

static ox__obj *bad(ox__unpickler *u, const char *what)
{
    ox__pk_fail(u, OX_E_FORMAT, "a tensor of the pickle is not valid: %s", what);
    return NULL;
}

/* ---- element types ---- */
/* Quantised elements are stored as the integers that they are. */
static ox_dtype dtype_of_storage(const char *type, size_t n)
{
    static const struct {
        const char *type;
        ox_dtype dtype;
    } quantised[] = {{"QInt8", OX_INT8}, {"QUInt8", OX_UINT8}, {"QInt32", OX_INT32}};
    for (size_t i = 0; i < OX__COUNT(quantised); i++)
        if (strlen(quantised[i].type) == n && memcmp(quantised[i].type, type, n) == 0) return quantised[i].dtype;
    return ox_dtype_find(type, n, OX_DTYPE_TORCH);
}

static ox_dtype dtype_of_name(const ox__obj *o)
{
    static const struct {
        const char *name;
        ox_dtype dtype;
    } other[] = {{"qint8", OX_INT8}, {"quint8", OX_UINT8}, {"qint32", OX_INT32}, {"float8_e8m0fnu", OX_FLOAT8E8M0}};
    for (size_t i = 0; i < OX__COUNT(other); i++)
        if (strlen(other[i].name) == o->n && memcmp(other[i].name, o->s, o->n) == 0) return other[i].dtype;
    ox_dtype d = ox_dtype_find(o->s, o->n, OX_DTYPE_NUMPY);
    return d != OX_UNDEFINED && ox_dtype_bits(d) < 8 ? OX_UNDEFINED : d; /* torch keeps those in bytes */
}

/* ---- storages ---- */
typedef struct storage_key {
    const ox__obj_tree *tree;
    const char *key, *type;
    uint64_t numel;
} storage_key;

static bool same_storage(const void *ud, uint32_t id)
{
    const storage_key *k = ud;
    const ox__obj_storage *s = k->tree->storages.p[id - 1];
    return s->numel == k->numel && strcmp(s->key, k->key) == 0 && strcmp(s->type, k->type) == 0;
}

static bool is_text(const ox__obj *o, size_t most)
{
    return o->kind == OX__OBJ_STR && o->n <= most && !memchr(o->s, '\0', o->n);
}

static bool valid_id(const ox__obj *id)
{
    return id->kind == OX__OBJ_TUPLE && id->n >= 5 && id->n <= 6 && ox__obj_is(id->items[0], "storage") &&
           id->items[1]->kind == OX__PK_STORAGE_CLASS && is_text(id->items[2], OX__PK_NAME) &&
           is_text(id->items[3], OX__PK_NAME) && id->items[4]->kind == OX__OBJ_INT && id->items[4]->i >= 0;
}

static ox__obj_storage *new_storage(ox__unpickler *u, const ox__obj *id, uint64_t hash)
{
    const ox__obj *type = id->items[1];
    ox__obj_storage *s = ox__pk_alloc(u, sizeof *s);
    if (!s) return NULL;
    *s = (ox__obj_storage){.key = id->items[2]->s,
                           .device = id->items[3]->s,
                           .dtype = dtype_of_storage(type->s, type->n),
                           .type = type->s,
                           .numel = (uint64_t)id->items[4]->i,
                           .id = (uint32_t)u->tree->storages.n};
    if (ox__vec_push(&u->tree->storages, s) && ox__index_add(&u->storages, hash, s->id + 1)) return s;
    u->s = ox__nomem(u->err);
    return NULL;
}

ox__obj *ox__pk_storage(ox__unpickler *u, const ox__obj *id)
{
    if (!valid_id(id)) {
        ox__pk_fail(u, OX_E_FORMAT, "the pickle refers to something outside that is no storage");
        return NULL;
    }
    if (id->n == 6 && id->items[5]->kind != OX__OBJ_NONE) {
        ox__pk_fail(u, OX_E_UNSUPPORTED, "storage '%.200s' is a view of another one", id->items[2]->s);
        return NULL;
    }
    uint64_t hash = ox__hash(id->items[2]->s, id->items[2]->n);
    storage_key k = {u->tree, id->items[2]->s, id->items[1]->s, (uint64_t)id->items[4]->i};
    uint32_t found = ox__index_find(&u->storages, hash, same_storage, &k);
    ox__obj *o = ox__pk_new(u, OX__OBJ_STORAGE);
    if (!o) return NULL;
    o->storage = found ? u->tree->storages.p[found - 1] : new_storage(u, id, hash);
    return o->storage ? o : NULL;
}

/* ---- tensors ---- */
static const int64_t *numbers(ox__unpickler *u, const ox__obj *o)
{
    if ((o->kind != OX__OBJ_TUPLE && o->kind != OX__OBJ_LIST) || o->n > OX__PK_RANK) {
        (void)bad(u, "its size is no list of numbers");
        return NULL;
    }
    int64_t *v = ox__pk_alloc(u, o->n * sizeof *v);
    if (!v) return NULL;
    for (uint32_t i = 0; i < o->n; i++) {
        if (o->items[i]->kind != OX__OBJ_INT || o->items[i]->i < 0) {
            (void)bad(u, "a size or stride is no number, or negative");
            return NULL;
        }
        v[i] = o->items[i]->i;
    }
    return v;
}

/* The number of elements must be one; a dim of 0 makes it 0, whatever the others are. */
static bool fits(const int64_t *sizes, uint32_t rank)
{
    int64_t n = 1;
    bool over = false, empty = false;
    for (uint32_t i = 0; i < rank; i++) {
        empty |= sizes[i] == 0;
        over |= __builtin_mul_overflow(n, sizes[i], &n);
    }
    return empty || !over;
}

static ox__obj *new_tensor(ox__unpickler *u, const ox__obj *sizes, const ox__obj *strides)
{
    ox__obj *o = ox__pk_new(u, OX__OBJ_TENSOR);
    ox__obj_tensor *t = o ? ox__pk_alloc(u, sizeof *t) : NULL;
    if (!t) return NULL;
    memset(t, 0, sizeof *t);
    o->tensor = t;
    t->sizes = numbers(u, sizes);
    t->strides = numbers(u, strides);
    if (u->s != OX_OK) return NULL;
    t->rank = sizes->n;
    if (strides->n != t->rank) return bad(u, "it has not one stride for each size");
    if (!fits(t->sizes, t->rank)) return bad(u, "its sizes are too large");
    return o;
}

/* The first four arguments of all of them: storage, offset, sizes, strides. */
static ox__obj *with_storage(ox__unpickler *u, const ox__obj *args, size_t least, size_t most)
{
    if (args->n < least || args->n > most) return bad(u, "the number of its parts is wrong");
    if (args->items[0]->kind != OX__OBJ_STORAGE) return bad(u, "its first part is no storage");
    if (args->items[1]->kind != OX__OBJ_INT || args->items[1]->i < 0)
        return bad(u, "its offset is no number, or negative");
    ox__obj *o = new_tensor(u, args->items[2], args->items[3]);
    if (!o) return NULL;
    o->tensor->storage = args->items[0]->storage;
    o->tensor->offset = args->items[1]->i;
    o->tensor->dtype = o->tensor->storage->dtype;
    o->tensor->type = o->tensor->storage->type;
    if (args->n > least && args->items[least]->kind == OX__OBJ_BOOL) o->tensor->requires_grad = args->items[least]->i;
    return o;
}

static void take_metadata(ox__obj_tensor *t, const ox__obj *metadata)
{
    const ox__obj *conj = ox__obj_get(metadata, "conj"), *neg = ox__obj_get(metadata, "neg");
    t->conj = conj && conj->kind == OX__OBJ_BOOL && conj->i;
    t->neg = neg && neg->kind == OX__OBJ_BOOL && neg->i;
}

/* (storage, offset, sizes, strides[, requires_grad, hooks[, metadata]]) */
ox__obj *ox__pk_rebuild_tensor(ox__unpickler *u, ox__obj *args)
{
    ox__obj *o = with_storage(u, args, 4, 7);
    if (o && args->n == 7) take_metadata(o->tensor, args->items[6]);
    if (o && strcmp(o->tensor->type, "Untyped") == 0) return bad(u, "its storage has no element type");
    return o;
}

/* (storage, offset, sizes, strides, requires_grad, hooks, dtype[, metadata]): the storage counts bytes. */
ox__obj *ox__pk_rebuild_tensor_v3(ox__unpickler *u, ox__obj *args)
{
    ox__obj *o = with_storage(u, args, 4, 8);
    if (!o) return NULL;
    if (args->n < 7 || args->items[6]->kind != OX__OBJ_DTYPE) return bad(u, "it has no element type");
    if (args->n == 8) take_metadata(o->tensor, args->items[7]);
    o->tensor->dtype = dtype_of_name(args->items[6]);
    o->tensor->type =
        o->tensor->dtype != OX_UNDEFINED ? ox_dtype_name(o->tensor->dtype, OX_DTYPE_TORCH) : args->items[6]->s;
    return o;
}

/* (dtype, sizes, strides, requires_grad): a shape without bytes. */
ox__obj *ox__pk_rebuild_meta(ox__unpickler *u, ox__obj *args)
{
    if (args->n != 4 || args->items[0]->kind != OX__OBJ_DTYPE) return bad(u, "it has no element type");
    ox__obj *o = new_tensor(u, args->items[1], args->items[2]);
    if (!o) return NULL;
    o->tensor->dtype = dtype_of_name(args->items[0]);
    o->tensor->type =
        o->tensor->dtype != OX_UNDEFINED ? ox_dtype_name(o->tensor->dtype, OX_DTYPE_TORCH) : args->items[0]->s;
    return o;
}

static bool take_channels(ox__obj_tensor *t, const ox__obj *q)
{
    if (q->n != 4 || q->items[1]->kind != OX__OBJ_TENSOR || q->items[2]->kind != OX__OBJ_TENSOR ||
        q->items[3]->kind != OX__OBJ_INT || q->items[3]->i < 0 || q->items[3]->i >= t->rank)
        return false;
    t->quant = OX__QUANT_CHANNEL;
    t->scales = q->items[1]->tensor;
    t->zero_points = q->items[2]->tensor;
    t->axis = q->items[3]->i;
    return true;
}

static bool take_scheme(ox__obj_tensor *t, const ox__obj *q)
{
    if (q->kind != OX__OBJ_TUPLE || q->n < 3 || q->items[0]->kind != OX__OBJ_GLOBAL) return false;
    if (strncmp(q->items[0]->s, "per_channel_affine", 18) == 0) return take_channels(t, q);
    if (strcmp(q->items[0]->s, "per_tensor_affine") != 0 || q->n != 3 || q->items[1]->kind != OX__OBJ_FLOAT ||
        q->items[2]->kind != OX__OBJ_INT)
        return false;
    t->quant = OX__QUANT_TENSOR;
    t->scale = q->items[1]->f;
    t->zero_point = q->items[2]->i;
    return true;
}

/* (storage, offset, sizes, strides, (scheme, ...), requires_grad, hooks) */
ox__obj *ox__pk_rebuild_qtensor(ox__unpickler *u, ox__obj *args)
{
    ox__obj *o = with_storage(u, args, 4, 8);
    if (!o) return NULL;
    if (args->n < 5 || !take_scheme(o->tensor, args->items[4])) return bad(u, "its quantisation is not known");
    return o;
}

/* (tensor, requires_grad, hooks[, state]): another node of the same bytes. */
ox__obj *ox__pk_rebuild_parameter(ox__unpickler *u, ox__obj *args)
{
    if (args->n < 3 || args->n > 4 || args->items[0]->kind != OX__OBJ_TENSOR) return bad(u, "a parameter is no tensor");
    ox__obj *o = ox__pk_new(u, OX__OBJ_TENSOR);
    ox__obj_tensor *t = o ? ox__pk_alloc(u, sizeof *t) : NULL;
    if (!t) return NULL;
    *t = *args->items[0]->tensor;
    t->parameter = true;
    t->requires_grad = args->items[1]->kind == OX__OBJ_BOOL && args->items[1]->i;
    o->tensor = t;
    return o;
}
