/* Floor 7. A document of headings, lists, tables and code, written as Markdown or as one HTML page that needs nothing
 * else. Texts are data of models: they are sanitised and escaped here. */
#ifndef ONNXSH_APP_CMD_DOC_H
#define ONNXSH_APP_CMD_DOC_H

#include <onnxsh/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct ox_doc {
    FILE *f;
    bool html;
    size_t columns, column; /* of the table under way */
    bool in_list;
} ox_doc;

void ox_doc_begin(ox_doc *d, FILE *f, bool html, const char *title);
void ox_doc_end(ox_doc *d);
void ox_doc_heading(ox_doc *d, const char *text);
void ox_doc_text(ox_doc *d, const char *text);
/* A line "name: text" of a list. */
void ox_doc_item(ox_doc *d, const char *name, const char *text);
void ox_doc_itemf(ox_doc *d, const char *name, const char *fmt, ...) OX_PRINTF(3, 4);
/* Titles end with NULL; then as many cells as rows times titles. */
void ox_doc_table(ox_doc *d, const char *const *titles);
void ox_doc_cell(ox_doc *d, const char *text);
void ox_doc_cellf(ox_doc *d, const char *fmt, ...) OX_PRINTF(2, 3);
void ox_doc_table_end(ox_doc *d);
/* Lines as they are, in fixed pitch. */
void ox_doc_code(ox_doc *d, const char *text);

#endif
