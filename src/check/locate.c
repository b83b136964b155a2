/* Floor 4. From a message to the place that it speaks of: what the forms of messages and the names in the text mention
 * is gathered first, then one walk over the nodes and one over the values resolve all of it. */
#include "check/locate.h"

#include "base/regex.h"

#include <onnxsh/query.h>
#include <onnxsh/text.h>

#include <stdlib.h>

static const ox_message_form forms[] = {
#define OX_MESSAGE(tool, what, groups, pattern, example) {tool, what, groups, pattern, example},
#include "check/messages.def"
#undef OX_MESSAGE
};

size_t ox_message_forms(const ox_message_form **rows)
{
    *rows = forms;
    return OX__COUNT(forms);
}

/* ---- what the text mentions ---- */
enum { MAX_MENTIONS = 4096, MAX_GROUPS = 4, MAX_NAME = 1 << 12 };

static ox_status add(ox__locate *l, const ox__mention *x)
{
    if (l->mentions.n >= MAX_MENTIONS) return OX_OK; /* a log of thousands of errors: the first ones are enough */
    return ox__vec_push(&l->mentions, *x) ? OX_OK : ox__nomem(l->err);
}

/* The name as the model has it; {0}: no such string. Messages write names as they are, or escaped as we do. */
static ox_str known(const ox__locate *l, ox__span at)
{
    char plain[MAX_NAME];
    size_t n = at.end - at.begin;
    if (at.begin == SIZE_MAX || n == 0 || n > sizeof plain) return (ox_str){0};
    ox_str s = ox_str_find(l->m, l->text + at.begin, n);
    if (s.id) return s;
    n = ox_text_unescape(l->text + at.begin, n, plain);
    return ox_str_find(l->m, plain, n);
}

static void number(const ox__locate *l, ox__span at, int64_t *out)
{
    if (at.begin == SIZE_MAX || !ox_text_parse_i64(l->text + at.begin, at.end - at.begin, out)) *out = -1;
}

static ox_status on_match(ox__locate *l, const ox_message_form *form, const ox__span *groups)
{
    ox__mention x = {.form = form, .index = -1, .line = -1, .at = groups[0]};
    bool named = false;
    for (size_t i = 0; form->groups[i]; i++) {
        ox__span at = groups[i + 1];
        if (at.begin == SIZE_MAX || at.begin == at.end) continue;
        switch (form->groups[i]) {
        case 'n': x.node = known(l, at); break;
        case 'v': x.value = known(l, at); break;
        case 'o': x.op = at; break;
        case 'i': number(l, at, &x.index); break;
        case 'f': x.file = at; break;
        case 'l': number(l, at, &x.line); break;
        default: break;
        }
        if (!named) x.at = at;
        named = true;
    }
    return add(l, &x);
}

static ox_status gather_form(ox__locate *l, const ox_message_form *form)
{
    static const ox__regex_limits limits = {.steps = 1000000, .depth = 2000, .heap_kib = 1024};
    ox__span spans[MAX_GROUPS + 1];
    ox__regex *x;
    ox_status s = ox__regex_compile(&x, form->pattern, strlen(form->pattern), OX__REGEX_JIT, &limits, NULL, l->err);
    if (s != OX_OK) return s;
    for (size_t from = 0; s == OX_OK && from < l->n;) {
        ox__regex_answer a = ox__regex_find(x, l->text, l->n, from, spans, OX__COUNT(spans));
        if (a == OX__REGEX_NOMEM) s = ox__nomem(l->err);
        if (a != OX__REGEX_YES) break;
        s = on_match(l, form, spans);
        from = OX__MAX(spans[0].end, from + 1);
    }
    ox__regex_free(x);
    return s;
}

static bool is_inside(const ox__locate *l, size_t at)
{
    for (size_t i = 0; i < l->mentions.n; i++)
        if (at >= l->mentions.p[i].at.begin && at < l->mentions.p[i].at.end) return true;
    return false;
}

static ox_status gather_word(ox__locate *l, size_t begin, size_t end)
{
    ox__mention x = {.index = -1, .line = -1, .at = {begin, end}};
    if (end <= begin || is_inside(l, begin)) return OX_OK;
    x.node = x.value = known(l, x.at);
    return x.node.id ? add(l, &x) : OX_OK;
}

/* Words between quotes may be any name; those that stand free must look like one: a bare `a` or `input` is prose. */
static bool looks_like_name(const char *s, size_t n)
{
    bool odd = false;
    for (size_t i = 0; i < n; i++) odd = odd || strchr("/_.0123456789", s[i]);
    return n >= 3 && odd;
}

static ox_status gather_words(ox__locate *l)
{
    static const char quotes[] = "'\"`", ends[] = " \t\r\n'\"`()[]{}<>,;=";
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < l->n && l->mentions.n < MAX_MENTIONS;) {
        char c = l->text[i];
        const char *close = c && strchr(quotes, c) ? memchr(l->text + i + 1, c, OX__MIN(l->n - i - 1, MAX_NAME)) : NULL;
        if (close && known(l, (ox__span){i + 1, (size_t)(close - l->text)}).id) {
            s = gather_word(l, i + 1, (size_t)(close - l->text));
            i = (size_t)(close - l->text) + 1;
            continue;
        }
        size_t end = i;
        while (end < l->n && !(l->text[end] && strchr(ends, l->text[end]))) end++;
        size_t begin = i + (c == '%'), last = end;
        while (last > begin && strchr(".:!?", l->text[last - 1])) last--;
        if (c == '%' || looks_like_name(l->text + begin, last - begin)) s = gather_word(l, begin, last);
        i = end + 1;
    }
    return s;
}

static ox_status gather(ox__locate *l)
{
    for (size_t i = 0; i < OX__COUNT(forms); i++) {
        ox_status s = gather_form(l, &forms[i]);
        if (s != OX_OK) return s;
    }
    return gather_words(l);
}

/* ---- the search ---- */

/* Surest first, then in the order of the text. */
static int by_rank(const void *a, const void *b)
{
    const ox__hit *x = a, *y = b;
    if (x->rank != y->rank) return x->rank < y->rank ? -1 : 1;
    if (x->locus.begin != y->locus.begin) return x->locus.begin < y->locus.begin ? -1 : 1;
    if (x->locus.node.id != y->locus.node.id) return x->locus.node.id < y->locus.node.id ? -1 : 1;
    return 0;
}

static void tell(ox__locate *l, ox_locus_fn fn, void *ud)
{
    if (l->hits.n) qsort(l->hits.p, l->hits.n, sizeof *l->hits.p, by_rank);
    for (size_t i = 0; i < l->hits.n; i++) {
        const ox__hit *h = &l->hits.p[i];
        bool seen = false;
        if (h->rank == OX__RANK_OP && l->hits.p[0].rank < OX__RANK_OP) return;
        if (h->locus.node.id) { /* each once: the table of what was told is by node */
            uint64_t bit = UINT64_C(1) << (h->locus.node.id & 63);
            seen = l->told[h->locus.node.id / 64] & bit;
            l->told[h->locus.node.id / 64] |= bit;
        }
        for (size_t k = 0; !h->locus.node.id && k < i && !seen; k++)
            seen = l->hits.p[k].locus.value.id == h->locus.value.id;
        if (!seen && !fn(ud, &h->locus)) return;
    }
}

ox_status ox_locate(const ox_model *m, const char *text, size_t n, ox_locus_fn fn, void *ud, const ox_task *task,
                    ox_error *err)
{
    ox__locate l = {.m = m, .text = text, .n = OX__MIN(n, (size_t)OX_LOCATE_MAX), .task = task, .err = err};
    ox_status s = ox_model_status(m, err);
    l.told = ox__calloc(ox_model_node_limit(m) / 64 + 1, sizeof *l.told);
    if (s == OX_OK && !l.told) s = ox__nomem(err);
    if (s == OX_OK) s = gather(&l);
    if (s == OX_OK && l.mentions.n) s = ox__locate_resolve(&l);
    if (s == OX_OK) tell(&l, fn, ud);
    ox__free(l.told);
    ox__vec_free(&l.mentions);
    ox__vec_free(&l.hits);
    return s;
}
