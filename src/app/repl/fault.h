/* Floor 7. Faults at the prompt; see fault.c. */
#ifndef ONNXSH_APP_REPL_FAULT_H
#define ONNXSH_APP_REPL_FAULT_H

/* From here on a fault leaves the terminal as it is now. */
void ox_fault_catch(void);

#endif
