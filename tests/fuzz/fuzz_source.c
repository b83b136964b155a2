/* The source code inside TorchScript archives: whatever the bytes, a tree whose parts lie in the text, or an error with
 * its place. */
#include "fuzz.h"

#include "io/torchscript/source.h"

static void walk(const ox__src *e, size_t n, unsigned depth)
{
    if (!e) return;
    FUZZ_CHECK(e->at <= n, "a part at byte %u of %zu", e->at, n);
    /* a suite and a chain of calls nest in each other, each of at most OX__SRC_DEPTH */
    FUZZ_CHECK(depth <= 3 * OX__SRC_DEPTH * OX__SRC_DEPTH, "a tree %u deep", depth);
    if (e->kind < OX__SRC_TUPLE) return;
    for (uint32_t i = 0; i < e->n; i++) walk(e->kid[i], n, depth + 1);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    ox__src_text text = {"code.py", (const char *)data, n};
    ox__arena arena = {0};
    ox__src *file;
    ox_error err;
    ox_error_clear(&err);
    ox_status s = ox__src_parse(&file, &text, &arena, &err);
    if (s == OX_OK)
        walk(file, n, 0);
    else
        fuzz_check_error(&err, s, n);
    ox__arena_free(&arena);
    return 0;
}
