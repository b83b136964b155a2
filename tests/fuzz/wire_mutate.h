/* A mutator that knows the protobuf wire format: it changes a field deep inside and puts the lengths around it right,
 * which bytes changed at random hardly ever do. */
#ifndef OX_WIRE_MUTATE_H
#define OX_WIRE_MUTATE_H

#include <stddef.h>
#include <stdint.h>

/* libFuzzer's entry for it, defined in wire_mutate.c. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t max, unsigned seed);

#endif
