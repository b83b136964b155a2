/* Floor 1. Reading notes back: what note_read.c gives to note_play.c. */
#ifndef ONNXSH_IR_NOTE_READ_H
#define ONNXSH_IR_NOTE_READ_H

#include "base/wire.h"
#include "ir/note.h"

/* Old ids to those of the model; identity until something was added. */
typedef struct ox__ids {
    OX__VEC(uint32_t) from, to;
    ox__index index;
} ox__ids;
uint32_t ox__ids_find(const ox__ids *x, uint32_t from); /* 0: not there */
bool ox__ids_add(ox__ids *x, uint32_t from, uint32_t to);

typedef struct ox__player {
    ox_model *m;
    ox__reader r;
    OX__VEC(uint32_t) def[OX__N_DEFS]; /* ids of the model, by number; the first is none */
    OX__VEC(uint8_t) depth;            /* of each layout */
    bool renumbered;
    ox__ids ids[OX__N_TABLES]; /* of nodes, values, graphs, scopes; if renumbered */
    ox_status s;               /* the first failure */
    ox_error *err;
} ox__player;

/* Keeps the first failure. */
void ox__player_fail(ox__player *p, const char *what);
/* A count of things that take a byte each at least. */
uint32_t ox__player_count(ox__player *p);
uint32_t ox__player_id(ox__player *p, enum ox__tab tab);        /* of a row, 0 = none; in range */
uint32_t ox__player_ref(ox__player *p, enum ox__note_def kind); /* of what was defined, 0 = none */
int64_t ox__player_signed(ox__player *p);
void ox__player_define(ox__player *p, enum ox__note_def kind);
/* Arrays go to `tmp`. */
void ox__player_attr(ox__player *p, ox_attr *a, ox__arena *tmp);
void ox__player_function(ox__player *p, ox_function_info *f, ox__arena *tmp);

#endif
