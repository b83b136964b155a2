/* The source code inside TorchScript archives: whatever the bytes, a tree whose parts lie in the text, or an error with
 * its place; and of a tree a graph that prints, or an error. */
#include "fuzz.h"

#include "io/torchscript/lower.h"

static void walk(const ox__src *e, size_t n, unsigned depth)
{
    if (!e) return;
    FUZZ_CHECK(e->at <= n, "a part at byte %u of %zu", e->at, n);
    /* a suite and a chain of calls nest in each other, each of at most OX__SRC_DEPTH */
    FUZZ_CHECK(depth <= 3 * OX__SRC_DEPTH * OX__SRC_DEPTH, "a tree %u deep", depth);
    if (e->kind < OX__SRC_TUPLE) return;
    if (e->kind == OX__SRC_BROKEN) {
        FUZZ_CHECK(e->error->msg[0] && e->error->line, "a definition that is broken without a reason");
        return;
    }
    for (uint32_t i = 0; i < e->n; i++) walk(e->kid[i], n, depth + 1);
}

static ox_status code_file(void *ud, const char *qualifier, ox__src_text *text, const ox__obj **debug, ox_error *err)
{
    (void)debug, (void)err;
    if (strcmp(qualifier, "__torch__") == 0) *text = *(const ox__src_text *)ud;
    return OX_OK;
}

static ox_status no_tensor(void *ud, const ox__obj_tensor *t, ox_tensor *out, ox_error *err)
{
    (void)ud, (void)t, (void)out;
    return ox__fail(err, OX_E_NOT_FOUND, "there are no tensors");
}

/* Lowers the class Net, whose object has no attributes. */
static void try_lower(const ox__src_text *text, bool calls)
{
    ox__obj_object object = {.class_name = "__torch__.Net"};
    ox__obj root = {.kind = OX__OBJ_OBJECT, .object = &object};
    ox__ts_host host = {
        .ud = (void *)(uintptr_t)text, .root = &root, .version = 3, .file = code_file, .tensor = no_tensor};
    ox_model *m;
    ox_error err;
    bool unread;
    ox_error_clear(&err);
    if (ox_model_create(&m, OX_MODEL_TRACE, &err) != OX_OK) return;
    ox_status s = ox__ts_open(m, &host, calls, NULL, &unread, NULL, &err);
    if (s == OX_OK) {
        fuzz_text out = {0};
        ox_sink sink = fuzz_sink(&out);
        ox_print_options print = {.style = OX_STYLE_TORCH};
        s = ox_graph_print(m, ox_model_main(m), &print, &sink, &err);
        FUZZ_CHECK(s == OX_OK || out.cut, "%s", err.msg);
        ox__buf_free(&out.b);
    } else {
        FUZZ_CHECK(err.msg[0], "status %d without a message", (int)s);
        FUZZ_CHECK(!unread || s == OX_E_FORMAT || s == OX_E_UNSUPPORTED || s == OX_E_NOT_FOUND,
                   "status %d taken for code that is not understood", (int)s);
    }
    ox_model_free(m);
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
    bool cut;
    ox_error err;
    ox_error_clear(&err);
    ox_status s = ox__src_parse(&file, &text, &arena, &cut, &err);
    if (s == OX_OK) {
        walk(file, n, 0);
        try_lower(&text, false);
        try_lower(&text, true);
    } else {
        fuzz_check_error(&err, s, n);
    }
    ox__arena_free(&arena);
    return 0;
}
