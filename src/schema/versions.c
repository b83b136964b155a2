/* Floor 2. Opset and IR versions: which are known, and which IR version what a model holds asks for. */
#include <onnxsh/schema.h>

#include "base/base.h"
#include "schema/onnx_rows.h"

int64_t ox_opset_newest(const char *domain)
{
    int d = ox__onnx_find_domain(domain, strlen(domain));
    return d < 0 ? 0 : ox__onnx_domains[d].newest;
}

const char *ox_opset_domain(size_t i)
{
    return i < ox__onnx_n.domains ? ox__onnx_text + ox__onnx_domains[i].name : NULL;
}

int64_t ox_ir_for_domain(const char *domain, int64_t opset)
{
    enum { OLDEST = 3 };
    int64_t ir = OLDEST;
    int d = ox__onnx_find_domain(domain, strlen(domain));
    for (size_t i = 0; i < ox__onnx_n.irs; i++)
        if (ox__onnx_irs[i].domain == d && ox__onnx_irs[i].opset <= opset) ir = OX__MAX(ir, ox__onnx_irs[i].ir);
    return ir;
}

int64_t ox_ir_for_opset(int64_t opset)
{
    return ox_ir_for_domain("", opset);
}

int64_t ox_ir_newest(void)
{
    return ox__onnx_n.newest_ir;
}

int64_t ox_ir_for_dtype(int dtype)
{
    /* The first number that a version of the format added, newest first. */
    static const struct {
        int dtype, ir;
    } added[] = {{27, 14}, {25, 13}, {24, 12}, {23, 11}, {21, 10}, {17, 9}};
    for (size_t i = 0; i < OX__COUNT(added); i++)
        if (dtype >= added[i].dtype) return added[i].ir;
    return 3;
}

int64_t ox_ir_for_feature(ox_ir_feature f)
{
    static const int8_t versions[OX_N_IR_FEATURES] = {
        [OX_IR_UNLISTED_INITIALIZERS] = 4,
        [OX_IR_QUANTIZATION] = 5,
        [OX_IR_SPARSE] = 6,
        [OX_IR_TRAINING] = 7,
        [OX_IR_FUNCTIONS] = 8,
        [OX_IR_FUNCTION_DEFAULTS] = 9,
        [OX_IR_OVERLOADS] = 10,
        [OX_IR_METADATA] = 10,
        [OX_IR_DEVICES] = 11,
        [OX_IR_OPAQUE] = 14,
    };
    return (unsigned)f < OX_N_IR_FEATURES ? versions[f] : ox_ir_newest();
}
