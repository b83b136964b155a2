/* Floor 1. How run-time data lies in memory, for those who fill it in place. */
#ifndef ONNXSH_IR_DATA_H
#define ONNXSH_IR_DATA_H

#include "base/base.h"

#include <onnxsh/data.h>

struct ox_data {
    uint32_t refs;
    uint8_t kind;
    bool borrowed; /* the bytes belong to somebody else, and outlive it */
    ox_dtype dtype;
    uint32_t rank;
    uint64_t n;
    void *data;      /* elements; own unless borrowed or `base` is set */
    ox_data *base;   /* whose bytes these are */
    char *text;      /* own characters of strings */
    uint64_t n_text; /* of them */
    ox_data **items; /* n references */
    ox_data *keys;
    int64_t dims[];
};

/* The header alone, with refs 1 and those dims. NULL when out of memory. */
ox_data *ox__data_new(ox_data_kind kind, ox_dtype dtype, uint32_t rank, const int64_t *dims, uint64_t n);
/* What d takes in memory: elements, characters of strings, items. */
uint64_t ox__data_bytes(const ox_data *d);
/* The number of elements that dims make; false when one is negative or the product does not fit. */
bool ox__dims_product(const int64_t *dims, uint32_t rank, uint64_t *n);

#endif
