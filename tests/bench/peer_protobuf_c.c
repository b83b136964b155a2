/* A peer for the benches: maps a model and unpacks it whole with protobuf-c, as a reader built on it alone would. */
#include "onnx.pb-c.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct stat st;
    int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
    if (fd < 0 || fstat(fd, &st) != 0) {
        fprintf(stderr, "usage: peer_protobuf_c FILE.onnx\n");
        return 2;
    }
    const uint8_t *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED) return 3;
    Onnx__ModelProto *m = onnx__model_proto__unpack(NULL, (size_t)st.st_size, p);
    if (!m || !m->graph) return 3;
    printf("%zu nodes\n", m->graph->n_node);
    return 0;
}
