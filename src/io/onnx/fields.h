/* Floor 3. Field numbers of AttributeProto, for the reader and the writer of attributes. */
#ifndef ONNXSH_IO_ONNX_FIELDS_H
#define ONNXSH_IO_ONNX_FIELDS_H

enum {
    A_NAME = 1,
    A_F = 2,
    A_I = 3,
    A_S = 4,
    A_T = 5,
    A_G = 6,
    A_FLOATS = 7,
    A_INTS = 8,
    A_STRINGS = 9,
    A_TENSORS = 10,
    A_GRAPHS = 11,
    A_DOC = 13,
    A_TP = 14,
    A_TYPES = 15,
    A_TYPE = 20,
    A_REF = 21,
    A_SPARSE = 22,
    A_SPARSES = 23,
    A_N = 24 /* one more than the highest */
};

#endif
