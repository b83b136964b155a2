/* Floor 6. What the build makes of lua/onnxsh: its files, and the family of each operator. No Lua is needed to read it.
 */
#ifndef ONNXSH_SCRIPT_FILES_H
#define ONNXSH_SCRIPT_FILES_H

#include <stddef.h>
#include <stdint.h>

typedef struct ox__lua_file {
    const char *name; /* "sym.lua", "symbolic/conv.lua" */
    const char *text;
    size_t n;
} ox__lua_file;

typedef struct ox__lua_index_row {
    const char *name; /* "aten::relu" */
    uint16_t family;  /* index of its file */
} ox__lua_index_row;

extern const ox__lua_file ox__lua_files[];
extern const size_t ox__lua_n_files;
extern const ox__lua_index_row ox__lua_index[]; /* sorted by name */
extern const size_t ox__lua_n_index;

#endif
