/* Floor 3. The names that a pickle of PyTorch may use, each with what it stands for. "Calls" are functions of this
 * reader that make nodes; the names are never looked up anywhere else. */
#include "io/torchscript/pickle_in.h"

/* ---- calls ---- */
static bool is_tuple(const ox__obj *o, size_t least, size_t most)
{
    return o->kind == OX__OBJ_TUPLE && o->n >= least && o->n <= most;
}

static ox__obj *bad_arguments(ox__unpickler *u, const char *what)
{
    ox__pk_fail(u, OX_E_FORMAT, "%s of the pickle is not valid", what);
    return NULL;
}

static ox__obj *make_list(ox__unpickler *u, const ox__obj *args, ox__obj_of of)
{
    if (!is_tuple(args, 1, 1) || args->items[0]->kind != OX__OBJ_LIST) return bad_arguments(u, "a typed list");
    args->items[0]->of = (uint8_t)of;
    return args->items[0];
}

static ox__obj *int_list(ox__unpickler *u, ox__obj *args)
{
    return make_list(u, args, OX__OF_INT);
}

static ox__obj *float_list(ox__unpickler *u, ox__obj *args)
{
    return make_list(u, args, OX__OF_FLOAT);
}

static ox__obj *bool_list(ox__unpickler *u, ox__obj *args)
{
    return make_list(u, args, OX__OF_BOOL);
}

static ox__obj *tensor_list(ox__unpickler *u, ox__obj *args)
{
    return make_list(u, args, OX__OF_TENSOR);
}

/* (container, "List[int]"): the container. */
static ox__obj *type_tag(ox__unpickler *u, ox__obj *args)
{
    return is_tuple(args, 2, 2) ? args->items[0] : bad_arguments(u, "a container with its type");
}

/* Made empty, of pairs, or from a dict. */
static ox__obj *dict(ox__unpickler *u, ox__obj *args)
{
    if (args->kind != OX__OBJ_TUPLE || args->n > 1) return bad_arguments(u, "a dict");
    ox__obj *o = ox__pk_new(u, OX__OBJ_DICT), *from = args->n ? args->items[0] : NULL;
    if (!o || !from) return o;
    if (from->kind == OX__OBJ_DICT) return ox__pk_append(u, o, from->items, from->n) ? o : NULL;
    if (from->kind != OX__OBJ_LIST) return bad_arguments(u, "a dict");
    for (uint32_t i = 0; i < from->n; i++) {
        const ox__obj *pair = from->items[i];
        bool fine = pair->n == 2 && (pair->kind == OX__OBJ_LIST || pair->kind == OX__OBJ_TUPLE);
        if (!fine) return bad_arguments(u, "a dict");
        if (!ox__pk_append(u, o, pair->items, 1)) return NULL;
    }
    return o;
}

/* What would make missing values is left out; the items follow. */
static ox__obj *default_dict(ox__unpickler *u, ox__obj *args)
{
    return args->n <= 1 ? ox__pk_new(u, OX__OBJ_DICT) : bad_arguments(u, "a dict");
}

static ox__obj *set(ox__unpickler *u, ox__obj *args)
{
    if (!is_tuple(args, 0, 1)) return bad_arguments(u, "a set");
    const ox__obj *from = args->n ? args->items[0] : NULL;
    if (from && from->kind != OX__OBJ_LIST) return bad_arguments(u, "a set");
    return ox__pk_container(u, OX__OBJ_SET, from ? from->items : NULL, from ? from->n : 0);
}

static ox__obj *size(ox__unpickler *u, ox__obj *args)
{
    if (!is_tuple(args, 1, 1)) return bad_arguments(u, "a torch.Size");
    ox__obj *o = args->items[0];
    if (o->kind != OX__OBJ_TUPLE && o->kind != OX__OBJ_LIST) return bad_arguments(u, "a torch.Size");
    return o->kind == OX__OBJ_TUPLE ? o : ox__pk_container(u, OX__OBJ_TUPLE, o->items, o->n);
}

static ox__obj *device(ox__unpickler *u, ox__obj *args)
{
    if (!is_tuple(args, 1, 2) || args->items[0]->kind != OX__OBJ_STR) return bad_arguments(u, "a device");
    if (args->n == 1) return ox__pk_text(u, OX__OBJ_DEVICE, args->items[0]->s, args->items[0]->n);
    if (args->items[1]->kind != OX__OBJ_INT || args->items[0]->n > OX__PK_NAME) return bad_arguments(u, "a device");
    ox__buf b = {0};
    ox__buf_addf(&b, "%s:%lld", args->items[0]->s, (long long)args->items[1]->i);
    ox__obj *o = b.failed ? NULL : ox__pk_text(u, OX__OBJ_DEVICE, b.p, b.n);
    if (b.failed) u->s = ox__nomem(u->err);
    ox__buf_free(&b);
    return o;
}

static ox__obj *layout(ox__unpickler *u, ox__obj *args)
{
    if (!is_tuple(args, 1, 1) || args->items[0]->kind != OX__OBJ_STR) return bad_arguments(u, "a layout");
    const ox__obj *name = args->items[0];
    size_t skip = name->n > 6 && memcmp(name->s, "torch.", 6) == 0 ? 6 : 0;
    return ox__pk_text(u, OX__OBJ_GLOBAL, name->s + skip, name->n - skip);
}

static bool to_double(const ox__obj *o, double *v)
{
    if (o->kind == OX__OBJ_FLOAT) return *v = o->f, true;
    if (o->kind == OX__OBJ_INT) return *v = (double)o->i, true;
    return false;
}

static ox__obj *complex_number(ox__unpickler *u, ox__obj *args)
{
    double c[2];
    if (!is_tuple(args, 2, 2) || !to_double(args->items[0], &c[0]) || !to_double(args->items[1], &c[1]))
        return bad_arguments(u, "a complex number");
    ox__obj *o = ox__pk_new(u, OX__OBJ_COMPLEX);
    double *copy = o ? ox__pk_alloc(u, sizeof c) : NULL;
    if (!copy) return NULL;
    memcpy(copy, c, sizeof c);
    o->c = copy;
    return o;
}

/* Protocol 2 has no bytes: they are written as text of the first 256 characters, with the wish to encode it. */
static ox__obj *encode(ox__unpickler *u, ox__obj *args)
{
    if (!is_tuple(args, 2, 2) || args->items[0]->kind != OX__OBJ_STR || !ox__obj_is(args->items[1], "latin1"))
        return bad_arguments(u, "bytes");
    const ox__obj *from = args->items[0];
    ox__obj *o = ox__pk_text(u, OX__OBJ_BYTES, from->s, from->n);
    if (!o) return NULL;
    char *to = (char *)o->s; /* our own copy, which only shrinks */
    uint32_t n = 0;
    for (uint32_t i = 0; i < from->n; i++) {
        uint8_t c = (uint8_t)from->s[i];
        if (c >= 0x80) {
            uint8_t next = i + 1 < from->n ? (uint8_t)from->s[++i] : 0;
            if ((c & 0xFC) != 0xC0 || (next & 0xC0) != 0x80) return bad_arguments(u, "bytes");
            c = (uint8_t)(c << 6 | (next & 0x3F));
        }
        to[n++] = (char)c;
    }
    to[n] = '\0';
    o->n = n;
    return o;
}

static ox__obj *byte_array(ox__unpickler *u, ox__obj *args)
{
    if (is_tuple(args, 1, 1) && args->items[0]->kind == OX__OBJ_BYTES) return args->items[0];
    if (is_tuple(args, 0, 0)) return ox__pk_text(u, OX__OBJ_BYTES, "", 0);
    return bad_arguments(u, "a bytearray");
}

static ox__obj *from_type(ox__unpickler *u, ox__obj *args);

static const struct {
    const char *module, *name;
    ox__obj *(*make)(ox__unpickler *u, ox__obj *args);
} calls[] = {
    {"torch._utils", "_rebuild_tensor_v2", ox__pk_rebuild_tensor},
    {"torch._utils", "_rebuild_tensor", ox__pk_rebuild_tensor},
    {"torch._utils", "_rebuild_tensor_v3", ox__pk_rebuild_tensor_v3},
    {"torch._utils", "_rebuild_meta_tensor_no_storage", ox__pk_rebuild_meta},
    {"torch._utils", "_rebuild_qtensor", ox__pk_rebuild_qtensor},
    {"torch._utils", "_rebuild_parameter", ox__pk_rebuild_parameter},
    {"torch._utils", "_rebuild_parameter_with_state", ox__pk_rebuild_parameter},
    {"torch._tensor", "_rebuild_from_type_v2", from_type},
    {"torch.jit._pickle", "build_intlist", int_list},
    {"torch.jit._pickle", "build_doublelist", float_list},
    {"torch.jit._pickle", "build_boollist", bool_list},
    {"torch.jit._pickle", "build_tensorlist", tensor_list},
    {"torch.jit._pickle", "restore_type_tag", type_tag},
    {"torch", "Size", size},
    {"torch", "device", device},
    {"torch.serialization", "_get_layout", layout},
    {"collections", "OrderedDict", dict},
    {"collections", "Counter", dict},
    {"collections", "defaultdict", default_dict},
    {"builtins", "dict", dict},
    {"__builtin__", "dict", dict},
    {"builtins", "set", set},
    {"__builtin__", "set", set},
    {"builtins", "complex", complex_number},
    {"__builtin__", "complex", complex_number},
    {"builtins", "bytearray", byte_array},
    {"__builtin__", "bytearray", byte_array},
    {"_codecs", "encode", encode},
    {"numpy", "dtype", ox__pk_numpy_dtype},
    {"numpy.core.multiarray", "scalar", ox__pk_numpy_scalar},
    {"numpy._core.multiarray", "scalar", ox__pk_numpy_scalar},
};

/* (function, class of the tensor, its arguments, its state): what a subclass of Tensor adds is left out. */
static ox__obj *from_type(ox__unpickler *u, ox__obj *args)
{
    if (!is_tuple(args, 4, 4) || args->items[0]->kind != OX__PK_CALL || calls[args->items[0]->n].make == from_type)
        return bad_arguments(u, "a tensor with a class");
    return ox__pk_call(u, args->items[0], args->items[2]);
}

/* ---- names ---- */
/* Classes that data is rebuilt as, or whose name alone is of use. */
static const char *const classes[][2] = {
    {"argparse", "Namespace"},
    {"torch.nn.parameter", "Parameter"},
    {"torch.nn.parameter", "Buffer"},
    {"torch", "Tensor"},
    {"builtins", "list"},
    {"builtins", "int"},
    {"builtins", "float"},
    {"__builtin__", "list"},
    {"__builtin__", "int"},
    {"__builtin__", "float"},
};

/* Constants of the module torch that are no element types. */
static const char *const constants[] = {
    "strided",
    "sparse_coo",
    "sparse_csr",
    "sparse_csc",
    "sparse_bsr",
    "sparse_bsc",
    "_mkldnn",
    "jagged",
    "per_tensor_affine",
    "per_tensor_symmetric",
    "per_channel_affine",
    "per_channel_symmetric",
    "per_channel_affine_float_qparams",
    "contiguous_format",
    "preserve_format",
    "channels_last",
    "channels_last_3d",
};

/* Element types of torch that have no counterpart here, or another name. */
static const char *const dtypes[] = {
    "qint8", "quint8", "qint32",  "quint4x2", "quint2x4", "complex32", "float8_e8m0fnu", "float4_e2m1fn_x2",
    "bits8", "bits16", "bits1x8", "bits2x4",  "bits4x2",  "uint1",     "uint3",          "uint5",
    "uint6", "uint7",  "int1",    "int3",     "int5",     "int6",      "int7",
};

static bool is(const char *s, size_t n, const char *text)
{
    return strlen(text) == n && memcmp(s, text, n) == 0;
}

static bool any_of(const char *const *table, size_t count, const char *name, size_t n)
{
    for (size_t i = 0; i < count; i++)
        if (is(name, n, table[i])) return true;
    return false;
}

static bool begins(const char *s, size_t n, const char *with)
{
    size_t k = strlen(with);
    return n >= k && memcmp(s, with, k) == 0;
}

static ox__obj *class_named(ox__unpickler *u, const char *module, size_t mn, const char *name, size_t nn)
{
    ox__buf b = {0};
    ox__buf_add(&b, module, mn);
    ox__buf_addc(&b, '.');
    ox__buf_add(&b, name, nn);
    ox__obj *o = b.failed ? NULL : ox__pk_text(u, OX__PK_CLASS, b.p, b.n);
    if (b.failed) u->s = ox__nomem(u->err);
    ox__buf_free(&b);
    return o;
}

static ox__obj *of_torch(ox__unpickler *u, const char *name, size_t n)
{
    if (any_of(constants, OX__COUNT(constants), name, n)) return ox__pk_text(u, OX__OBJ_GLOBAL, name, n);
    if (any_of(dtypes, OX__COUNT(dtypes), name, n) || ox_dtype_find(name, n, OX_DTYPE_NUMPY) != OX_UNDEFINED)
        return ox__pk_text(u, OX__OBJ_DTYPE, name, n);
    return NULL;
}

static bool is_storage(const char *module, size_t mn, const char *name, size_t nn)
{
    static const char *const modules[] = {"torch", "torch.cuda", "torch.storage", "torch.hpu", "torch.xpu"};
    return nn > 7 && memcmp(name + nn - 7, "Storage", 7) == 0 && any_of(modules, OX__COUNT(modules), module, mn);
}

static ox__obj *refuse(ox__unpickler *u, const char *module, size_t mn, const char *name, size_t nn)
{
    ox__pk_fail(u, OX_E_UNSUPPORTED,
                "the pickle asks for %.*s.%.*s, which is not known as data: nothing in it is called",
                (int)OX__MIN(mn, (size_t)200), module, (int)OX__MIN(nn, (size_t)200), name);
    ox_error_hint(u->err, "if the file was made of a whole Python object, save model.state_dict(), or a TorchScript of "
                          "it by torch.jit.save");
    return NULL;
}

ox__obj *ox__pk_global(ox__unpickler *u, const char *module, size_t mn, const char *name, size_t nn)
{
    ox__obj *o = NULL;
    if (u->s != OX_OK) return NULL;
    if (is(module, mn, "__torch__") || begins(module, mn, "__torch__.")) return class_named(u, module, mn, name, nn);
    for (uint32_t i = 0; i < OX__COUNT(calls); i++) {
        if (!is(module, mn, calls[i].module) || !is(name, nn, calls[i].name)) continue;
        o = ox__pk_text(u, OX__PK_CALL, name, nn);
        if (o) o->n = i;
        return o;
    }
    for (size_t i = 0; i < OX__COUNT(classes); i++)
        if (is(module, mn, classes[i][0]) && is(name, nn, classes[i][1])) return class_named(u, module, mn, name, nn);
    if (is_storage(module, mn, name, nn)) return ox__pk_text(u, OX__PK_STORAGE_CLASS, name, nn - 7);
    if (is(module, mn, "torch")) o = of_torch(u, name, nn);
    return o || u->s != OX_OK ? o : refuse(u, module, mn, name, nn);
}

/* A member of an enum of TorchScript is its class called with its value, which no tuple stands around. */
static ox__obj *enumerator(ox__unpickler *u, const ox__obj *cls, ox__obj *value)
{
    bool plain = value->kind == OX__OBJ_INT || value->kind == OX__OBJ_FLOAT || value->kind == OX__OBJ_STR;
    ox__obj none = {.kind = OX__OBJ_TUPLE};
    ox__obj *o = plain ? ox__pk_object(u, cls, &none) : bad_arguments(u, "a member of an enum");
    if (o) o->object->state = value;
    return o;
}

ox__obj *ox__pk_call(ox__unpickler *u, const ox__obj *fn, ox__obj *args)
{
    if (fn->kind == OX__PK_CLASS && begins(fn->s, fn->n, "__torch__.") && args->kind != OX__OBJ_TUPLE)
        return enumerator(u, fn, args);
    if (fn->kind == OX__PK_CLASS) return ox__pk_object(u, fn, args);
    if (fn->kind == OX__PK_CALL && args->kind == OX__OBJ_TUPLE) return calls[fn->n].make(u, args);
    return bad_arguments(u, "a call");
}

/* ---- objects ---- */
ox__obj *ox__pk_object(ox__unpickler *u, const ox__obj *cls, const ox__obj *args)
{
    if (args->kind == OX__OBJ_TUPLE && args->n == 0 && cls->kind == OX__PK_CALL) { /* a container of a class */
        if (calls[cls->n].make == dict) return ox__pk_new(u, OX__OBJ_DICT);
        if (calls[cls->n].make == set) return ox__pk_new(u, OX__OBJ_SET);
    }
    if (cls->kind != OX__PK_CLASS || args->kind != OX__OBJ_TUPLE || args->n) return bad_arguments(u, "an object");
    ox__obj *o = ox__pk_new(u, OX__OBJ_OBJECT);
    ox__obj_object *body = o ? ox__pk_alloc(u, sizeof *body) : NULL;
    if (!body) return NULL;
    *body = (ox__obj_object){.class_name = cls->s, .id = u->tree->n_objects++, .depth = 1, .walk = 1};
    o->object = body;
    return o;
}

/* What containers and tensors of Python get besides (_metadata, hooks) is left out. */
void ox__pk_build(ox__unpickler *u, ox__obj *o, ox__obj *state)
{
    if (o->kind == OX__OBJ_OBJECT && !o->object->state)
        o->object->state = state;
    else if (o->kind == OX__OBJ_DTYPE)
        ox__pk_numpy_order(u, state);
    else if (o->kind != OX__OBJ_DICT && o->kind != OX__OBJ_SET && o->kind != OX__OBJ_TENSOR)
        (void)bad_arguments(u, "the state of an object");
}
