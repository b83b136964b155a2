/* Floor 7. Ctrl-C and progress. The signal only sets a flag and stops Lua; long work sees the flag through its ox_task,
 * which also paints the progress on standard error. */
#ifndef ONNXSH_APP_INTERRUPT_H
#define ONNXSH_APP_INTERRUPT_H

#include <onnxsh/error.h>
#include <onnxsh/script.h>

/* Catches SIGINT from here on. */
void ox_interrupt_install(void);
void ox_interrupt_clear(void);
bool ox_interrupt_pending(void);
/* Which Lua state a Ctrl-C stops; NULL = none. */
void ox_interrupt_script(ox_script *script);
/* The task to give to long work: progress on standard error unless quiet, a bar when that is a terminal. */
const ox_task *ox_progress_task(bool quiet);
/* While it is set (not NULL), every step of long work calls this task as well, and no bar is painted: whoever runs the
 * work in pieces paints for himself. */
void ox_progress_watch(const ox_task *task);
/* Wipes the bar, before other text is printed. */
void ox_progress_done(void);

#endif
