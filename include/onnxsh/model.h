/* The model: owner of every graph, node, value, type, dim, tensor and string.
 *
 * Two kinds of names for things:
 *  - handles {id, gen} (ox_graph, ox_node, ox_value, ox_scope) name things that can be deleted. A handle is valid while
 *    the model lives and `gen` matches; a deleted thing keeps its id, is reported by ox_*_is_alive as false, and lives
 *    again when the deletion is undone. After a rollback the slots that it emptied are reused with a raised generation,
 *    so a handle kept from the failed attempt is refused. Id 0 is "none".
 *  - plain ids (ox_str, ox_dim, ox_type, ox_layout, ox_loc, ox_tensor) name immutable things that live as long as the
 *    model; the first five are hash-consed, so that equal ids mean equal things. Id 0 is "none" or "unknown".
 *
 * Getters borrow: what they return lives until the model is freed, unless said otherwise. A getter given a dead or
 * foreign handle returns the zero of its type. Functions that change a model are journalled (journal.h).
 *
 * Out of memory while a string, dim, type, layout or location is interned gives id 0 and sets the model's sticky flag;
 * every function that returns a status and every save reports OX_E_NOMEM while the flag is set, and a rollback clears
 * it, so a half-made thing is never kept.
 *
 * One thread owns a model. */
#ifndef ONNXSH_MODEL_H
#define ONNXSH_MODEL_H

#include <onnxsh/dtype.h>
#include <onnxsh/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ox_model ox_model;

typedef struct {
    uint32_t id, gen;
} ox_graph;
typedef struct {
    uint32_t id, gen;
} ox_node;
typedef struct {
    uint32_t id, gen;
} ox_value;
typedef struct {
    uint32_t id, gen;
} ox_scope;

typedef struct {
    uint32_t id;
} ox_str;
typedef struct {
    uint32_t id;
} ox_dim;
typedef struct {
    uint32_t id;
} ox_type;
typedef struct {
    uint32_t id;
} ox_layout;
typedef struct {
    uint32_t id;
} ox_loc;
typedef struct {
    uint32_t id;
} ox_tensor;

/* A key and a value of metadata_props. */
typedef struct ox_pair {
    ox_str key, value;
} ox_pair;
/* The version of an operator set; domain "" is ai.onnx. */
typedef struct ox_opset {
    ox_str domain;
    int64_t version;
} ox_opset;

/* What kind of file a model came from. */
typedef enum ox_model_kind {
    OX_MODEL_ONNX, /* an ONNX model: saved as .onnx */
    OX_MODEL_TRACE /* a PyTorch graph: aten/prim nodes, or onnx nodes read from a dump */
} ox_model_kind;

/* Makes an empty model with an empty main graph. The caller frees it with ox_model_free. */
OX_API OX_MUST_USE ox_status ox_model_create(ox_model **out, ox_model_kind kind, ox_error *err);
/* Frees a model and all it owns, mapped files included. NULL is fine. */
OX_API void ox_model_free(ox_model *m);
/* OX_OK, or OX_E_NOMEM while the sticky out-of-memory flag is set (*err filled). */
OX_API OX_MUST_USE ox_status ox_model_status(const ox_model *m, ox_error *err);

/* A file whose graph is not understood opens all the same, with its weights and scopes and an empty main graph: the
 * status and error of reading the graph. OX_OK for every other model. What needs the graph (printing, converting,
 * saving) returns the same. */
OX_API OX_MUST_USE ox_status ox_model_graph_status(const ox_model *m, ox_error *err);

/* ---- strings: interned byte strings, possibly invalid UTF-8, NUL allowed ---- */
/* Interns n bytes. {0} only when out of memory; the empty string is a string, {1}. */
OX_API ox_str ox_str_add(ox_model *m, const char *s, size_t n);
OX_API ox_str ox_str_addz(ox_model *m, const char *s); /* NULL gives {0} */
/* Looks a string up without adding it; {0} if the model has never seen it. */
OX_API ox_str ox_str_find(const ox_model *m, const char *s, size_t n);
/* The bytes, with a NUL after the end; "" for {0}. *n (may be NULL) gets the length. */
OX_API const char *ox_str_text(const ox_model *m, ox_str s, size_t *n);

/* ---- model fields ---- */
OX_API ox_model_kind ox_model_get_kind(const ox_model *m);
/* A number that no other model of the process has or had, never 0: for references that outlive the model and must not
 * take another one at the same address for it. */
OX_API uint64_t ox_model_serial(const ox_model *m);
OX_API ox_graph ox_model_main(const ox_model *m);      /* the main graph */
OX_API int64_t ox_model_ir_version(const ox_model *m); /* 0 = not stated */
OX_API OX_MUST_USE ox_status ox_model_set_ir_version(ox_model *m, int64_t v, ox_error *err);

/* The model's text fields. */
typedef enum ox_model_field {
    OX_MODEL_PRODUCER_NAME,
    OX_MODEL_PRODUCER_VERSION,
    OX_MODEL_DOMAIN,
    OX_MODEL_DOC,
    OX_MODEL_PATH, /* where it was opened from; not saved */
    OX_N_MODEL_FIELDS
} ox_model_field;
OX_API ox_str ox_model_text(const ox_model *m, ox_model_field f);
OX_API OX_MUST_USE ox_status ox_model_set_text(ox_model *m, ox_model_field f, ox_str s, ox_error *err);
OX_API int64_t ox_model_version(const ox_model *m); /* model_version */
OX_API OX_MUST_USE ox_status ox_model_set_version(ox_model *m, int64_t v, ox_error *err);

OX_API size_t ox_model_opsets(const ox_model *m, const ox_opset **rows);
/* The version imported for a domain ("" and "ai.onnx" are one), 0 if it is not imported. */
OX_API int64_t ox_model_opset(const ox_model *m, const char *domain);
/* Adds or changes an import; version 0 removes it. */
OX_API OX_MUST_USE ox_status ox_model_set_opset(ox_model *m, ox_str domain, int64_t version, ox_error *err);
OX_API size_t ox_model_metadata(const ox_model *m, const ox_pair **rows);
/* Sets a key; a value of {0} removes it. */
OX_API OX_MUST_USE ox_status ox_model_set_metadata(ox_model *m, ox_str key, ox_str value, ox_error *err);

/* Local functions, in file order; each is a graph of kind OX_GRAPH_FUNCTION. */
OX_API size_t ox_model_n_functions(const ox_model *m);
OX_API ox_graph ox_model_function(const ox_model *m, size_t i);
/* The function that a node of (domain, op, overload) calls; {0} if none. */
OX_API ox_graph ox_model_find_function(const ox_model *m, ox_str domain, ox_str op, ox_str overload);

/* Counts of live things, for summaries. */
OX_API size_t ox_model_n_nodes(const ox_model *m);
OX_API size_t ox_model_n_values(const ox_model *m);
/* Table sizes: ids run from 1 to the limit - 1 inclusive; dead slots among them. For dense side tables by id. */
OX_API uint32_t ox_model_node_limit(const ox_model *m);
OX_API uint32_t ox_model_value_limit(const ox_model *m);
OX_API uint32_t ox_model_graph_limit(const ox_model *m);
/* The handle of a live node, value or graph by id; {0} if that slot is empty, dead, or a graph's hidden return node. */
OX_API ox_node ox_model_node_at(const ox_model *m, uint32_t id);
OX_API ox_value ox_model_value_at(const ox_model *m, uint32_t id);
OX_API ox_graph ox_model_graph_at(const ox_model *m, uint32_t id);

#ifdef __cplusplus
}
#endif
#endif
