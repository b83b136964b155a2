/* Floor 0. How far two words are from each other. */
#include "base/base.h"

#include <onnxsh/text.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* Levenshtein's distance, one row at a time. */
size_t ox_text_distance(const char *a, const char *b)
{
    size_t row[OX_TEXT_DISTANCE_MAX + 1], na = strlen(a), nb = strlen(b);
    if (na > OX_TEXT_DISTANCE_MAX || nb > OX_TEXT_DISTANCE_MAX) return OX_TEXT_FAR;
    for (size_t j = 0; j <= nb; j++) row[j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t change = diagonal + (lower(a[i - 1]) != lower(b[j - 1]));
            diagonal = row[j];
            row[j] = OX__MIN(change, OX__MIN(row[j], row[j - 1]) + 1);
        }
    }
    return row[nb];
}
