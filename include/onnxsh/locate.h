/* From a message of another tool to the place in a model that it speaks of: ONNX Runtime, onnx's checker and inference,
 * TensorRT, PyTorch. The forms of messages are rows of a table; what none of them knows is searched for names of the
 * model between quotes, and for places in Python files. */
#ifndef ONNXSH_LOCATE_H
#define ONNXSH_LOCATE_H

#include <onnxsh/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A form of message: a regular expression of PCRE2 whose groups hold, in order, what `groups`
 * says, one letter each:
 *
 *   n  the name of a node         v  the name of a value         o  an operator, "Conv" or "aten::elu"
 *   i  the number of a node in the order of the file, from 0     f, l  a source file and its line */
typedef struct ox_message_form {
    const char *tool;   /* "ONNX Runtime" */
    const char *what;   /* "a node fails while it runs" */
    const char *groups; /* "on" */
    const char *pattern;
    const char *example; /* a message of that form */
} ox_message_form;
OX_API size_t ox_message_forms(const ox_message_form **rows);

typedef struct ox_locus {
    ox_node node;                /* {0}: value is made by no node */
    ox_value value;              /* the value that was named; {0}: a node was */
    const char *how;             /* "node name", "value", "number in the file", "source line", "operator" */
    const ox_message_form *form; /* NULL: the text merely holds the name */
    size_t begin, end;           /* the part of the text that names it */
} ox_locus;

/* Called for each place, surest first; false ends the search. */
typedef bool (*ox_locus_fn)(void *ud, const ox_locus *l);

enum { OX_LOCATE_MAX = 1 << 20 }; /* bytes of text that are looked at */

/* Finds what a text speaks of in m; each node once. An operator names all of its nodes, unless something surer was
 * found. A text without a place in m calls fn never and is OX_OK. */
OX_API OX_MUST_USE ox_status ox_locate(const ox_model *m, const char *text, size_t n, ox_locus_fn fn, void *ud,
                                       const ox_task *task, ox_error *err);

#ifdef __cplusplus
}
#endif
#endif
