/* Floor 7. What each node of a trace became in the result of the last export: nodes, a weight, or a part of what
 * another became. The index grows while the result is listed. */
#ifndef ONNXSH_APP_TUI_BECAME_H
#define ONNXSH_APP_TUI_BECAME_H

#include <onnxsh/graph.h>

typedef struct ox_became {
    uint32_t *first, *last; /* by id of the trace's node: nodes of the result; 0 = none */
    uint32_t *count;        /* how many */
    uint32_t *weight;       /* the initializer that it was folded into, 0 = none */
    uint32_t *home;         /* what ox_became_home found; 0 = not asked yet */
    uint32_t *next;         /* by id of the result's node: the next of the same */
    uint32_t n, n_result;
    size_t n_weights; /* initializers that were looked at */
    bool whole;       /* all is known */
} ox_became;

void ox_became_free(ox_became *b);
/* Begins anew for so many ids of either model; without memory the index stays empty. */
bool ox_became_begin(ox_became *b, uint32_t n, uint32_t n_result);
/* A node of the result, in the order of the list. */
void ox_became_add(ox_became *b, const ox_model *result, ox_node n);
/* Looks at some initializers; false when none is left. */
bool ox_became_weights(ox_became *b, const ox_model *result);
/* It has nodes or a weight of its own. */
bool ox_became_some(const ox_became *b, uint32_t id);
/* The node itself, if it became something; else the nearest one that it goes into which did; 0: none is near. */
uint32_t ox_became_home(ox_became *b, const ox_model *m, uint32_t id);
/* The first node of the result that reads the weight that a node was folded into; {0}: there is none. */
ox_node ox_became_reader(const ox_became *b, const ox_model *result, uint32_t id);
/* The name of a node of the result, or of what it makes; sanitised. */
void ox_became_name(const ox_model *result, ox_node k, char *buf, size_t size);
/* "onnx::Conv /features/Conv", "folded into initializer w", "no node of its own: goes into ..."; sanitised. */
void ox_became_text(ox_became *b, const ox_model *m, const ox_model *result, uint32_t id, char *buf, size_t size);

#endif
