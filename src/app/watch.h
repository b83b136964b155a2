/* Floor 7. Watching the model's file: when it is written again it is opened again, and the place is kept. */
#ifndef ONNXSH_APP_WATCH_H
#define ONNXSH_APP_WATCH_H

#include "app/journal.h"

typedef struct ox_watch {
    bool on;
    ox_stamp seen;  /* of the file, when it was found to be another one */
    int64_t since;  /* in ms; it is opened once nothing was written for a while */
    unsigned tries; /* how often that could not be read */
    bool told;      /* that it is not opened because of edits */
} ox_watch;

typedef enum ox_watch_answer {
    OX_WATCH_SAME,    /* nothing to do, or a stopped conversion goes on with the model */
    OX_WATCH_WRITTEN, /* it is being written: look again soon */
    OX_WATCH_CHANGED, /* ox_session_reopen is in order */
    OX_WATCH_EDITED   /* it has changed, and the model has unsaved edits; told once for each change */
} ox_watch_answer;

/* How the file is now. Costs one look at it. */
ox_watch_answer ox_watch_look(ox_session *s);
/* What ox_watch_look has to say of edits, for people. */
#define OX_WATCH_EDITED_TEXT "the model's file has changed; it is not opened again, for there are unsaved edits"
/* Opens the model's file again: breakpoints, settings and keys stay, marks and the cursor are found again. After a
 * failure the old model is there still, and the next looks try again. */
ox_status ox_session_reopen(ox_session *s, ox_error *err) OX_MUST_USE;
/* For the prompt: looks, waits until a file that is being written is whole, opens it and says so. */
void ox_watch_prompt(ox_session *s);

#endif
