/* Floor 3. The code of an opened archive as graphs of a model. */
#ifndef ONNXSH_IO_TORCHSCRIPT_CODE_H
#define ONNXSH_IO_TORCHSCRIPT_CODE_H

#include "io/torchscript/rows.h"

#include <onnxsh/io.h>

/* Graph 1 of an archive is its method forward with all calls inlined, graph 2 the same with its calls. */
enum { OX__CODE_GRAPHS = 2 };

/* Lowers a graph into the main graph of m. arrays holds the rows of the archive's tensors, constants among them; what
 * the map of a row is called in m: file[row->file]. */
ox_status ox__code_lower(ox_model *m, ox__archive *a, ox__arrays *arrays, const uint32_t *file, int graph,
                         const ox_task *task, ox_error *err) OX_MUST_USE;

#endif
