/* Floor 7. Anchors: a node known by what it is, so that it is found again in its file read anew. */
#ifndef ONNXSH_APP_ANCHOR_H
#define ONNXSH_APP_ANCHOR_H

#include <onnxsh/graph.h>

typedef struct ox_anchor {
    char name[256], op[128], output[256], scope[512]; /* cut if they are longer: then they find less */
    size_t place; /* how many nodes of the model come before it, as they are listed */
} ox_anchor;

/* Of no node: place SIZE_MAX. */
void ox_anchor_take(const ox_model *m, ox_node n, ox_anchor *out);
/* The node of that name, else that makes the value of that name, else the one nearest to the place with operator and
 * scope; {0} if nothing is like it. */
ox_node ox_anchor_find(const ox_model *m, const ox_anchor *a);

#endif
