/* Floor 3. Writing a .onnx file: the state of one save, and the parts of the writer.
 *
 * The writer goes over a model's records in the order of the file. What is clean is copied from the source; a record
 * that is dirty, or has such a one inside, is spliced: its source is walked, fields that the IR does not know are
 * copied, the others are written from the IR where they stood, and new ones where their number belongs. A record
 * without a source is the same with nothing to walk. Every part runs twice, counting and writing (sink.h); failures
 * are sticky. */
#ifndef ONNXSH_IO_ONNX_SAVE_H
#define ONNXSH_IO_ONNX_SAVE_H

#include "io/onnx/onnx.h"
#include "io/onnx/sink.h"

/* A tensor that goes to the new data file. */
typedef struct ox__moved {
    ox_tensor tensor;
    uint64_t offset, n;
} ox__moved;

/* What becomes of a tensor's data. */
typedef enum ox__fate {
    OX__FATE_SOURCE, /* as the source record has it: in the file, or in the external file that it names */
    OX__FATE_INLINE, /* written into the file */
    OX__FATE_MOVE    /* to the new data file */
} ox__fate;

enum { OX__MAX_KNOWN = 24 }; /* fields that a splice knows, at most */

typedef struct ox__enc {
    const ox_model *m;
    ox__onnx *io; /* NULL: the model was not read from a .onnx file */
    ox__sink k;
    const ox_save_options *opt;
    bool force;          /* nothing that may hold a tensor or a documentation is copied without a look */
    bool keep_refs;      /* the target is the file that the model came from: references to data stay */
    bool spill;          /* the file would be too large: tensors go out */
    char *data_name;     /* location of the new data file; owned */
    char *data_path;     /* its path, once it is written; owned */
    OX__VEC(char *) old; /* paths of data files that the save makes superfluous, perhaps; owned */
    OX__VEC(ox__moved) moved;
    size_t next_moved;      /* writing: the next of them */
    uint64_t data_n;        /* bytes of the new data file */
    uint8_t *usable;        /* for each file of io->data: it still lies beside the target; owned */
    uint8_t *kept;          /* for each file of io->data: something names it still; owned */
    uint64_t *marks[3];     /* bit sets by id, see ox__mark; owned */
    uint32_t graph_cursor;  /* functions and training graphs come in the order of the file */
    const uint8_t *counted; /* the message whose fields were counted last, if it is large; see splice.c */
    uint32_t counts[OX__MAX_KNOWN];
    uint64_t ticks;   /* for progress */
    ox_status status; /* the first failure */
    ox_error error;
} ox__enc;

/* ---- splice.c ---- */
/* Where a splice stands: a field of the source, or the place of one that the source does not have (f NULL). */
typedef struct ox__at {
    uint32_t number;
    const ox__field *f;
    const uint8_t *end; /* of the field */
    bool first, last;   /* of its number */
    bool fresh;         /* the whole message is new */
} ox__at;
typedef void (*ox__splice_fn)(ox__enc *e, void *ud, const ox__at *at);
/* A known field and the wire types that the loader takes for it; with another one it is a field that nobody knows. */
#define OX__KNOWN(number, wires) ((uint32_t)(wires) << 8 | (number))
enum {
    OX__W_BYTES = 1 << OX__WIRE_BYTES,
    OX__W_VARINT = 1 << OX__WIRE_VARINT,
    OX__W_FLOAT = 1 << OX__WIRE_32,
    OX__W_INTS = OX__W_VARINT | OX__W_BYTES,
    OX__W_FLOATS = OX__W_FLOAT | OX__W_BYTES,
    OX__W_DOUBLES = 1 << OX__WIRE_64 | OX__W_BYTES,
    OX__W_ANY = 0xFF
};
#define OX__KNOWN_BYTES(number) OX__KNOWN(number, OX__W_BYTES)
/* Walks src (may be absent) and hands fn every field of a number in `known` (ascending), and each of these numbers that
 * src lacks at its place; copies all others. */
void ox__splice(ox__enc *e, const ox__msg *src, const uint32_t *known, unsigned n_known, ox__splice_fn fn, void *ud);
void ox__enc_fail(ox__enc *e, ox_status code, const char *fmt, ...) OX_PRINTF(3, 4);
/* Copies the field; nothing if there is none. */
void ox__at_copy(ox__enc *e, const ox__at *at);
/* Writes a text once, at the first occurrence: if it is not empty, or the source had one. */
void ox__at_text(ox__enc *e, const ox__at *at, ox_str s);
/* Copies record rec as a field of this number. */
void ox__enc_copy_record(ox__enc *e, uint32_t rec, uint32_t number);
/* metadata_props: entries that are still the same are copied. *next counts the pairs that were written. */
void ox__at_pairs(ox__enc *e, const ox__at *at, const ox_pair *pairs, size_t n, size_t *next);
void ox__at_opsets(ox__enc *e, const ox__at *at, const ox_opset *opsets, size_t n, size_t *next);
/* The name that a value has in the file: an unnamed one that is used gets one that nobody has. */
const char *ox__enc_value_name(ox__enc *e, uint32_t value, char buf[48], size_t *n);

/* Bit sets over the rows of a table: which records a list still has to write. */
enum { OX__MARK_NODE, OX__MARK_ITEM, OX__MARK_GRAPH };
static inline void ox__mark(ox__enc *e, int set, uint32_t id)
{
    e->marks[set][id / 64] |= UINT64_C(1) << id % 64;
}
static inline void ox__unmark(ox__enc *e, int set, uint32_t id)
{
    e->marks[set][id / 64] &= ~(UINT64_C(1) << id % 64);
}
static inline bool ox__marked(const ox__enc *e, int set, uint32_t id)
{
    return e->marks[set][id / 64] >> id % 64 & 1;
}

/* Asks the task whether to go on, now and then; to be called for each record. False after any failure. */
bool ox__enc_goes_on(ox__enc *e);

/* ---- save_model.c ---- */
void ox__enc_model(ox__enc *e);
/* ---- save_graph.c ---- */
void ox__enc_graph(ox__enc *e, uint32_t number, uint32_t graph);
/* ---- save_node.c ---- */
void ox__enc_node(ox__enc *e, uint32_t number, uint32_t node);
void ox__enc_attr(ox__enc *e, uint32_t number, const ox_attr *a, const ox__msg *src);
/* attribute (of a node) or attribute_proto (of a function). clean: none of them was edited, but for what is inside. */
void ox__at_attrs(ox__enc *e, const ox__at *at, const ox_attr *a, size_t n, size_t *next, bool clean);
/* ---- save_type.c ---- */
void ox__enc_type(ox__enc *e, uint32_t number, ox_type t);
/* ---- save_tensor.c; name NULL: its own ---- */
void ox__enc_tensor(ox__enc *e, uint32_t number, ox_tensor t, const char *name, size_t n);
/* ---- save_data.c ---- */
/* Looks which external files a save to path may go on naming, and finds a name for a new one. */
ox_status ox__data_prepare(ox__enc *e, const char *path, ox_error *err) OX_MUST_USE;
ox__fate ox__enc_fate(ox__enc *e, const ox_tensor_info *info);
/* Gives a tensor its place in the data file; the same one in both runs. */
uint64_t ox__enc_place(ox__enc *e, ox_tensor t, uint64_t n);
/* Writes the new data file beside path. */
ox_status ox__data_write(ox__enc *e, const char *path, ox_error *err) OX_MUST_USE;
/* Removes the new data file after a failure; allocates nothing. */
void ox__data_drop(ox__enc *e);
/* Before the commit: the data files that belong to the model that path holds now. After it: removes those that nothing
 * names any more. */
ox_status ox__data_find_old(ox__enc *e, const char *path, ox_error *err) OX_MUST_USE;
void ox__data_sweep(ox__enc *e, const char *path);

#endif
