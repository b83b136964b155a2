/* For the tests of torch.save's files: the fixtures, and weights by name. */
#ifndef OX_TORCH_TEST_H
#define OX_TORCH_TEST_H

#include "ox_test.h"

#include <onnxsh/graph.h>

static inline const char *fixture(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/fixtures/torch/%s.pt", OX_TESTS_DIR, name);
    return path;
}

static inline ox_tensor_info weight(const ox_model *m, const char *name, ox_tensor *t)
{
    ox_graph g = ox_model_main(m);
    for (size_t i = 0; i < ox_graph_n_initializers(m, g); i++) {
        ox_value v = ox_graph_initializer(m, g, i);
        if (strcmp(ox_str_text(m, ox_value_name(m, v), NULL), name) != 0) continue;
        *t = ox_value_tensor(m, v);
        return ox_tensor_get(m, *t);
    }
    fail_msg("there is no weight %s", name);
    return (ox_tensor_info){0};
}

#endif
