/* Floor 7. What a command writes while the full screen has the terminal: caught, whoever writes it (Lua's io library, a
 * library below, a process that was started), so that nothing disturbs the screen. */
#ifndef ONNXSH_APP_TUI_CAPTURE_H
#define ONNXSH_APP_TUI_CAPTURE_H

#include <onnxsh/error.h>

typedef struct ox_capture {
    int file;     /* what is written goes here */
    int saved[2]; /* standard output and error as they were */
} ox_capture;

/* From here on standard output and standard error are caught. */
ox_status ox_capture_begin(ox_capture *c, ox_error *err) OX_MUST_USE;
/* For as long as another program has the terminal: lets the output through, and catches it again. */
void ox_capture_pause(ox_capture *c, bool pause);
/* Until here. The text, at most `limit` bytes of it, is the caller's to free; NULL when it cannot be had. *whole: that
 * was all. */
char *ox_capture_end(ox_capture *c, size_t limit, size_t *n, bool *whole);

#endif
