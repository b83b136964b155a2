/* Floor 3. The source code that a TorchScript archive holds (code/__torch__/...py), as a tree. It is the part of Python
 * that PyTorch writes: no infix operators, no comprehensions, one statement a line. A tree lives in an arena and
 * borrows nothing of the text; every part knows the byte where it begins, which is what errors and debug records are
 * keyed by.
 */
#ifndef ONNXSH_IO_TORCHSCRIPT_SOURCE_H
#define ONNXSH_IO_TORCHSCRIPT_SOURCE_H

#include "base/base.h"

enum { OX__SRC_DEPTH = 100 }; /* of expressions in expressions, of suites in suites */

typedef enum ox__src_kind {
    /* Expressions, and types, which are written as such. */
    OX__SRC_NAME, /* s, n */
    OX__SRC_STR,  /* s, n: unescaped */
    OX__SRC_INT,  /* i */
    OX__SRC_FLOAT,
    OX__SRC_COMPLEX,
    OX__SRC_NONE,
    OX__SRC_TRUE,
    OX__SRC_FALSE,
    OX__SRC_TUPLE,
    OX__SRC_LIST,
    OX__SRC_DICT,    /* key, value, key, value, ... */
    OX__SRC_ATTR,    /* of what, NAME */
    OX__SRC_CALL,    /* of what, arguments... */
    OX__SRC_KEYWORD, /* NAME, value: an argument */
    OX__SRC_INDEX,   /* of what, index */
    OX__SRC_SLICE,   /* from, to; NULL = left out. The index of an INDEX */
    OX__SRC_MINUS,   /* of a name: -inf */
    /* Statements. */
    OX__SRC_ASSIGN, /* TUPLE of targets (`many`: a comma stands behind the last, they unpack one value), type or NULL,
                       value or NULL */
    OX__SRC_EXPR,   /* expression */
    OX__SRC_IF,     /* condition, SUITE, SUITE */
    OX__SRC_FOR,    /* NAME, expression, SUITE */
    OX__SRC_WHILE,  /* condition, SUITE */
    OX__SRC_WITH,   /* expression, NAME or NULL, SUITE */
    OX__SRC_RETURN, /* expression or NULL */
    OX__SRC_PASS,
    OX__SRC_DEF,   /* NAME, SUITE of PARAMs, type or NULL, SUITE or BROKEN */
    OX__SRC_PARAM, /* NAME, type or NULL, default or NULL */
    OX__SRC_CLASS, /* NAME, NAME of the base or NULL, SUITE */
    OX__SRC_SUITE, /* statements */
    OX__SRC_BROKEN /* error: why a DEF could not be read; `many`: its parameters and its type could */
} ox__src_kind;

typedef struct ox__src ox__src;
struct ox__src {
    uint8_t kind; /* an ox__src_kind */
    bool many;
    uint32_t at; /* byte offset */
    uint32_t n;  /* children, or bytes of s */
    union {
        ox__src **kid;
        const char *s; /* terminated */
        int64_t i;
        double f;
        const double *c;
        const ox_error *error;
    };
};

/* A file of source. */
typedef struct ox__src_text {
    const char *name; /* for errors: the archive and its record */
    const char *p;
    size_t n;
} ox__src_text;

/* Reads a file: its SUITE of classes and functions, in `arena`. *cut: it failed since the text ends inside of
 * something. err must not be NULL. */
ox_status ox__src_parse(ox__src **out, const ox__src_text *text, ox__arena *arena, bool *cut,
                        ox_error *err) OX_MUST_USE;
/* Fills *err with the place of the byte `at` and returns the code. */
ox_status ox__src_fail(const ox__src_text *text, uint32_t at, ox_error *err, ox_status code, const char *fmt, ...)
    OX_PRINTF(5, 6);
/* True if a NAME (or STR) is that word. */
bool ox__src_is(const ox__src *name, const char *word);

/* ---- tokens (source_lex.c) ---- */
typedef enum ox__src_tok {
    OX__TOK_END,
    OX__TOK_LINE, /* the end of a statement */
    OX__TOK_INDENT,
    OX__TOK_DEDENT,
    OX__TOK_NAME,
    OX__TOK_INT,
    OX__TOK_FLOAT,
    OX__TOK_IMAGINARY, /* 2.j */
    OX__TOK_STR,
    OX__TOK_ARROW, /* -> */
    OX__TOK_OTHER  /* the byte itself: `(`, `,`, ... */
} ox__src_tok;

typedef struct ox__src_lexer {
    const ox__src_text *text;
    ox__arena *arena;
    ox_error *err;
    uint32_t next;  /* byte to read */
    uint32_t nest;  /* open brackets: there a line end is a blank */
    uint32_t depth; /* of indentation */
    uint32_t indent[OX__SRC_DEPTH + 2];
    uint32_t dedents; /* still to be told */
    bool fresh;       /* at the start of a line */
    /* the token */
    ox__src_tok tok;
    uint32_t at, end; /* its bytes */
    int64_t i;
    double f;
    const char *s; /* NAME, STR: a copy in the arena, terminated */
    uint32_t s_n;
} ox__src_lexer;

/* Blanks before what the line has that begins at `next`; UINT32_MAX: it has nothing. */
uint32_t ox__src_width(const ox__src_lexer *x);
/* Moves on to the next token. */
ox_status ox__src_next(ox__src_lexer *x) OX_MUST_USE;

#endif
