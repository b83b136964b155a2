/* Floor 3. The code of an opened archive as graphs of a model. */
#ifndef ONNXSH_IO_TORCHSCRIPT_CODE_H
#define ONNXSH_IO_TORCHSCRIPT_CODE_H

#include "io/torchscript/rows.h"

#include <onnxsh/io.h>

/* Lowers graph number `graph` into the main graph of m: 1 is the method forward with all calls inlined, 2 the same with
 * its calls, 3 and 4 are the next method, ...; 0 is the first. A method by its name
 * ("features.0.forward") comes before the number, with its calls; NULL: none. arrays holds the rows of the archive's
 * tensors, constants among them; what the map of a row is called in m: file[row->file]. *unread: only the code is at
 * fault, all else can be had; nothing of it is in the main graph then. */
ox_status ox__code_lower(ox_model *m, ox__archive *a, ox__arrays *arrays, const uint32_t *file, int graph,
                         const char *method, bool *unread, const ox_task *task, ox_error *err) OX_MUST_USE;
/* The objects of the archive as scopes, for a model without a graph that would tell them. */
ox_status ox__code_scopes(ox_model *m, const ox__archive *a, ox_error *err) OX_MUST_USE;

/* Lists them: at most max rows into rows, *n their full number. */
ox_status ox__code_list(ox__archive *a, ox_graph_row *rows, size_t max, size_t *n, ox_error *err) OX_MUST_USE;

#endif
