/* Logs on disk: files of records that are only added to, each synced before the call returns, so that a crash loses
 * nothing that was acknowledged. A record has its length and a checksum: what a crash or a disk tore is found when the
 * file is read, and what stands before it is whole. */
#ifndef ONNXSH_LOG_H
#define ONNXSH_LOG_H

#include <onnxsh/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ox_log ox_log;

/* Makes a file, which must not be there (OX_E_INVALID), readable by its owner alone, locked as long as it is open. */
OX_API OX_MUST_USE ox_status ox_log_create(ox_log **out, const char *path, ox_error *err);
/* Adds a record and syncs. After a failure the file is what it was before. */
OX_API OX_MUST_USE ox_status ox_log_append(ox_log *log, char kind, const void *p, size_t n, ox_error *err);
OX_API const char *ox_log_path(const ox_log *log);
/* NULL is fine. */
OX_API void ox_log_close(ox_log *log, bool remove_file);

typedef struct ox_log_record {
    char kind;
    const char *p; /* n bytes and a NUL */
    size_t n;
} ox_log_record;

/* What a file holds. */
typedef struct ox_log_data ox_log_data;
/* Reads a file up to its end or to what is torn or wrong. OX_E_FORMAT: it is no log;
 * OX_E_UNSUPPORTED: it is of another version. */
OX_API OX_MUST_USE ox_status ox_log_read(ox_log_data **out, const char *path, ox_error *err);
OX_API size_t ox_log_records(const ox_log_data *d, const ox_log_record **rows);
/* Why reading stopped before the end of the file, static text; NULL: it did not. */
OX_API const char *ox_log_torn(const ox_log_data *d);
/* True while the process that writes it has it open. */
OX_API bool ox_log_in_use(const ox_log_data *d);
OX_API void ox_log_free(ox_log_data *d);

#ifdef __cplusplus
}
#endif
#endif
