/* Prints both schema tables as JSON, one operator a line, for test_schema.py. */
#include <onnxsh/schema.h>

#include <stdio.h>
#include <string.h>

static void put(void *ud, const char *s, size_t n)
{
    fwrite(s, 1, n, ud);
}

static int dump(const char *name)
{
    ox_error err;
    ox_schema_print_options opt = {.json = true};
    if (ox_schema_print(name, &opt, put, stdout, &err) == OX_OK) return 0;
    fprintf(stderr, "%s: %s\n", name, err.msg);
    return 1;
}

int main(void)
{
    int bad = 0;
    for (size_t i = 0; i < ox_op_schema_count(); i++) {
        const ox_op_schema *s = ox_op_schema_at(i);
        if (ox_op_schema_newer(s)) continue;
        char name[256];
        ox_op_info info = ox_op_schema_info(s);
        snprintf(name, sizeof name, "%s::%s", info.domain[0] ? info.domain : "onnx", info.name);
        bad |= dump(name);
    }
    for (size_t i = 0; i < ox_aten_count(); i++) bad |= dump(ox_aten_name(i));
    return bad;
}
