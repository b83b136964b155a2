/* Floor 7. The journal of a session: the edits of its model on disk, one synced record for each line that was answered,
 * so that a crash or a closed terminal loses nothing; and what earlier sessions left there. Files lie under
 * $XDG_STATE_HOME/onnxsh/journal, named after the path of the model; the first edit makes one. */
#ifndef ONNXSH_APP_JOURNAL_H
#define ONNXSH_APP_JOURNAL_H

#include <onnxsh/journal.h>
#include <onnxsh/log.h>

#include <stdint.h>
#include <time.h>

typedef struct ox_session ox_session;

/* What a file was like. */
typedef struct ox_stamp {
    int64_t size, mtime_s, mtime_ns;
    uint64_t dev, ino;
} ox_stamp;
/* False, and *out of no file, if it cannot be looked at. */
bool ox_stamp_of(const char *path, ox_stamp *out);
bool ox_stamp_same(const ox_stamp *a, const ox_stamp *b); /* size and times: its content */

typedef struct ox_journal {
    bool keeps;     /* this session keeps a journal: there is a person at it */
    bool on;        /* the model is recorded */
    char *real;     /* the model's absolute path; NULL: it has none */
    ox_stamp stamp; /* of its file, as it was opened or saved */
    uint64_t hash;  /* of the model as the file has it */
    bool has_hash;
    ox_log *log;   /* NULL until the first edit */
    char *pending; /* edits that could not be written yet */
    size_t n_pending;
    bool failed;  /* that was told */
    bool lost;    /* some are gone for want of memory: nothing may be written behind the gap */
    bool asked;   /* what was left was spoken of before the file was opened */
    bool recover; /* ... and is wanted */
    bool hung_up; /* the terminal is gone: nobody said that edits may be dropped */
} ox_journal;

/* A file was opened as the model: from here on its edits are recorded, if the session keeps a journal. */
void ox_journal_opened(ox_session *s);
/* Before a line that may edit: once, what recovery holds against the file is computed. */
ox_status ox_journal_ready(ox_session *s, ox_error *err) OX_MUST_USE;
/* After edits, undo, redo: they are written. What fails is told, not an error: the edits stand in memory. */
void ox_journal_log(ox_session *s);
/* The same, also of a model that is not recorded; of no model it is 0. */
ox_status ox_journal_hash(ox_session *s, ox_error *err) OX_MUST_USE;
/* Before the model is saved there: an error if that is its own file and another program has written it since. */
ox_status ox_journal_may_save(const ox_session *s, const char *path, ox_error *err) OX_MUST_USE;
/* The model was saved: over its own file, which ends the journal, or elsewhere, which the journal notes. */
void ox_journal_saved(ox_session *s, const char *path);
/* The model is closed; its journal goes, unless it is to be kept. */
void ox_journal_close(ox_session *s, bool keep);

/* ---- recover.c: what was left ---- */
typedef enum ox_left_state {
    OX_LEFT_FITS,
    OX_LEFT_CHANGED, /* the model's file was written since */
    OX_LEFT_GONE,    /* it is not there */
    OX_LEFT_FOREIGN  /* the journal is of another version: nothing more is known of it */
} ox_left_state;

typedef struct ox_leftover {
    char *path;     /* of the journal */
    char *model;    /* absolute; "" of one of another version, unless it was asked for */
    size_t edits;   /* that are not saved anywhere */
    size_t records; /* all, those that were saved elsewhere too */
    time_t when;
    long pid;
    int graph; /* of the file, as `open --graph` */
    ox_left_state fit;
    ox_stamp stamp;
    uint64_t hash;
    bool in_use;
    const char *torn; /* why not all of it could be read; NULL: it could */
} ox_leftover;

typedef struct ox_leftovers {
    ox_leftover *p; /* the newest first */
    size_t n;
} ox_leftovers;
/* Those of a model's file, or all (NULL). Files that cannot be read are left out. */
ox_status ox_leftovers_find(ox_leftovers *out, const char *model, ox_error *err) OX_MUST_USE;
void ox_leftovers_free(ox_leftovers *x);
/* "3 unsaved edits of 2026-03-01 09:30". */
void ox_leftover_text(const ox_leftover *l, char *buf, size_t size);
/* Before a file is opened at a terminal: asks what to do with what was left of it. */
void ox_recover_ask(ox_session *s, const char *path);
/* After it was opened: does what was answered, or tells of what is there. */
void ox_recover_opened(ox_session *s);
/* Does the edits again on the model that is open, which is as its file. `changed`: although the file was written since;
 * *n says how many were done. */
ox_status ox_recover(ox_session *s, const ox_leftover *l, bool changed, size_t *n, ox_error *err) OX_MUST_USE;

/* ---- journal_file.c: reading and writing ---- */
/* Records: H what it is of, E edits, S saved elsewhere, C a line of the prompt, L a chunk of Lua, F a Lua file, M a
 * mark. */
ox_status ox_journal_head(const ox_session *s, ox_log *log, ox_error *err) OX_MUST_USE;
/* Fills what the records say; false if they are no journal. */
bool ox_leftover_read(ox_leftover *l, const ox_log_data *d);
/* All edits of a journal, one behind the other, to be freed; NULL with *n 0 when out of memory. */
char *ox_journal_edits(const ox_log_data *d, size_t *n);
/* Where the journals of a model are: the directory, to be freed, and how their names begin. NULL: there is no home. */
char *ox_journal_place(const char *real, bool make, char *name, size_t size);

#endif
