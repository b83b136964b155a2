/* Floor 4. A copy of a whole model, for work that must not touch the source. */
#ifndef ONNXSH_REWRITE_CLONE_H
#define ONNXSH_REWRITE_CLONE_H

#include "ir/ir.h"

/* Copies a model as one of `kind`: graphs, blocks, functions, names, types, metadata. Tensors of mapped files are not
 * read: the copy maps the files anew (OX_E_IO if one changed). Each node's origin is the id of its twin. The copy has
 * an empty journal. The caller frees *out. */
ox_status ox__model_clone(ox_model **out, const ox_model *source, ox_model_kind kind, const ox_task *task,
                          ox_error *err) OX_MUST_USE;

#endif
