/* Floor 3. Pickles as data only: what torch.save and torch.jit.save write, in protocols 2 to 5, becomes a tree. No name
 * is looked up anywhere but in a fixed table, nothing is called; what is not known is refused by its name, with its
 * offset. Memory is bounded by its caller. */
#ifndef ONNXSH_IO_TORCHSCRIPT_PICKLE_H
#define ONNXSH_IO_TORCHSCRIPT_PICKLE_H

#include "base/wire.h"
#include "io/torchscript/object.h"

/* Reads one pickle from r (which may read a map: a SIGBUS is caught) up to its end; r stands behind it then. *t is
 * overwritten; ox__obj_tree_free frees it, also after a failure. Errors are placed in `file`, at `base` + the offset
 * from r's start. More memory than `most` bytes, and per_byte for each byte that was read, is OX_E_LIMIT. */
ox_status ox__pickle_read(ox__obj_tree *t, ox__reader *r, size_t most, unsigned per_byte, const char *file,
                          uint64_t base, const ox_task *task, ox_error *err) OX_MUST_USE;

#endif
