/* Floor 3. Operators that meant something else in older archives: until version 4 a quotient of integers was cut to an
 * integer, until version 5 what `full` made of an integer were floats, until 8 and 9 `linspace` and `logspace` had 100
 * steps if none were given. Archives tell their version, and what PyTorch puts in place of such a call when it loads
 * one stands here, as code of the same language. */
#include "io/torchscript/lower.h"

static const char upgraders[] = "def div_tensor(self: Tensor,\n"
                                "    other: Tensor) -> Tensor:\n"
                                "  if torch.is_floating_point(self):\n"
                                "    real = True\n"
                                "  else:\n"
                                "    real = torch.is_floating_point(other)\n"
                                "  if real:\n"
                                "    ratio = torch.div(self, other)\n"
                                "  else:\n"
                                "    ratio = torch.div(self, other, rounding_mode=\"trunc\")\n"
                                "  return ratio\n"
                                "def div_scalar(self: Tensor,\n"
                                "    other: number) -> Tensor:\n"
                                "  if torch.is_floating_point(self):\n"
                                "    real = True\n"
                                "  else:\n"
                                "    real = isinstance(other, float)\n"
                                "  if real:\n"
                                "    ratio = torch.div(self, other)\n"
                                "  else:\n"
                                "    ratio = torch.div(self, other, rounding_mode=\"trunc\")\n"
                                "  return ratio\n"
                                "def div_tensor_here(self: Tensor,\n"
                                "    other: Tensor) -> Tensor:\n"
                                "  if torch.is_floating_point(self):\n"
                                "    real = True\n"
                                "  else:\n"
                                "    real = torch.is_floating_point(other)\n"
                                "  if real:\n"
                                "    ratio = torch.div_(self, other)\n"
                                "  else:\n"
                                "    ratio = torch.div_(self, other, rounding_mode=\"trunc\")\n"
                                "  return ratio\n"
                                "def div_scalar_here(self: Tensor,\n"
                                "    other: number) -> Tensor:\n"
                                "  if torch.is_floating_point(self):\n"
                                "    real = True\n"
                                "  else:\n"
                                "    real = isinstance(other, float)\n"
                                "  if real:\n"
                                "    ratio = torch.div_(self, other)\n"
                                "  else:\n"
                                "    ratio = torch.div_(self, other, rounding_mode=\"trunc\")\n"
                                "  return ratio\n"
                                "def div_out(self: Tensor,\n"
                                "    other: Tensor,\n"
                                "    out: Tensor) -> Tensor:\n"
                                "  if torch.is_floating_point(self):\n"
                                "    one = True\n"
                                "  else:\n"
                                "    one = torch.is_floating_point(other)\n"
                                "  if one:\n"
                                "    real = True\n"
                                "  else:\n"
                                "    real = torch.is_floating_point(out)\n"
                                "  if real:\n"
                                "    ratio = torch.div(self, other, out=out)\n"
                                "  else:\n"
                                "    ratio = torch.div(self, other, rounding_mode=\"trunc\", out=out)\n"
                                "  return ratio\n"
                                "def full(size: List[int],\n"
                                "    fill_value: number,\n"
                                "    dtype: Optional[int],\n"
                                "    layout: Optional[int],\n"
                                "    device: Optional[Device],\n"
                                "    pin_memory: Optional[bool]) -> Tensor:\n"
                                "  if torch.__is__(dtype, None):\n"
                                "    value = float(fill_value)\n"
                                "    filled = torch.full(size, value, dtype=dtype, layout=layout, device=device, "
                                "pin_memory=pin_memory)\n"
                                "  else:\n"
                                "    filled = torch.full(size, fill_value, dtype=dtype, layout=layout, device=device, "
                                "pin_memory=pin_memory)\n"
                                "  return filled\n";

static const struct {
    const char *op, *overload;
    int64_t since; /* archives of this version and newer mean what is meant today */
    const char *name;
} rows[] = {
    {"aten::div", "Tensor", 4, "div_tensor"},
    {"aten::div", "Scalar", 4, "div_scalar"},
    {"aten::div_", "Tensor", 4, "div_tensor_here"},
    {"aten::div_", "Scalar", 4, "div_scalar_here"},
    {"aten::div", "out", 4, "div_out"},
    {"aten::full", "", 5, "full"},
};

static const struct {
    const char *op;
    int64_t since;
} stepped[] = {{"aten::linspace", 8}, {"aten::logspace", 9}};

bool ox__ts_upgraders(const char *qualifier, ox__src_text *text)
{
    if (strcmp(qualifier, "__upgraders__") != 0) return false;
    *text = (ox__src_text){"older operators", upgraders, sizeof upgraders - 1};
    return true;
}

/* The row of an operator whose meaning changed after the archive was written; SIZE_MAX: it has none. */
static size_t row_of(const ox__ts *t, const ox__ts_node *n)
{
    if (n->kind != OX__TS_OP || !n->schema) return SIZE_MAX;
    for (size_t i = 0; i < OX__COUNT(rows); i++)
        if (t->host.version < rows[i].since && strcmp(n->op, rows[i].op) == 0 &&
            strcmp(ox_aten_get(n->schema).overload, rows[i].overload) == 0)
            return i;
    return SIZE_MAX;
}

/* The nodes of the function that is put in come from where the call does. */
static void stamp(ox__ts_block *b, const ox__ts_node *call)
{
    for (ox__ts_node *n = b->first; n; n = n->next) {
        n->file = call->file;
        n->at = call->at;
        for (uint32_t i = 0; i < n->n_blocks; i++) stamp(n->blocks[i], call);
    }
}

static bool upgrade(ox__ts *t, ox__ts_node *n, size_t row)
{
    if (!t->host.version) {
        t->file = n->file;
        return ox__ts_refuse(t, n->at, OX_E_UNSUPPORTED,
                             "%s meant something else in older archives, and this one does not tell its version",
                             n->op);
    }
    char *name = ox__ts_text(t, "__upgraders__.%s", rows[row].name);
    ox__ts_fn *f = name ? ox__ts_function(t, name) : NULL;
    if (!f || !ox__ts_lower(t, f)) return false;
    stamp(f->graph, n);
    return ox__ts_put(t, n, 0, f->graph, n->site);
}

static bool upgrade_block(ox__ts *t, ox__ts_block *b)
{
    ox__ts_node *next;
    for (ox__ts_node *n = b->first; n; n = next) {
        next = n->next;
        for (uint32_t i = 0; i < n->n_blocks; i++)
            if (!upgrade_block(t, n->blocks[i])) return false;
        size_t row = row_of(t, n);
        if (row != SIZE_MAX && !upgrade(t, n, row)) return false;
    }
    return true;
}

bool ox__ts_upgrade(ox__ts *t, const ox__ts_fn *f, ox__ts_block *top)
{
    return strcmp(f->file->qualifier, "__upgraders__") == 0 || upgrade_block(t, top);
}

bool ox__ts_old_steps(ox__ts *t, const char *op, ox__ts_arg *args, size_t *n)
{
    size_t k = 0, at = 0;
    while (k < OX__COUNT(stepped) && strcmp(stepped[k].op, op) != 0) k++;
    if (k == OX__COUNT(stepped) || t->host.version >= stepped[k].since) return true;
    while (at < *n && !(args[at].key ? strcmp(args[at].key, "steps") == 0 : at == 2)) at++;
    const ox__obj *known = at < *n ? ox__ts_known(args[at].value) : NULL;
    if (at < *n && !(known && known->kind == OX__OBJ_NONE)) return true;
    ox__ts_value *steps = ox__ts_literal(t, ox__ts_obj_int(t, 100), t->t_int);
    if (!steps) return false;
    if (at == *n) args[(*n)++].key = "steps";
    args[at].value = steps;
    return true;
}
