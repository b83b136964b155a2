/* Floor 1. The inside of a query: a program of terms, run on one node after another.
 *
 * Parsing turns the text into terms and a few jumps (no tree, so a long query needs no deep stack). Terms own their
 * patterns and sets. All that is looked up in the model (values, what up() and down() reach) is looked up when the
 * query is parsed; what is remembered while it runs (which strings match) belongs to the run. */
#ifndef ONNXSH_IR_QUERY_H
#define ONNXSH_IR_QUERY_H

#include "base/regex.h"
#include "ir/ir.h"

#include <onnxsh/query.h>

/* ---- patterns (query_pattern.c) ---- */
typedef enum ox__pattern_kind { OX__EXACT, OX__SUBSTRING, OX__GLOB, OX__REGEX } ox__pattern_kind;

typedef struct ox__pattern {
    ox__pattern_kind kind;
    bool fold;  /* ASCII letters match in both cases; text is in lower case */
    char *text; /* owned, terminated */
    size_t n;
    ox__regex *regex; /* owned */
} ox__pattern;

/* What a word of a query is: how it was written, and its bytes without quotes or slashes. */
typedef struct ox__qword {
    const char *p; /* into the query's text, or to `own` of the parser */
    size_t n;
    size_t at; /* offset in the query's text */
    bool quoted, regex, nocase;
    bool percent; /* it began with %, which is taken off */
} ox__qword;

/* Compiles a word: a regular expression, a glob if it has * or ? (`globs`), else text of the kind `plain`. */
ox_status ox__pattern_make(ox__pattern *out, const ox__qword *w, bool globs, ox__pattern_kind plain,
                           ox_error *err) OX_MUST_USE;
void ox__pattern_free(ox__pattern *x);
/* 1 matches, 0 does not, -1: the regular expression ran into its limits. */
int ox__pattern_matches(const ox__pattern *x, const char *s, size_t n);

/* ---- terms (query_term.c) ---- */
typedef enum ox__field {
    OX__F_OP,
    OX__F_SCOPE,
    OX__F_DTYPE,
    OX__F_SHAPE,
    OX__F_NAME,
    OX__F_USES,
    OX__F_DEF,
    OX__F_IN,
    OX__F_OUT,
    OX__F_ATTR,
    OX__F_CONST,
    OX__F_HAS,
    OX__F_FILE,
    OX__F_LINE,
    OX__N_FIELDS,
    OX__F_TEXT = OX__N_FIELDS, /* a word without a field */
    OX__F_SET                  /* what up() and down() reach */
} ox__field;

typedef enum ox__compare { OX__HAS, OX__EQ, OX__NE, OX__LT, OX__LE, OX__GT, OX__GE } ox__compare;

typedef struct ox__shape_item {
    enum { OX__SHAPE_ANY, OX__SHAPE_REST, OX__SHAPE_UNKNOWN, OX__SHAPE_TEXT } kind;
    uint32_t at, n; /* TEXT: in the term's pattern text */
} ox__shape_item;

typedef struct ox__term {
    ox__field field;
    ox__pattern pattern; /* of the value */
    ox__pattern key;     /* attr: the name; op: the domain when one is written */
    bool has_key;
    ox__compare compare;   /* attr */
    bool is_int, is_float; /* attr: the value as a number */
    int64_t i;
    double f;
    uint64_t mask;        /* dtype: by number; has: by row */
    uint32_t first, last; /* line: a range */
    OX__VEC(ox__shape_item) shape;
    ox_str name;    /* uses, def: the value's name, or {0} and `value` */
    uint32_t value; /* id of a value without a name */
    uint8_t *set;   /* up, down: a bit for each node id below set_n; owned */
    uint32_t set_n;
} ox__term;

/* Fills the term of a field from its value. w->at is the place for errors. */
ox_status ox__term_make(ox__term *t, ox__field field, const ox_model *m, const ox__qword *w, ox_error *err) OX_MUST_USE;
/* The value of attr:NAME>VALUE; v NULL for attr:NAME. */
ox_status ox__term_make_attr(ox__term *t, const ox__qword *name, ox__compare c, const ox__qword *v,
                             ox_error *err) OX_MUST_USE;
void ox__term_free(ox__term *t);

/* ---- running (query_match.c) ---- */
typedef struct ox__memo_bytes {
    uint8_t *p; /* by id: 0 not known, 1 no, 2 yes; owned */
    size_t n;
} ox__memo_bytes;

enum { OX__MEMO_TERMS = 8, OX__OP_CACHE = 64 };

typedef struct ox__op_seen {
    uint32_t domain, op, overload;
    uint8_t answer;
} ox__op_seen;

typedef struct ox__query_run {
    const ox_query *q;
    const ox_model *m;
    bool remembers;                         /* false for a single node */
    ox__memo_bytes strings[OX__MEMO_TERMS]; /* of the first terms */
    ox__memo_bytes scopes[OX__MEMO_TERMS];
    ox__op_seen ops[OX__MEMO_TERMS][OX__OP_CACHE];
    bool too_hard; /* a regular expression ran into its limits */
} ox__query_run;

bool ox__term_matches(ox__query_run *r, uint32_t term, ox_node n);
void ox__query_run_free(ox__query_run *r);
/* Runs the program on a node. */
bool ox__query_eval(ox__query_run *r, ox_node n);

/* ---- up and down (query_reach.c) ---- */
/* Sets bits of `set` (limit bits) for what is reached from the nodes of `start` (a set like it) in at most `depth`
 * steps, those nodes included. */
ox_status ox__query_reach(const ox_model *m, bool up, uint8_t *set, uint32_t limit, uint64_t depth,
                          ox_error *err) OX_MUST_USE;
/* Adds the nodes one step from a value. */
void ox__query_step_value(const ox_model *m, bool up, ox_value v, uint8_t *set, uint32_t limit);

/* ---- the program ---- */
typedef enum ox__query_code { OX__CODE_TERM, OX__CODE_NOT, OX__CODE_IF_FALSE, OX__CODE_IF_TRUE } ox__query_code;
typedef struct ox__query_insn {
    ox__query_code code;
    uint32_t arg; /* a term, or where to jump */
} ox__query_insn;

struct ox_query {
    OX__VEC(ox__query_insn) code;
    OX__VEC(ox__term) terms;
};

#endif
