/* Floor 4. The parts of the engine `ort`: the library (ort_find.c), values (ort_value.c), the run (ort.c). */
#ifndef ONNXSH_RUNTIME_ORT_H
#define ONNXSH_RUNTIME_ORT_H

#include "ir/data.h"
#include "runtime/ort_api.h"

typedef struct ox__ort {
    const ort_fn *api;
    char version[32];
    ort_object *env, *memory, *allocator; /* the allocator is the library's own */
} ox__ort;

/* Opens the library and asks for its interface, once for a path and process: it is never closed, for it has threads of
 * its own. path NULL: it is looked for. OX_E_NOT_FOUND says where; OX_E_UNSUPPORTED: it is another library. */
ox_status ox__ort_open(ox__ort *o, const char *path, ox_error *err) OX_MUST_USE;
void ox__ort_close(ox__ort *o);
/* Takes a status: OX_OK for NULL, else OX_E_CHECK with its message, and it is released. */
ox_status ox__ort_status(const ox__ort *o, ort_status *s, ox_error *err) OX_MUST_USE;
void ox__ort_release(const ox__ort *o, int which, ort_object *p); /* which: ORT_RELEASE_...; NULL is fine */

/* d as a value of theirs; its bytes must outlive it. */
ox_status ox__ort_value(const ox__ort *o, ox_data *d, ort_object **out, ox_error *err) OX_MUST_USE;
/* A value of theirs as data; copied. */
ox_status ox__ort_data(const ox__ort *o, ort_object *v, ox_data **out, ox_error *err) OX_MUST_USE;

#endif
