/* Floor 4. Finding and opening ONNX Runtime's shared library. */
#include "runtime/ort.h"

#include <dlfcn.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* ---- where it may be ---- */

/* The newest match of a pattern, by name; false if there is none. */
static bool match(const char *pattern, char *out, size_t size)
{
    glob_t g;
    bool found = glob(pattern, 0, NULL, &g) == 0 && g.gl_pathc > 0;
    if (found) found = (size_t)snprintf(out, size, "%s", g.gl_pathv[g.gl_pathc - 1]) < size;
    globfree(&g);
    return found;
}

/* Text that glob takes as it is. */
static void escape(const char *s, char *out, size_t size)
{
    size_t n = 0;
    for (; *s && n + 3 < size; s++) {
        if (strchr("*?[\\", *s)) out[n++] = '\\';
        out[n++] = *s;
    }
    out[n] = '\0';
}

static bool below(const char *dir, const char *pattern, char *out, size_t size)
{
    char clean[PATH_MAX], full[PATH_MAX + 128];
    escape(dir, clean, sizeof clean);
    snprintf(full, sizeof full, "%s/%s", clean, pattern);
    return match(full, out, size);
}

/* A Python package beside the interpreter of a bin folder. */
static bool in_python(const char *bin, char *out, size_t size)
{
    char path[PATH_MAX];
    struct stat st;
    if ((size_t)snprintf(path, sizeof path, "%s/python3", bin) >= sizeof path || stat(path, &st) != 0) return false;
    return below(bin, "../lib/python3*/site-packages/onnxruntime/capi/libonnxruntime.so*", out, size) ||
           below(bin, "../lib/python3*/dist-packages/onnxruntime/capi/libonnxruntime.so*", out, size);
}

static bool on_path(char *out, size_t size)
{
    const char *path = getenv("PATH");
    char *copy = path ? ox__strndup(path, strlen(path)) : NULL, *rest = copy;
    bool found = false;
    for (char *dir; !found && rest && (dir = strsep(&rest, ":"));) found = *dir && in_python(dir, out, size);
    ox__free(copy);
    return found;
}

static bool in_node_modules(char *out, size_t size)
{
    char dir[PATH_MAX], up[PATH_MAX + 64];
    if (!realpath(".", dir)) return false;
    for (;;) {
        snprintf(up, sizeof up, "%s/node_modules/onnxruntime-node/bin", dir);
        if (below(up, "napi-v*/linux/x64/libonnxruntime.so*", out, size)) return true;
        char *slash = strrchr(dir, '/');
        if (!slash || slash == dir) return false;
        *slash = '\0';
    }
}

static bool look(char *out, size_t size)
{
    const char *venv = getenv("VIRTUAL_ENV"), *home = getenv("HOME");
    char bin[PATH_MAX];
    if (venv && snprintf(bin, sizeof bin, "%s/bin", venv) > 0 && in_python(bin, out, size)) return true;
    if (on_path(out, size) || in_node_modules(out, size)) return true;
    return home && below(home, ".local/lib/python3*/site-packages/onnxruntime/capi/libonnxruntime.so*", out, size);
}

/* ---- opening ---- */

/* A path may name the library, or a folder that holds it (of a package, or of a release). */
static void resolve(const char *path, char *out, size_t size)
{
    static const char *const inside[] = {"libonnxruntime.so*", "lib/libonnxruntime.so*", "capi/libonnxruntime.so*",
                                         "onnxruntime/capi/libonnxruntime.so*",
                                         "bin/napi-v*/linux/x64/libonnxruntime.so*"};
    struct stat st;
    snprintf(out, size, strchr(path, '/') ? "%s" : "./%s", path);
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) return;
    for (size_t i = 0; i < OX__COUNT(inside); i++)
        if (below(path, inside[i], out, size)) return;
}

static void *open_library(const char *path, ox_error *err)
{
    char found[PATH_MAX] = "";
    const char *env = secure_getenv("ONNXRUNTIME_LIB");
    void *lib = NULL;
    if (!path && env && *env) path = env;
    if (path) {
        resolve(path, found, sizeof found);
    } else {
        lib = dlopen("libonnxruntime.so", RTLD_NOW | RTLD_LOCAL);
        if (!lib) lib = dlopen("libonnxruntime.so.1", RTLD_NOW | RTLD_LOCAL);
        if (!lib) look(found, sizeof found);
    }
    if (!lib && *found) lib = dlopen(found, RTLD_NOW | RTLD_LOCAL);
    if (lib) return lib;
    const char *why = *found ? dlerror() : NULL;
    ox__fail(err, OX_E_NOT_FOUND, *found ? "ONNX Runtime cannot be opened: %s" : "ONNX Runtime is not there%s",
             *found ? (why ? why : found) : "");
    ox_error_hint(err, "`pip install onnxruntime` in a virtual environment that is active, or --ort PATH: looked in "
                       "$ONNXRUNTIME_LIB, the system's libraries, the packages of python3 on $PATH, node_modules");
    return NULL;
}

ox_status ox__ort_status(const ox__ort *o, ort_status *s, ox_error *err)
{
    if (!s) return OX_OK;
    const char *text = ((const char *(*)(const ort_status *))o->api[ORT_ERROR_MESSAGE])(s);
    ox__fail(err, OX_E_CHECK, "ONNX Runtime %s: %s", o->version, text ? text : "it failed");
    for (char *p = err ? err->msg : NULL; p && *p; p++)
        if (*p == '\n') *p = ' ';
    ((void (*)(ort_status *))o->api[ORT_RELEASE_STATUS])(s);
    return OX_E_CHECK;
}

void ox__ort_release(const ox__ort *o, int which, ort_object *p)
{
    if (p) ((void (*)(ort_object *))o->api[which])(p);
}

ox_status ox__ort_open(ox__ort *o, const char *path, ox_error *err)
{
    memset(o, 0, sizeof *o);
    void *lib = open_library(path, err);
    if (!lib) return OX_E_NOT_FOUND;
    const ort_base *(*base_of)(void);
    *(void **)&base_of = dlsym(lib, "OrtGetApiBase");
    const ort_base *base = base_of ? base_of() : NULL;
    o->api = base ? base->get_api(ORT_API_VERSION) : NULL;
    const char *version = base ? base->version() : NULL;
    if (!o->api || !version) {
        return ox__fail(err, OX_E_UNSUPPORTED, "the library `%s` does not offer version %d of ONNX Runtime's interface",
                        path ? path : "libonnxruntime.so", ORT_API_VERSION);
    }
    snprintf(o->version, sizeof o->version, "%s", version);
    ox_status s = ox__ort_status(o, ORT(o->api, create_env)(ORT_LOG_ERROR, "onnxsh", &o->env), err);
    if (s == OX_OK)
        s = ox__ort_status(o, ORT(o->api, create_memory_info)(ORT_DEVICE_ALLOCATOR, ORT_MEMORY_DEFAULT, &o->memory),
                           err);
    if (s == OX_OK) s = ox__ort_status(o, ORT(o->api, default_allocator)(&o->allocator), err);
    if (s != OX_OK) ox__ort_close(o);
    return s;
}

void ox__ort_close(ox__ort *o)
{
    if (!o->api) return;
    ox__ort_release(o, ORT_RELEASE_MEMORY_INFO, o->memory);
    ox__ort_release(o, ORT_RELEASE_ENV, o->env);
}
