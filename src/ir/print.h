/* Floor 1. What the printers of the styles share: a buffered, sticky writer and the small pieces of text (names, types,
 * dims, attribute values). A printer lives on the stack of one public call; it borrows all but its buffers. */
#ifndef ONNXSH_IR_PRINT_H
#define ONNXSH_IR_PRINT_H

#include "ir/ir.h"

#include <onnxsh/print.h>

typedef struct ox__printer {
    const ox_model *m;
    const ox_print_options *opt;
    ox_style style; /* opt->style */
    const ox_sink *out;
    ox_error *err;
    ox_status s; /* sticky: when it is not OX_OK nothing is written any more */
    char *buf;   /* waits to be written */
    size_t n, cap;
    char small[512]; /* buf of a short print */
    char *big;       /* buf of a long one, owned */
    ox__buf scratch; /* names that need the sanitiser */
    uint64_t nodes;  /* printed so far, for the task */
    uint64_t total;  /* nodes that there are */
    bool cuda;       /* the node that is printed has its result on a CUDA device */
    uint32_t depth;  /* of the block that is printed */
    uint32_t noted;  /* notes given already, by bit */
    uint8_t *keep;   /* by node id: 1 = inside opt->scope; NULL = all; owned */
    uint8_t *fold;   /* by node id: see print_fold.c; may be NULL; owned */
} ox__printer;

/* ---- print_writer.c ---- */
/* A printer for text of any length (a large buffer) or for a few words. */
ox_status ox__printer_open(ox__printer *p, const ox_model *m, const ox_print_options *opt, const ox_sink *out,
                           bool large, ox_error *err) OX_MUST_USE;
/* Flushes, frees, and says how it went. */
ox_status ox__printer_close(ox__printer *p) OX_MUST_USE;
/* Makes the printer fail with `s` (its error is set already). */
void ox__print_fail(ox__printer *p, ox_status s);
void ox__print(ox__printer *p, const char *s, size_t n); /* as it is */
void ox__prints(ox__printer *p, const char *s);
void ox__printc(ox__printer *p, char c);
void ox__print_indent(ox__printer *p, size_t columns);
void ox__print_i64(ox__printer *p, int64_t v);
void ox__print_ink(ox__printer *p, ox_ink ink);
/* Printable ASCII without backslashes: what the sanitiser need not see. */
bool ox__text_is_plain(const char *s, size_t n);
/* Bytes of a model: through the sanitiser unless opt->raw. */
void ox__print_text(ox__printer *p, const char *s, size_t n);
void ox__print_str(ox__printer *p, ox_str s);
/* Between double quotes: torch's escapes, or for people (seed, folded) those that text needs. */
void ox__print_quoted(ox__printer *p, const char *s, size_t n);
/* Counts a node; asks the task now and then. False when the printer has stopped. */
bool ox__print_goes_on(ox__printer *p);
/* Tells opt->note of a thing that the style cannot say, once for each bit. */
void ox__print_note(ox__printer *p, uint32_t bit, const char *text);

/* ---- print_type.c ---- */
void ox__print_dim(ox__printer *p, ox_dim d);
void ox__print_type(ox__printer *p, ox_type t, ox_layout l);
void ox__print_value(ox__printer *p, ox_value v);    /* %name */
void ox__print_declared(ox__printer *p, ox_value v); /* %name : type */
void ox__print_label(ox__printer *p, ox_value v);    /* the name, or a number that no name is */
/* onnx::Conv, aten::add.Tensor, ^Warp; the overload only if asked for. */
void ox__print_op(ox__printer *p, ox_node n, bool overload);
const char *ox__dtype_text(ox_dtype t); /* in seed and torch */

/* ---- print_attr.c ---- */
void ox__print_attr(ox__printer *p, const ox_attr *a); /* the value alone */
void ox__print_float(ox__printer *p, double v);        /* as the style prints an attribute's float */
void ox__print_tensor(ox__printer *p, ox_tensor t);    /* {1}, ` 2 -1 [ CPULongType{2} ]`, <Tensor> */
/* Reads a dense tensor of at most 10 elements into data; false if it is larger or is not to be had. */
bool ox__small_tensor(const ox_model *m, const ox_tensor_info *info, ox_tensor t, uint64_t *data, size_t size);

/* ---- print_tensor.c ---- */
/* Up to 10 elements as PyTorch prints them, on one line. `v` are the elements, `cuda` the kind of their device. */
void ox__print_torch_array(ox__printer *p, ox_dtype dtype, uint32_t rank, const int64_t *dims, const double *v,
                           bool cuda);

/* ---- print_scope.c ---- */
void ox__print_scope(ox__printer *p, ox_scope s);

/* ---- print_fold.c ---- */
/* True if v is a constant or a list that is printed where it is used. */
bool ox__fold_value(ox__printer *p, ox_value v);
void ox__print_folded(ox__printer *p, ox_value v);
/* True if v is a constant of any kind that can be written in a line: made by a Constant, a list of such, or a small
 * initializer. ox__print_folded writes it. */
bool ox__is_constant(const ox_model *m, ox_value v);
/* True if n needs no line of its own. */
bool ox__fold_hides(ox__printer *p, ox_node n);

/* ---- print_python.c ---- */
void ox__python_repr(ox__buf *b, const char *s, size_t n); /* of a str: s is valid UTF-8 */
void ox__python_bytes(ox__buf *b, const char *s, size_t n);
void ox__proto_type(const ox_model *m, ox__buf *b, ox_type id, int indent); /* a TypeProto in protobuf's text form */

/* ---- the styles: a whole graph, with what follows it; one node ---- */
void ox__print_graph_text(ox__printer *p, ox_graph g); /* print_graph.c: seed, folded, torch */
void ox__print_node_text(ox__printer *p, ox_node n);
void ox__print_graph_onnx(ox__printer *p, ox_graph g); /* print_onnx.c */
void ox__print_node_onnx(ox__printer *p, ox_node n);
void ox__print_graph_printable(ox__printer *p, ox_graph g); /* print_printable.c */
void ox__print_node_printable(ox__printer *p, ox_node n);
/* False if the scope of the options leaves n out. */
static inline bool ox__print_keeps(const ox__printer *p, ox_node n)
{
    return !p->keep || p->keep[n.id];
}

#endif
