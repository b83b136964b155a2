/* Floor 2. The hash of the generated tables, as gen_tables.py computes it. */
#ifndef ONNXSH_SCHEMA_TABLES_H
#define ONNXSH_SCHEMA_TABLES_H

#include <stddef.h>
#include <stdint.h>

static inline uint32_t ox__table_hash(const char *s, size_t n, uint32_t seed)
{
    uint32_t h = 2166136261u ^ seed;
    for (size_t i = 0; i < n; i++) h = (h ^ (uint8_t)s[i]) * 16777619u;
    return h ^ (h >> 15);
}

#endif
