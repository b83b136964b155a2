/* Floor 7. What every SARIF document of this program has in common. Paths become URI references. */
#include "app/cmd/sarif.h"

#include <stdlib.h>
#include <string.h>

void ox_sarif_text(ox_json *j, const char *key, const char *text)
{
    ox_json_open(j, key, '{');
    ox_json_strz(j, "text", text);
    ox_json_close(j, '}');
}

void ox_sarif_begin(ox_json *j)
{
    ox_json_open(j, NULL, '{');
    ox_json_strz(j, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    ox_json_strz(j, "version", "2.1.0");
    ox_json_open(j, "runs", '[');
    ox_json_open(j, NULL, '{');
    ox_json_open(j, "tool", '{');
    ox_json_open(j, "driver", '{');
    ox_json_strz(j, "name", "onnxsh");
    ox_json_strz(j, "version", OX_VERSION);
    ox_json_open(j, "rules", '[');
}

void ox_sarif_results(ox_json *j)
{
    ox_json_close(j, ']');
    ox_json_close(j, '}');
    ox_json_close(j, '}');
    ox_json_open(j, "results", '[');
}

void ox_sarif_end(ox_json *j)
{
    ox_json_close(j, ']');
    ox_json_close(j, '}');
    ox_json_close(j, ']');
    ox_json_close(j, '}');
}

/* A path as a URI reference: an absolute one with its scheme, all but unreserved bytes and slashes in percents. */
static char *uri_of(const char *path)
{
    static const char hex[] = "0123456789ABCDEF";
    static const char *const scheme = "file://";
    char *out = malloc(strlen(scheme) + 3 * strlen(path) + 1), *p = out;
    if (!out) return NULL;
    if (*path == '/') p += strlen(strcpy(p, scheme));
    for (; *path; path++) {
        unsigned char c = (unsigned char)*path;
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~/", c);
        if (plain) {
            *p++ = (char)c;
        } else {
            *p++ = '%';
            *p++ = hex[c >> 4];
            *p++ = hex[c & 15];
        }
    }
    *p = '\0';
    return out;
}

void ox_sarif_place(ox_json *j, const char *file, uint32_t line, uint32_t col)
{
    char *uri = uri_of(file);
    ox_json_open(j, "physicalLocation", '{');
    ox_json_open(j, "artifactLocation", '{');
    ox_json_strz(j, "uri", uri ? uri : "");
    ox_json_close(j, '}');
    if (line) {
        ox_json_open(j, "region", '{');
        ox_json_int(j, "startLine", line);
        ox_json_int(j, "startColumn", (int64_t)col + 1);
        ox_json_close(j, '}');
    }
    ox_json_close(j, '}');
    free(uri);
}

void ox_sarif_logical(ox_json *j, const char *name, const char *full, const char *kind)
{
    ox_json_open(j, NULL, '{');
    if (name) ox_json_strz(j, "name", name);
    ox_json_strz(j, "fullyQualifiedName", full);
    ox_json_strz(j, "kind", kind);
    ox_json_close(j, '}');
}
