/* Floor 3. Model to ModelProto: its own fields, then the graphs. Functions and training graphs are told by the place of
 * their field in the source, where they came in the order of the file. */
#include "io/onnx/save.h"

enum { M_IR_VERSION = 1, M_PRODUCER = 2, M_PRODUCER_VERSION = 3, M_DOMAIN = 4, M_VERSION = 5, M_DOC = 6 };

typedef struct model_state {
    const ox__top_row *top;
    uint32_t next_function; /* in the model's list */
    size_t next_pair, next_opset;
} model_state;

/* The graph of a kind whose field begins at `at`; they are asked for in ascending order. 0 if there is none. */
static uint32_t graph_from(ox__enc *e, ox_graph_kind kind, const uint8_t *at)
{
    uint64_t offset = (uint64_t)(at - e->io->start);
    for (uint32_t n = e->m->table[OX__GRAPH].n, i = 0; i < n; i++) {
        uint32_t g = (e->graph_cursor + i) % n;
        const ox__graph_row *r = ox__graph_row_at(e->m, g);
        if (!g || r->kind != (uint32_t)kind || !r->src || e->io->rec_at.p[r->src] != offset) continue;
        e->graph_cursor = g;
        return g;
    }
    return 0;
}

static void functions(ox__enc *e, model_state *s, const ox__at *at)
{
    const ox__top_row *t = s->top;
    uint32_t stop = 0;
    if (at->first)
        for (uint32_t i = 0; i < t->fn_n; i++) ox__mark(e, OX__MARK_GRAPH, ox__id_at(e->m, t->fn_first + i));
    if (at->f) {
        stop = graph_from(e, OX_GRAPH_FUNCTION, at->f->at);
        if (!ox__marked(e, OX__MARK_GRAPH, stop)) stop = 0; /* it was removed */
    }
    if (!stop && !at->last) return;
    while (e->status == OX_OK && s->next_function < t->fn_n) {
        uint32_t g = ox__id_at(e->m, t->fn_first + s->next_function++);
        ox__unmark(e, OX__MARK_GRAPH, g);
        ox__enc_graph(e, OX__MODEL_FUNCTION, g);
        if (g == stop && !at->last) return;
    }
}

static void training_field(ox__enc *e, void *ud, const ox__at *at)
{
    (void)ud;
    if (!at->f || !at->first) return; /* parts of a merged graph go with the first */
    uint32_t g = graph_from(e, OX_GRAPH_TRAINING, at->f->at);
    if (g)
        ox__enc_graph(e, at->number, g);
    else
        ox__at_copy(e, at);
}

static void training(ox__enc *e, const ox__at *at)
{
    static const uint32_t known[] = {OX__KNOWN_BYTES(1), OX__KNOWN_BYTES(2)};
    if (!at->f) return;
    ox__msg src = ox__msg_of(at->f->sub);
    ox__open_msg o = ox__sink_begin(&e->k, at->number);
    ox__splice(e, &src, known, OX__COUNT(known), training_field, NULL);
    ox__sink_end(&e->k, o);
}

static void number_field(ox__enc *e, const ox__at *at, uint32_t flags, uint32_t flag, int64_t v)
{
    if (at->f && !(flags & flag))
        ox__at_copy(e, at);
    else if (at->first && (at->f || v))
        ox__sink_int(&e->k, at->number, v);
}

static void text_field(ox__enc *e, const ox__at *at, const ox__top_row *t, ox_model_field which)
{
    if (at->f && !(t->flags & (uint32_t)OX__DIRTY_TEXT << which))
        ox__at_copy(e, at);
    else
        ox__at_text(e, at, (ox_str){t->text[which]});
}

static void model_field(ox__enc *e, void *ud, const ox__at *at)
{
    model_state *s = ud;
    const ox__top_row *t = s->top;
    switch (at->number) {
    case M_IR_VERSION: number_field(e, at, t->flags, OX__DIRTY_IR_VERSION, t->ir_version); break;
    case M_VERSION: number_field(e, at, t->flags, OX__DIRTY_VERSION, t->version); break;
    case M_PRODUCER: text_field(e, at, t, OX_MODEL_PRODUCER_NAME); break;
    case M_PRODUCER_VERSION: text_field(e, at, t, OX_MODEL_PRODUCER_VERSION); break;
    case M_DOMAIN: text_field(e, at, t, OX_MODEL_DOMAIN); break;
    case M_DOC: text_field(e, at, t, OX_MODEL_DOC); break;
    case OX__MODEL_GRAPH:
        if (at->first) ox__enc_graph(e, OX__MODEL_GRAPH, ox_model_main(e->m).id);
        break;
    case OX__MODEL_OPSET:
        if (at->f && !(t->flags & OX__DIRTY_OPSETS))
            ox__at_copy(e, at);
        else
            ox__at_opsets(e, at, t->opsets ? t->opsets->o : NULL, t->opsets ? t->opsets->n : 0, &s->next_opset);
        break;
    case OX__MODEL_METADATA:
        if (at->f && !(t->flags & OX__DIRTY_META))
            ox__at_copy(e, at);
        else
            ox__at_pairs(e, at, t->metadata ? t->metadata->p : NULL, t->metadata ? t->metadata->n : 0, &s->next_pair);
        break;
    case OX__MODEL_TRAINING: training(e, at); break;
    default: functions(e, s, at);
    }
}

void ox__enc_model(ox__enc *e)
{
    static const uint32_t known[] = {OX__KNOWN(M_IR_VERSION, OX__W_VARINT), OX__KNOWN_BYTES(M_PRODUCER),
                                     OX__KNOWN_BYTES(M_PRODUCER_VERSION),   OX__KNOWN_BYTES(M_DOMAIN),
                                     OX__KNOWN(M_VERSION, OX__W_VARINT),    OX__KNOWN_BYTES(M_DOC),
                                     OX__KNOWN_BYTES(OX__MODEL_GRAPH),      OX__KNOWN_BYTES(OX__MODEL_OPSET),
                                     OX__KNOWN_BYTES(OX__MODEL_METADATA),   OX__KNOWN_BYTES(OX__MODEL_TRAINING),
                                     OX__KNOWN_BYTES(OX__MODEL_FUNCTION)};
    model_state s = {.top = ox__top(e->m)};
    ox__msg src = {0};
    e->graph_cursor = 0;
    if (e->io) src = ox__msg_of(ox__reader_make(e->io->start, e->io->start, e->io->size));
    ox__splice(e, &src, known, OX__COUNT(known), model_field, &s);
}
