/* Floor 4. What is used of ONNX Runtime's C interface. It is a table of functions that only ever grows at its end, so a
 * place in it means the same function in every release; the numbers here are places in that table, of the functions
 * that it has had since release 1.0. Objects are opaque. A function that can fail returns NULL or a status to be
 * released. Source: the order of struct OrtApi in the public header of the releases. */
#ifndef ONNXSH_RUNTIME_ORT_API_H
#define ONNXSH_RUNTIME_ORT_API_H

#include <stddef.h>
#include <stdint.h>

typedef void (*ort_fn)(void);
typedef struct ort_status ort_status;
typedef struct ort_object ort_object; /* any other of its objects */

/* What OrtGetApiBase returns. */
typedef struct ort_base {
    const ort_fn *(*get_api)(uint32_t version);
    const char *(*version)(void);
} ort_base;
enum { ORT_API_VERSION = 1 };

enum { ORT_TENSOR = 1, ORT_SEQUENCE = 2, ORT_MAP = 3 };
enum { ORT_LOG_ERROR = 3, ORT_DEVICE_ALLOCATOR = 0, ORT_MEMORY_DEFAULT = 0 };

/* OX_ORT(place, name, arguments) of functions that return a status. */
#define ORT_FUNCTIONS(OX_ORT) \
    OX_ORT(3, create_env, (int level, const char *id, ort_object **out)) \
    OX_ORT(7, create_session, (const ort_object *env, const char *path, const ort_object *options, ort_object **out)) \
    OX_ORT(9, run, \
           (ort_object * session, const ort_object *options, const char *const *in_names, const ort_object *const *in, \
            size_t n_in, const char *const *out_names, size_t n_out, ort_object **out)) \
    OX_ORT(10, create_session_options, (ort_object * *out)) \
    OX_ORT(24, set_threads, (ort_object * options, int n)) \
    OX_ORT(39, create_run_options, (ort_object * *out)) \
    OX_ORT(46, terminate, (ort_object * run_options)) \
    OX_ORT(48, create_tensor, (ort_object * allocator, const int64_t *dims, size_t rank, int type, ort_object **out)) \
    OX_ORT(49, wrap_tensor, \
           (const ort_object *memory, void *data, size_t n, const int64_t *dims, size_t rank, int type, \
            ort_object **out)) \
    OX_ORT(51, tensor_data, (ort_object * value, void **out)) \
    OX_ORT(52, fill_strings, (ort_object * value, const char *const *texts, size_t n)) \
    OX_ORT(53, strings_length, (const ort_object *value, size_t *out)) \
    OX_ORT(54, strings_content, (const ort_object *value, void *text, size_t n, size_t *offsets, size_t n_offsets)) \
    OX_ORT(60, element_type, (const ort_object *info, int *out)) \
    OX_ORT(61, rank, (const ort_object *info, size_t *out)) \
    OX_ORT(62, dims, (const ort_object *info, int64_t *dims, size_t n)) \
    OX_ORT(65, tensor_info, (const ort_object *value, ort_object **out)) \
    OX_ORT(67, value_type, (const ort_object *value, int *out)) \
    OX_ORT(69, create_memory_info, (int allocator, int memory, ort_object **out)) \
    OX_ORT(78, default_allocator, (ort_object * *out)) \
    OX_ORT(80, get_item, (const ort_object *value, int i, ort_object *allocator, ort_object **out)) \
    OX_ORT(81, n_items, (const ort_object *value, size_t *out)) \
    OX_ORT(82, create_value, (const ort_object *const *items, size_t n, int kind, ort_object **out))

enum { ORT_ERROR_MESSAGE = 2 };
/* Functions that release an object. */
enum {
    ORT_RELEASE_ENV = 92,
    ORT_RELEASE_STATUS = 93,
    ORT_RELEASE_MEMORY_INFO = 94,
    ORT_RELEASE_SESSION = 95,
    ORT_RELEASE_VALUE = 96,
    ORT_RELEASE_RUN_OPTIONS = 97,
    ORT_RELEASE_TENSOR_INFO = 99,
    ORT_RELEASE_SESSION_OPTIONS = 100
};

/* ort_<name>(api, ...): calls the function of that place. */
#define ORT_DECLARE(place, name, args) typedef ort_status *(*ort_type_##name)args;
ORT_FUNCTIONS(ORT_DECLARE)
#undef ORT_DECLARE
#define ORT_PLACE(place, name, args) ORT_AT_##name = (place),
enum { ORT_FUNCTIONS(ORT_PLACE) ORT_PLACES_END };
#undef ORT_PLACE
#define ORT(api, name) ((ort_type_##name)(api)[ORT_AT_##name])

#endif
