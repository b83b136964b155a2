/* Floor 7. Lines of a source file that a node was made by, if the file is here. */
#ifndef ONNXSH_APP_TUI_SOURCE_H
#define ONNXSH_APP_TUI_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The file that was read last, so that moving along its nodes reads it once. */
typedef struct ox_source {
    char *path, *text;
    size_t n;
    int64_t size, mtime;
} ox_source;

void ox_source_free(ox_source *s);
/* Line `line` (from 1) of the file; false if there is no such regular file of sensible size, or no such line. The text
 * is not terminated and lives until the next call. */
bool ox_source_line(ox_source *s, const char *path, uint32_t line, const char **text, size_t *n);

#endif
