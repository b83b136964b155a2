/* The query language of `find`, of Lua's graph:find and of completion:
 *
 *   op:Conv scope:features dtype:float16 shape:[*,64,..] uses:%17 attr:group>1 name:/re/ up(%17,3)
 *
 * Terms side by side mean `and`; `and`, `or`, `not` and parentheses combine; "double quotes" take blanks; /slashes/
 * hold a PCRE2 regular expression. A query selects nodes, in graph order, blocks and functions included. */
#ifndef ONNXSH_QUERY_H
#define ONNXSH_QUERY_H

#include <onnxsh/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ox_query ox_query;

/* A row for each kind of term, for help and completion. */
typedef struct ox_query_field {
    const char *name, *usage, *help, *example;
} ox_query_field;
OX_API size_t ox_query_fields(const ox_query_field **rows);

/* Parses text against a model (value names such as %17 are looked up in it). The column of a mistake is in err->col.
 * The caller frees with ox_query_free. */
OX_API OX_MUST_USE ox_status ox_query_parse(ox_query **out, const ox_model *m, const char *text, size_t n,
                                            ox_error *err);
OX_API void ox_query_free(ox_query *q);
/* Calls fn for each node that matches, until it returns false. Regular expressions run under match limits. The model
 * must not change meanwhile. */
typedef bool (*ox_node_fn)(void *ud, ox_node n);
OX_API OX_MUST_USE ox_status ox_query_run(const ox_query *q, const ox_model *m, ox_node_fn fn, void *ud,
                                          const ox_task *task, ox_error *err);
/* True if one node matches. */
OX_API bool ox_query_matches(const ox_query *q, const ox_model *m, ox_node n);

/* Walks: every node of g and of the blocks inside, parents before children, in order. fn false stops. */
OX_API void ox_graph_walk(const ox_model *m, ox_graph g, ox_node_fn fn, void *ud);
/* A topological order of g's own nodes (values used in blocks count as uses of their owner). *out gets n handles in an
 * allocation that the caller frees with ox_query_free_nodes. OX_E_FORMAT naming a node of the cycle if there is one. */
OX_API OX_MUST_USE ox_status ox_graph_toposort(const ox_model *m, ox_graph g, ox_node **out, size_t *n, ox_error *err);
OX_API void ox_query_free_nodes(ox_node *nodes);

#ifdef __cplusplus
}
#endif
#endif
