/* Floor 4. The model's own fields: IR version, opset imports, metadata. */
#include "check/check.h"

static void check_ir_version(ox__check *c)
{
    int64_t ir = ox_model_ir_version(c->m);
    ox__place_of nowhere = {0};
    if (ir <= 0)
        ox__check_report(c, OX__CHECK_IR_VERSION, nowhere, "state the IR version", "the model states no IR version");
    else if (ir > ox_ir_newest())
        ox__check_report(c, OX__CHECK_IR_VERSION, nowhere, NULL, "IR version %lld is newer than the newest known, %lld",
                         (long long)ir, (long long)ox_ir_newest());
}

static void check_imports(ox__check *c)
{
    const ox_opset *rows;
    size_t n = ox_model_opsets(c->m, &rows);
    int64_t ir = ox_model_ir_version(c->m);
    ox__place_of nowhere = {0};
    if (ir >= 3 && n == 0)
        ox__check_report(c, OX__CHECK_OPSET_MISSING, nowhere, NULL, "the model imports no operator set");
    if (ir > 0 && ir < 3 && n)
        ox__check_report(c, OX__CHECK_IR_VERSION, nowhere, NULL, "IR version %lld has no opset imports", (long long)ir);
    for (size_t i = 0; i < n; i++) {
        size_t len;
        const char *domain = ox_str_text(c->m, rows[i].domain, &len);
        const char *name = len ? ox__check_name(c, rows[i].domain) : "ai.onnx";
        if (!ox__check_once(c, ox__hash_mix('o', rows[i].domain.id)))
            ox__check_report(c, OX__CHECK_OPSET_TWICE, nowhere, NULL, "%s is imported twice", name);
        int64_t newest = memchr(domain, '\0', len) ? 0 : ox_opset_newest(domain);
        if (newest && rows[i].version > newest)
            ox__check_report(c, OX__CHECK_OPSET_UNKNOWN, nowhere, "operators are held against the newest known one",
                             "opset %lld of %s is newer than the newest known, %lld", (long long)rows[i].version, name,
                             (long long)newest);
    }
}

static void check_metadata(ox__check *c)
{
    const ox_pair *rows;
    size_t n = ox_model_metadata(c->m, &rows);
    for (size_t i = 0; i < n; i++)
        if (!ox__check_once(c, ox__hash_mix('m', rows[i].key.id)))
            ox__check_report(c, OX__CHECK_METADATA_TWICE, (ox__place_of){0}, NULL, "the metadata has the key %s twice",
                             ox__check_name(c, rows[i].key));
}

void ox__check_model(ox__check *c)
{
    check_ir_version(c);
    check_imports(c);
    check_metadata(c);
}
