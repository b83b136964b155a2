/* Floor 7. JSON output, written as it is made so that a list of 200,000 nodes is never held. Strings follow JSON's
 * own escapes (ox_text_json); nothing here parses. */
#include "app/output.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void ox_json_begin(ox_json *j, ox_out *o)
{
    memset(j, 0, sizeof *j);
    j->o = o;
    j->first[0] = true;
}

void ox_json_end(ox_json *j)
{
    ox_out_f(j->o, "\n");
}

static void put_string(ox_json *j, const char *s, size_t n)
{
    char small[512];
    size_t need = ox_text_json(s, n, small, sizeof small);
    if (need < sizeof small) {
        (void)ox_out_write(j->o, small, need, NULL);
        return;
    }
    char *p = malloc(need + 1);
    if (!p) return;
    ox_text_json(s, n, p, need + 1);
    (void)ox_out_write(j->o, p, need, NULL);
    free(p);
}

static void lead(ox_json *j, const char *key)
{
    if (!j->first[j->depth]) ox_out_f(j->o, ",");
    j->first[j->depth] = false;
    if (j->depth == 1) ox_out_f(j->o, "\n ");
    if (key) {
        put_string(j, key, strlen(key));
        ox_out_f(j->o, ": ");
    }
}

void ox_json_open(ox_json *j, const char *key, char bracket)
{
    lead(j, key);
    ox_out_f(j->o, "%c", bracket);
    if (j->depth + 1 < sizeof j->first) j->depth++;
    j->first[j->depth] = true;
}

void ox_json_close(ox_json *j, char bracket)
{
    if (j->depth) j->depth--;
    if (j->depth == 0) ox_out_f(j->o, "\n");
    ox_out_f(j->o, "%c", bracket);
}

void ox_json_str(ox_json *j, const char *key, const char *s, size_t n)
{
    lead(j, key);
    put_string(j, s, n);
}

void ox_json_strz(ox_json *j, const char *key, const char *s)
{
    if (!s) {
        ox_json_null(j, key);
        return;
    }
    ox_json_str(j, key, s, strlen(s));
}

void ox_json_int(ox_json *j, const char *key, int64_t v)
{
    lead(j, key);
    ox_out_f(j->o, "%" PRId64, v);
}

void ox_json_f64(ox_json *j, const char *key, double v)
{
    char text[64];
    size_t n = ox_text_f64(v, text, sizeof text);
    if (!isfinite(v)) {
        ox_json_str(j, key, text, n);
        return;
    }
    lead(j, key);
    (void)ox_out_write(j->o, text, n, NULL);
}

void ox_json_bool(ox_json *j, const char *key, bool v)
{
    lead(j, key);
    ox_out_f(j->o, v ? "true" : "false");
}

void ox_json_null(ox_json *j, const char *key)
{
    lead(j, key);
    ox_out_f(j->o, "null");
}

void ox_json_said(ox_out *o, const char *key, const char *text, size_t n)
{
    ox_json j;
    ox_json_begin(&j, o);
    ox_json_open(&j, NULL, '{');
    if (key) ox_json_str(&j, key, text, n);
    ox_json_close(&j, '}');
    ox_json_end(&j);
}
