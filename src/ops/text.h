/* Floor 3. Operators on strings: how they are computed (text_eval.c, regex.c, tfidf.c), for their rows (text.c). */
#ifndef ONNXSH_OPS_TEXT_H
#define ONNXSH_OPS_TEXT_H

#include "ops/infer.h"

ox_status ox__eval_regex_full_match(ox__ev *e);
ox_status ox__eval_string_concat(ox__ev *e);
ox_status ox__eval_string_normalizer(ox__ev *e);
ox_status ox__eval_string_split(ox__ev *e);
ox_status ox__eval_tfidf_vectorizer(ox__ev *e);

#endif
