/* Floor 3. A file of torch.save or torch.jit.save: its records by name, the trees of its pickles, the bytes of its
 * storages, the text of its code. */
#ifndef ONNXSH_IO_TORCHSCRIPT_ARCHIVE_H
#define ONNXSH_IO_TORCHSCRIPT_ARCHIVE_H

#include "io/torchscript/object.h"
#include "io/zip.h"

/* Memory that may be used: so many bytes for each byte of the records, and these once. */
enum { OX__ARCHIVE_TIMES = 12 };
#define OX__ARCHIVE_SPARE ((uint64_t)32 << 20)

typedef enum ox__archive_kind {
    OX__ARCHIVE_SAVED,  /* torch.save: data only */
    OX__ARCHIVE_SCRIPT, /* torch.jit.save: constants, code */
    OX__ARCHIVE_LEGACY  /* torch.save of PyTorch before 1.6: pickles in a row, the storages behind */
} ox__archive_kind;

/* A file of code, "code/__torch__/a/b.py": the classes and functions of "__torch__.a.b". */
typedef struct ox__archive_source {
    const char *record; /* "code/__torch__/a/b.py" */
    const char *place;  /* "net.pt (code/__torch__/a/b.py)": where errors in it are */
    const char *text;   /* inflated, terminated; NULL: there is no such file */
    size_t n;
    ox__obj_tree debug; /* of its .debug_pkl, read by ox__archive_debug; root NULL: not read, or there is none */
    bool debug_read;
} ox__archive_source;

/* Where the bytes of a storage stand. */
typedef struct ox__archive_span {
    const ox__zip_entry *entry; /* NULL: none (an empty storage), or a legacy file */
    uint64_t offset;            /* in the file; of a deflated entry, where what it is packed to begins */
    uint64_t bytes;             /* of the content */
    bool known;
} ox__archive_span;

typedef struct ox__archive {
    const ox__map *map; /* borrowed, as the zip */
    const ox__zip *zip; /* NULL for a LEGACY one */
    ox__archive_kind kind;
    const char *prefix; /* "resnet18/": what every name begins with */
    size_t prefix_n;
    int64_t version; /* of the record `version`; 0: there is none */
    bool big_endian;
    ox__obj_tree data;      /* data.pkl: for a SCRIPT the root is the OBJECT of the module */
    ox__obj_tree constants; /* constants.pkl: root is a TUPLE; entry k is CONSTANTS.ck. root NULL: none */
    ox__obj_tree inputs;    /* traced_inputs.pkl: root is a DICT of methods ("forward") to what they were traced with,
                               whose tensors have no bytes. root NULL: none */
    OX__VEC(ox__archive_span) spans;       /* of the storages of `data`, as they are asked for */
    OX__VEC(ox__archive_source *) sources; /* those that were asked for */
    ox__arena arena;
    uint64_t spare; /* bytes of memory that may be used beyond what the size of the records allows */
} ox__archive;

/* True if one of these records makes the zip a file of PyTorch, of whatever kind. */
bool ox__archive_is(const ox__zip *zip);
/* Opens an archive: reads version, byte order and the pickles. *a is overwritten; ox__archive_close frees it, also
 * after a failure. What is recognised but not read (TorchScript before 1.4, torch.export) is OX_E_UNSUPPORTED, with a
 * hint. */
ox_status ox__archive_open(ox__archive *a, const ox__zip *zip, const ox_task *task, ox_error *err) OX_MUST_USE;
/* The same for a legacy file, whose map begins with the magic number. */
ox_status ox__archive_open_legacy(ox__archive *a, const ox__map *map, const ox_task *task, ox_error *err) OX_MUST_USE;
bool ox__archive_is_legacy(const uint8_t *p, uint64_t n);
void ox__archive_close(ox__archive *a);

/* The record of that name below the prefix ("version"), or NULL. */
const ox__zip_entry *ox__archive_find(const ox__archive *a, const char *name);
/* The content of a record, checked and inflated into the arena, terminated. */
ox_status ox__archive_text(ox__archive *a, const ox__zip_entry *e, const char **text, size_t *n,
                           ox_error *err) OX_MUST_USE;
/* Reads the pickle of a record. *t is overwritten; ox__obj_tree_free frees it, also after a failure. */
ox_status ox__archive_pickle(ox__archive *a, const ox__zip_entry *e, ox__obj_tree *t, const ox_task *task,
                             ox_error *err) OX_MUST_USE;
/* Finds the bytes of a storage of the tree `data` (folder "data") or `constants` ("constants"). */
ox_status ox__archive_place(ox__archive *a, const char *folder, const ox__obj_storage *storage, ox__archive_span *span,
                            ox_error *err) OX_MUST_USE;

/* Bytes of an element of a storage; 1 where its type is not known. */
uint64_t ox__archive_unit(const ox__obj_storage *storage);

/* Bytes of the records that hold no storage. */
uint64_t ox__archive_metadata(const ox__archive *a);

/* ---- code (sources.c) ---- */
/* The file of code that holds the class or function of that qualified name: "__torch__.a.b.C" is in
 * "code/__torch__/a/b.py". *out has no text if there is no such file: a class bound in C++. Read once, kept until the
 * archive is closed. */
ox_status ox__archive_source_of(ox__archive *a, const char *qualified, ox__archive_source **out,
                                ox_error *err) OX_MUST_USE;
/* Reads the debug records of a file of code: src->debug.root is a TUPLE then, or NULL if there are none. Records that
 * are broken are taken as not there; only want of memory is a failure. */
ox_status ox__archive_debug(ox__archive *a, ox__archive_source *src, ox_error *err) OX_MUST_USE;

#endif
