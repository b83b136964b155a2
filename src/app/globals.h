/* Floor 7. The program's own command line: options, then a command or a file. */
#ifndef ONNXSH_APP_GLOBALS_H
#define ONNXSH_APP_GLOBALS_H

#include "app/cmd.h"

/* What the words of the command line ask for. Words are borrowed from argv. */
typedef struct ox_invocation {
    bool help, version, full_screen; /* --help, --version, -t */
    const char *model;               /* --model FILE */
    size_t n_lines;                  /* -e LINE and -f SCRIPT, in order */
    struct {
        const char *text;
        bool script;
    } lines[OX_ARGS_MAX];
    const ox_cmd *cmd; /* one-shot; NULL = none */
    const char *file;  /* FILE, NULL = none */
    size_t n_rest;     /* words of the command after FILE */
    const char *rest[OX_ARGS_MAX];
    int graph;       /* --graph N of any command that works on a model, 0 = none */
    const char *out; /* -o OUT of a one-shot command that edits */
    bool in_place;   /* --in-place, the same */
} ox_invocation;

/* Sorts argv; options of the program may stand anywhere before `--`. Fills g (owned copies). */
ox_status ox_invocation_parse(ox_invocation *v, ox_globals *g, int argc, char **argv, ox_error *err) OX_MUST_USE;
/* Runs the one command that the command line asks for. */
ox_status ox_one_shot(ox_session *s, const ox_invocation *v, ox_error *err) OX_MUST_USE;

#endif
