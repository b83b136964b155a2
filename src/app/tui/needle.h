/* Floor 7. What a search looks for: a piece of text; capitals count only if there is one in it. */
#ifndef ONNXSH_APP_TUI_NEEDLE_H
#define ONNXSH_APP_TUI_NEEDLE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct ox_needle {
    char text[256];
    size_t n;
    bool fold;         /* capitals do not count */
    unsigned revision; /* another one each time that the text changes, for answers that are kept */
} ox_needle;

void ox_needle_set(ox_needle *k, const char *text, size_t n);
/* Where it is found first in s, or SIZE_MAX; an empty needle is found nowhere. */
size_t ox_needle_find(const ox_needle *k, const char *s, size_t n);

#endif
