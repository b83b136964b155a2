/* Floor 3. Named data of the formats, for data.c. */
#ifndef ONNXSH_IO_DATA_H
#define ONNXSH_IO_DATA_H

#include "base/file.h"

#include <onnxsh/io.h>

/* Reads one message; *name gets its name, to be freed, NULL when out of memory or it has none. */
ox_status ox__data_of_pb(ox_data **out, char **name, const uint8_t *p, uint64_t n, const char *path, ox_type_kind kind,
                         ox_error *err) OX_MUST_USE;

#endif
