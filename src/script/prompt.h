/* Floor 6. What the prompt sees of Lua: chunks and their echo, commands, help, completion, sources. See prompt.c. */
#ifndef ONNXSH_SCRIPT_PROMPT_H
#define ONNXSH_SCRIPT_PROMPT_H

#include "script/state.h"

/* A chunk of the prompt, for ox__lua_run_chunk. */
typedef struct ox__lua_chunk {
    const char *text;
    size_t n;
    const char *name;
    bool incomplete; /* set: only its end is missing */
} ox__lua_chunk;
int ox__lua_run_chunk(lua_State *L);

/* The words of a command defined in Lua, for ox__lua_run_command. */
typedef struct ox__lua_words {
    int run_id;
    size_t n;
    const char *const *words;
} ox__lua_words;
int ox__lua_run_command(lua_State *L);

/* The mark that a failing chunk rolls back to becomes the present. */
void ox__lua_retake_mark(ox_script *s);

/* Globals. */
int ox__lua_print(lua_State *L);
int ox__lua_command(lua_State *L);
int ox__lua_help(lua_State *L);

/* Pushes the value at idx as a line of text, as the prompt shows it. */
void ox__lua_push_shown(lua_State *L, int idx);

#endif
