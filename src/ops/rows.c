/* Floor 3. The rows of all families, indexed by domain and name. */
#include "ops/rows.h"

#include "ops/infer.h"

#define OX_FAMILY(name) extern const ox__op_family ox__ops_##name;
#include "ops/families.def"
#undef OX_FAMILY

static const ox__op_family *const families[] = {
#define OX_FAMILY(name) &ox__ops_##name,
#include "ops/families.def"
#undef OX_FAMILY
};

typedef struct key {
    const char *domain, *op;
} key;

static const ox__op_row *row_at(uint32_t id)
{
    return &families[(id - 1) >> 16]->rows[(id - 1) & 0xffff];
}

static const char *domain_of(const ox__op_family *f)
{
    return f->domain ? f->domain : "";
}

static bool row_is(const void *ud, uint32_t id)
{
    const key *k = ud;
    return strcmp(row_at(id)->name, k->op) == 0 && strcmp(domain_of(families[(id - 1) >> 16]), k->domain) == 0;
}

static uint64_t hash_of(const char *domain, const char *op)
{
    uint64_t h = ox__hash(op, strlen(op));
    return *domain ? ox__hash_mix(h, ox__hash(domain, strlen(domain))) : h;
}

ox_status ox__rows_init(ox__rows *r, ox_error *err)
{
    for (uint32_t i = 0; i < OX__COUNT(families); i++)
        for (uint32_t j = 0; j < families[i]->n; j++)
            if (!ox__index_add(&r->names, hash_of(domain_of(families[i]), families[i]->rows[j].name),
                               (i << 16 | j) + 1))
                return ox__nomem(err);
    return OX_OK;
}

void ox__rows_free(ox__rows *r)
{
    ox__vec_free(&r->row_of_str);
    ox__index_free(&r->names);
}

const ox__op_row *ox__rows_named(const ox__rows *r, const char *domain, const char *op)
{
    key k = {domain, op};
    uint32_t id = ox__index_find(&r->names, hash_of(domain, op), row_is, &k);
    return id ? row_at(id) : NULL;
}

const ox__op_row *ox__rows_of(ox__rows *r, const ox_model *m, ox_node n, bool *oom)
{
    size_t len, domain_len;
    ox_str op = ox_node_op(m, n);
    if (op.id == 0) return NULL;
    const char *domain = ox_str_text(m, ox_node_domain(m, n), &domain_len), *text = ox_str_text(m, op, &len);
    if (strlen(domain) != domain_len || strlen(text) != len) return NULL;
    if (domain_len) return ox__rows_named(r, domain, text);
    if (op.id >= r->row_of_str.n) {
        size_t had = r->row_of_str.n;
        if (!ox__vec_reserve(&r->row_of_str, op.id + 64)) {
            if (oom) *oom = true;
            return NULL;
        }
        r->row_of_str.n = op.id + 64;
        memset(r->row_of_str.p + had, 0, (r->row_of_str.n - had) * sizeof *r->row_of_str.p);
    }
    uint32_t *slot = &r->row_of_str.p[op.id];
    if (*slot == 0) {
        key k = {"", text};
        uint32_t id = ox__index_find(&r->names, hash_of("", text), row_is, &k);
        *slot = id ? id : UINT32_MAX;
    }
    return *slot == UINT32_MAX ? NULL : row_at(*slot);
}
