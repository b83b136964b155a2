/* Floor 4. ONNX Runtime as an engine. The model is saved to a temporary folder, with the fetched values as further
 * outputs, and opened there; the run goes on in a thread of its own so that Ctrl-C can end it. */
#include "runtime/ort.h"

#include "runtime/engine.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <onnxsh/io.h>

typedef struct session {
    ox__ort ort;
    ox_model *m;
    const ox_run_options *opt;
    char dir[256];
    ort_object *options, *run_options, *session;
    size_t n_in, n_out;
    const char **in_names, **out_names;
    ort_object **in, **out;
    ox_error *err;
    /* of the thread */
    ort_status *status;
    _Atomic bool done;
} session;

/* ---- the file ---- */
static ox_status make_dir(session *k)
{
    const char *tmp = secure_getenv("TMPDIR");
    if ((size_t)snprintf(k->dir, sizeof k->dir, "%s/onnxsh-XXXXXX", tmp && *tmp ? tmp : "/tmp") >= sizeof k->dir)
        k->dir[0] = '\0';
    if (k->dir[0] && mkdtemp(k->dir)) return OX_OK;
    k->dir[0] = '\0';
    return ox__fail(k->err, OX_E_IO, "no temporary folder can be made for ONNX Runtime's copy of the model");
}

static void remove_dir(session *k)
{
    char path[600];
    if (!k->dir[0]) return;
    DIR *d = opendir(k->dir);
    for (struct dirent *e; d && (e = readdir(d));)
        if (e->d_name[0] != '.' || (e->d_name[1] && e->d_name[1] != '.')) {
            snprintf(path, sizeof path, "%s/%s", k->dir, e->d_name);
            unlink(path);
        }
    if (d) closedir(d);
    rmdir(k->dir);
}

static ox_status save(session *k, const ox_model *m, const char *name, char *path, size_t size)
{
    ox_save_options opt = {.task = k->opt->task};
    snprintf(path, size, "%s/%s", k->dir, name);
    return ox_save_onnx(m, path, &opt, k->err);
}

/* The fetched values become outputs of a copy: the model itself stays as it is. */
static ox_status save_with_outputs(session *k, const char *plain, char *path, size_t size)
{
    ox_model *copy;
    ox_open_options opt = {.task = k->opt->task};
    ox_status s = ox_open(&copy, plain, &opt, NULL, NULL, k->err);
    if (s != OX_OK) return s;
    ox_graph g = ox_model_main(copy);
    for (size_t i = 0; s == OX_OK && i < k->opt->n_fetch; i++) {
        size_t n;
        const char *name = ox_str_text(k->m, ox_value_name(k->m, k->opt->fetch[i]), &n);
        ox_value v = ox_graph_find_value(copy, g, ox_str_find(copy, name, n));
        if (!v.id)
            s = ox__fail(k->err, OX_E_UNSUPPORTED, "%%%s is inside a block: ONNX Runtime cannot give it", name);
        else if (!ox_value_is_output(copy, v))
            s = ox_graph_add_output(copy, g, SIZE_MAX, v, k->err);
    }
    if (s == OX_OK) s = save(k, copy, "fetch.onnx", path, size);
    ox_model_free(copy);
    return s;
}

static ox_status open_session(session *k)
{
    char path[300], more[300];
    const ort_fn *api = k->ort.api;
    ox_status s = make_dir(k);
    if (s == OX_OK) s = save(k, k->m, "model.onnx", path, sizeof path);
    if (s == OX_OK && k->opt->n_fetch) s = save_with_outputs(k, path, more, sizeof more);
    if (s == OX_OK) s = ox__ort_status(&k->ort, ORT(api, create_session_options)(&k->options), k->err);
    if (s == OX_OK && k->opt->threads)
        s = ox__ort_status(&k->ort, ORT(api, set_threads)(k->options, (int)k->opt->threads), k->err);
    if (s == OX_OK) s = ox__ort_status(&k->ort, ORT(api, create_run_options)(&k->run_options), k->err);
    if (s == OX_OK)
        s = ox__ort_status(&k->ort,
                           ORT(api, create_session)(k->ort.env, k->opt->n_fetch ? more : path, k->options, &k->session),
                           k->err);
    return s;
}

/* ---- inputs and outputs ---- */
static const char *name_of(const session *k, ox_value v)
{
    return ox_str_text(k->m, ox_value_name(k->m, v), NULL);
}

static ox_status name_all(session *k, size_t n_in, ox_data *const *in)
{
    ox_graph g = ox_model_main(k->m);
    size_t n = ox_graph_n_outputs(k->m, g);
    k->n_out = n + k->opt->n_fetch;
    k->in_names = ox__calloc(n_in + 1, sizeof(char *));
    k->out_names = ox__calloc(k->n_out + 1, sizeof(char *));
    k->in = ox__calloc(n_in + 1, sizeof(ort_object *));
    k->out = ox__calloc(k->n_out + 1, sizeof(ort_object *));
    if (!k->in_names || !k->out_names || !k->in || !k->out) return ox__nomem(k->err);
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < n_in; i++) {
        if (!in[i]) continue;
        k->in_names[k->n_in] = name_of(k, ox_graph_input(k->m, g, i));
        s = ox__ort_value(&k->ort, in[i], &k->in[k->n_in], k->err);
        k->n_in += s == OX_OK;
    }
    for (size_t i = 0; i < k->n_out; i++)
        k->out_names[i] = name_of(k, i < n ? ox_graph_output(k->m, g, i) : k->opt->fetch[i - n]);
    return s;
}

static ox_status take_outputs(session *k, ox_data **out)
{
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < k->n_out; i++) s = ox__ort_data(&k->ort, k->out[i], &out[i], k->err);
    return s;
}

/* ---- the run ---- */
static void *work(void *arg)
{
    session *k = arg;
    k->status = ORT(k->ort.api, run)(k->session, k->run_options, k->in_names, (const ort_object *const *)k->in, k->n_in,
                                     k->out_names, k->n_out, k->out);
    atomic_store(&k->done, true);
    return NULL;
}

static ox_status run_session(session *k)
{
    pthread_t t;
    const ox_task *task = k->opt->task;
    bool stopped = false;
    if (pthread_create(&t, NULL, work, k) != 0) return ox__fail(k->err, OX_E_NOMEM, "no thread can be started");
    for (uint64_t ms = 0; !atomic_load(&k->done); ms++) {
        struct timespec wait = {0, ms < 20 ? 200000 : 10000000};
        nanosleep(&wait, NULL);
        if (stopped || !task || !task->step || task->step(task->ud, "ONNX Runtime", ms, 0)) continue;
        stopped = true;
        ort_status *s = ORT(k->ort.api, terminate)(k->run_options);
        if (ox__ort_status(&k->ort, s, NULL) != OX_OK) task = NULL; /* it cannot be asked to: wait for its end */
    }
    pthread_join(t, NULL);
    ox_status s = ox__ort_status(&k->ort, k->status, k->err);
    return stopped ? ox__fail(k->err, OX_E_INTERRUPTED, "interrupted") : s;
}

static void close_session(session *k)
{
    const ox__ort *o = &k->ort;
    for (size_t i = 0; k->in && i < k->n_in; i++) ox__ort_release(o, ORT_RELEASE_VALUE, k->in[i]);
    for (size_t i = 0; k->out && i < k->n_out; i++) ox__ort_release(o, ORT_RELEASE_VALUE, k->out[i]);
    ox__ort_release(o, ORT_RELEASE_SESSION, k->session);
    ox__ort_release(o, ORT_RELEASE_RUN_OPTIONS, k->run_options);
    ox__ort_release(o, ORT_RELEASE_SESSION_OPTIONS, k->options);
    ox__ort_close(&k->ort);
    remove_dir(k);
    ox__free(k->in_names);
    ox__free(k->out_names);
    ox__free(k->in);
    ox__free(k->out);
}

static ox_status run(ox_model *m, const ox_run_options *opt, size_t n_in, ox_data *const *in, ox_data **out,
                     ox_error *err)
{
    ox_error mine;
    session k = {.m = m, .opt = opt, .err = err ? err : &mine};
    if (opt->only_fetch) return ox__fail(err, OX_E_UNSUPPORTED, "ONNX Runtime computes whole models only");
    ox_status s = ox__ort_open(&k.ort, opt->library, k.err);
    if (s == OX_OK) s = open_session(&k);
    if (s == OX_OK) s = name_all(&k, n_in, in);
    if (s == OX_OK) s = run_session(&k);
    if (s == OX_OK) s = take_outputs(&k, out);
    close_session(&k);
    return s;
}

const ox__engine ox__engine_ort = {"ort", "ONNX Runtime, its shared library loaded when it is asked for", run};
