/* Opening and saving files: `.onnx`, text traces, and archives of arrays for weights.
 *
 * Weights are never read at opening: tensors keep spans of the mapped file. A loaded `.onnx` keeps the source span of
 * every record, so that an unedited model saves byte-identical and an edit changes its record only. */
#ifndef ONNXSH_IO_H
#define ONNXSH_IO_H

#include <onnxsh/data.h>
#include <onnxsh/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ox_open_options {
    const char *format;  /* a format's name, NULL = by content */
    int graph;           /* which graph of a file that holds several, 1-based; 0 = the only one, or the default */
    const char *method;  /* of a TorchScript archive: "forward", "features.0.forward"; its graph with the calls that it
                            makes as calls, instead of `graph`. NULL = none is asked for */
    bool follow_links;   /* external data through symbolic or hard links */
    const ox_task *task; /* may be NULL */
} ox_open_options;

/* What the loader has to say although it succeeded: constants that were rounded or lost, several graphs in the file,
 * lines that it skipped. Called during ox_open, place filled in. */
typedef void (*ox_warn_fn)(void *ud, const ox_error *warning);

/* Opens path ("-" = standard input) by content: every format's sniff decides, in the order of formats.def. opt and warn
 * may be NULL. The caller frees *out. Errors have the place (offset or line) and a hint. */
OX_API OX_MUST_USE ox_status ox_open(ox_model **out, const char *path, const ox_open_options *opt, ox_warn_fn warn,
                                     void *ud, ox_error *err);
/* The same from memory (borrowed for the call: it is copied); name stands in errors. For pipes, tests and fuzzing. */
OX_API OX_MUST_USE ox_status ox_open_memory(ox_model **out, const void *data, size_t n, const char *name,
                                            const ox_open_options *opt, ox_warn_fn warn, void *ud, ox_error *err);

/* A row of the graphs in a file that holds several (text logs). */
typedef struct ox_graph_row {
    char title[160]; /* "Exported graph", "Torch IR graph at exception", ...; raw bytes */
    uint64_t line;   /* where it begins, 1-based */
    uint64_t n_nodes;
} ox_graph_row;
/* Lists the graphs of a file: at most max rows into rows, *n their full number (1 for formats that hold one). */
OX_API OX_MUST_USE ox_status ox_list_graphs(const char *path, ox_graph_row *rows, size_t max, size_t *n, ox_error *err);

typedef enum ox_external_mode { OX_EXTERNAL_AUTO, OX_EXTERNAL_ALWAYS, OX_EXTERNAL_NEVER } ox_external_mode;

typedef struct ox_save_options {
    ox_external_mode
        external;        /* AUTO: where the file would exceed 2^31-1 bytes, and tensors that were external stay so */
    bool strip_doc;      /* leave out doc_string of nodes */
    const ox_task *task; /* may be NULL */
} ox_save_options;

/* Saves an ONNX model to path: weights are streamed from their maps, the file is written beside the target, synced and
 * renamed. The model may have been opened from path itself. A trace is OX_E_INVALID with the hint to export it.
 * External data goes to one file beside it, named after the whole file name (`m.onnx.data`, or `m.onnx-1.data`, ...
 * when that name is taken: nothing is written over or through a link); the rename of the .onnx is the only commit, and
 * data of that name which the replaced model used and the new one does not goes afterwards. References to data that was
 * external before are kept only when the model is saved in place; under another name it gets data of its own. Under
 * ALWAYS tensors below 1 KiB stay inside. */
OX_API OX_MUST_USE ox_status ox_save_onnx(const ox_model *m, const char *path, const ox_save_options *opt,
                                          ox_error *err);
/* The bytes that ox_save_onnx would write inline, without weights held elsewhere. */
OX_API OX_MUST_USE ox_status ox_onnx_size(const ox_model *m, const ox_save_options *opt, uint64_t *bytes,
                                          ox_error *err);

/* One row for each format that can be opened. */
typedef struct ox_format_row {
    const char *name, *extensions, *help;
} ox_format_row;
OX_API size_t ox_formats(const ox_format_row **rows);

/* ---- weights: named arrays of another file ---- */
typedef struct ox_bind_report {
    size_t bound;   /* inputs, lost constants and module attributes that found their array */
    size_t missing; /* those that found none; see ox_bind_weights */
    size_t unused;  /* arrays that nothing wanted */
} ox_bind_report;
/* Called for every parameter or array that does not fit: kind "missing", "unused" or "mismatch" (dtype or shape). Names
 * are raw bytes. */
typedef void (*ox_bind_fn)(void *ud, const char *kind, const char *name, const char *detail);
/* Supplies data by exact name from a .npz, .npy, .safetensors or .onnx file, or one of PyTorch (.pt):
 *  - inputs of the main graph become initializers (an input that has data already is left alone);
 *  - lost constants, by the name of their value;
 *  - tensors that a traced module graph takes by a chain of prim::GetAttr from an input, by their path
 * ("features.0.bias"): an initializer of that name takes their place. Missing are lost constants and module attributes
 * without an array, and inputs without one behind the first input that has one: the inputs of the user stand before the
 * parameters. Arrays are mapped, not read, but stored members of a .npz are held against their checksum; what is
 * compressed, big endian or in Fortran order is unpacked into a temporary file without a name that is mapped. A shape
 * or dtype that contradicts a type is OX_E_INVALID, after fn has been called for each; then, as after any failure, the
 * model is as it was. */
OX_API OX_MUST_USE ox_status ox_bind_weights(ox_model *m, const char *path, ox_bind_report *report, ox_bind_fn fn,
                                             void *ud, ox_error *err);
/* The same; of opt (may be NULL) follow_links, for the external data of an .onnx, and task are used. */
OX_API OX_MUST_USE ox_status ox_bind_weights_with(ox_model *m, const char *path, const ox_open_options *opt,
                                                  ox_bind_report *report, ox_bind_fn fn, void *ud, ox_error *err);

/* ---- data: named values for a run, and what it gave ---- */
typedef struct ox_named_data {
    char *name; /* raw bytes, terminated */
    ox_data *data;
} ox_named_data;

/* A list of named data; all zero is empty. */
typedef struct ox_data_set {
    ox_named_data *rows;
    size_t n, cap;
} ox_data_set;
/* Adds a row; the name is copied and the reference taken over (also on failure). A row of that name is replaced,
 * but for the empty name, which rows without one share. */
OX_API OX_MUST_USE ox_status ox_data_set_add(ox_data_set *set, const char *name, ox_data *d, ox_error *err);
/* The row of that name, or NULL. */
OX_API const ox_named_data *ox_data_set_find(const ox_data_set *set, const char *name);
OX_API void ox_data_set_clear(ox_data_set *set); /* frees the rows */

/* Reads all arrays of a .npz, .npy, .safetensors or .pt file, or the message of a .pb file: what TensorProto,
 * SequenceProto, OptionalProto and MapProto hold, told apart by `kind` (OX_TYPE_TENSOR, OX_TYPE_SEQUENCE,
 * OX_TYPE_OPTIONAL, OX_TYPE_MAP). A .npy is named after its file, a .pb as it says itself (often ""). */
OX_API OX_MUST_USE ox_status ox_data_read(ox_data_set *set, const char *path, ox_type_kind kind, const ox_task *task,
                                          ox_error *err);
/* Writes a .npz, stored, atomically. Element types that NumPy has not are written as the next that it has: bfloat16
 * and the 8-bit floats as raw bytes (void), 2- and 4-bit integers as int8 or uint8, 4- and 6-bit floats as float32,
 * strings as Unicode. Item k of a sequence or optional is NAME[k], a map is NAME.keys and NAME.values. */
OX_API OX_MUST_USE ox_status ox_data_write_npz(const ox_data_set *set, const char *path, const ox_task *task,
                                               ox_error *err);

#ifdef __cplusplus
}
#endif
#endif
