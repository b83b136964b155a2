/* What people type, floors below the prompt: dims (first byte 'd') and queries (any other), the latter run over a model
 * and over a trace. A dim that parses prints as text that parses to the same dim. */
#include "fuzz.h"

#include "ir/dim.h"

#include <onnxsh/io.h>
#include <onnxsh/query.h>

#include <stdio.h>

static const char trace[] =
    "graph(%self : __torch__.Net,\n"
    "      %x.1 : Float(2, 3, 224, 224, strides=[150528, 50176, 224, 1], requires_grad=0, device=cpu)):\n"
    "  %w : Float(4, 3, 3, 3) = prim::GetAttr[name=\"weight\"](%self)\n"
    "  %2 : int = prim::Constant[value=1](), scope: Net/Sequential[features]/Conv2d[0] # net.py:12:0\n"
    "  %3 : bool = prim::Constant[value=0]()\n"
    "  %4 : int[] = prim::ListConstruct(%2, %2)\n"
    "  %y : Float(2, 4, 222, 222) = aten::_convolution(%x.1, %w, %w, %4, %4, %4, %3, %4, %2), scope: "
    "Net/Sequential[features]/Conv2d[0]\n"
    "  %z : Tensor = prim::If(%3)\n"
    "    block0():\n"
    "      %a : Tensor = aten::relu(%y), scope: Net/ReLU[act]\n"
    "      -> (%a)\n"
    "    block1():\n"
    "      -> (%y)\n"
    "  return (%z)\n";

static ox_model *model;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    ox_error err;
    (void)argc, (void)argv;
    ox_status s = ox_open_memory(&model, trace, sizeof trace - 1, "trace.txt", NULL, NULL, NULL, &err);
    FUZZ_CHECK(s == OX_OK, "%s", err.msg);
    return 0;
}

static void try_dim(const char *text, size_t n)
{
    ox_model *m;
    ox_dim d, again;
    ox_error err;
    ox_error_clear(&err);
    if (ox_model_create(&m, OX_MODEL_TRACE, &err) != OX_OK) return;
    ox_status s = ox_dim_parse(m, text, n, &d, &err);
    if (s != OX_OK) {
        fuzz_check_error(&err, s, n);
    } else {
        char shown[8192];
        fuzz_check_safe(shown, OX__MIN(ox_dim_text(m, d, shown, sizeof shown), sizeof shown - 1), "a dim");
        ox__buf raw = {0};
        ox__dim_print(m, d, &raw);
        s = ox_dim_parse(m, raw.p, raw.n, &again, &err);
        FUZZ_CHECK(s == OX_OK, "'%s' does not parse: %s", shown, err.msg);
        FUZZ_CHECK(again.id == d.id || ox_dim_get_kind(m, d) == OX_DIM_UNKNOWN, "'%s' is another dim", shown);
        ox__buf_free(&raw);
    }
    ox_model_free(m);
}

static bool on_node(void *ud, ox_node n)
{
    size_t *found = ud;
    FUZZ_CHECK(ox_node_is_alive(model, n), "a dead node was found");
    ++*found;
    return true;
}

static void try_query(const char *text, size_t n)
{
    ox_query *q;
    ox_error err;
    size_t found = 0;
    ox_error_clear(&err);
    ox_status s = ox_query_parse(&q, model, text, n, &err);
    if (s != OX_OK) {
        fuzz_check_error(&err, s, n);
        FUZZ_CHECK(err.col <= n + 1, "column %u of %zu bytes", err.col, n);
        return;
    }
    s = ox_query_run(q, model, on_node, &found, NULL, &err);
    if (s != OX_OK) fuzz_check_error(&err, s, n);
    FUZZ_CHECK(found <= ox_model_n_nodes(model), "%zu nodes found", found);
    for (uint32_t i = 1; i < ox_model_node_limit(model) && s == OX_OK; i++) {
        ox_node node = ox_model_node_at(model, i);
        if (node.id && ox_query_matches(q, model, node)) found--;
    }
    FUZZ_CHECK(s != OX_OK || found == 0, "nodes found and nodes that match differ by %zu", found);
    ox_query_free(q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n && data[0] == 'd' && n > 1 && data[1] == '\n')
        try_dim((const char *)data + 2, n - 2);
    else
        try_query((const char *)data, n);
    return 0;
}
