/* Floor 7. Standard output and error into a file without a name, and back. */
#include "app/tui/capture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void put_back(ox_capture *c)
{
    for (int i = 0; i < 2; i++) {
        if (c->saved[i] < 0) continue;
        dup2(c->saved[i], STDOUT_FILENO + i);
        close(c->saved[i]);
        c->saved[i] = -1;
    }
}

ox_status ox_capture_begin(ox_capture *c, ox_error *err)
{
    fflush(stdout);
    fflush(stderr);
    c->saved[0] = dup(STDOUT_FILENO);
    c->saved[1] = dup(STDERR_FILENO);
    c->file = memfd_create("onnxsh-output", MFD_CLOEXEC);
    bool ok = c->file >= 0 && c->saved[0] >= 0 && c->saved[1] >= 0;
    if (ok && dup2(c->file, STDOUT_FILENO) >= 0 && dup2(c->file, STDERR_FILENO) >= 0) return OX_OK;
    ox_error_set(err, OX_E_IO, "output cannot be caught: %s", strerror(errno));
    put_back(c);
    if (c->file >= 0) close(c->file);
    c->file = -1;
    return OX_E_IO;
}

void ox_capture_pause(ox_capture *c, bool pause)
{
    fflush(stdout);
    fflush(stderr);
    for (int i = 0; i < 2; i++) dup2(pause ? c->saved[i] : c->file, STDOUT_FILENO + i);
}

char *ox_capture_end(ox_capture *c, size_t limit, size_t *n, bool *whole)
{
    struct stat st;
    fflush(stdout);
    fflush(stderr);
    put_back(c);
    *n = 0;
    *whole = true;
    char *text = NULL;
    if (fstat(c->file, &st) == 0 && st.st_size > 0) {
        size_t size = (size_t)st.st_size;
        *whole = size <= limit;
        text = malloc(*whole ? size : limit);
        ssize_t k = text ? pread(c->file, text, *whole ? size : limit, 0) : 0;
        *n = k > 0 ? (size_t)k : 0;
    }
    close(c->file);
    c->file = -1;
    return text;
}
