"""Small functions that write to tensors, lists and dicts in place, for test_writes.py. Each is traced and scripted.

A case takes x, a float tensor [2, 3, 4], unless it names other inputs: k is a bool, n a number (both vary between runs,
so a trace of them means nothing and only the script counts), m a tensor of bools like x, i a vector of two indices."""
from typing import Dict, List, Optional

import torch

CASES = {}


class Case:
    def __init__(self, fn, low, low_script, varies, low_varying, refused, also):
        self.fn, self.low, self.varies, self.refused, self.also = fn, low, varies, refused, also
        self.low_varying, self.low_script = max(low, low_varying), max(low, low_script)
        code, first = (fn.forward.__code__, 1) if isinstance(fn, torch.nn.Module) else (fn.__code__, 0)
        self.inputs = code.co_varnames[first:code.co_argcount]


def case(low=9, low_script=0, varies=False, low_varying=0, refused=None, also=None):
    """low: the least opset that can say it, low_script in the scripted form; varies: dim 0 of x may be a symbol, from
    opset low_varying on; refused: why no export says it, but for the form `also`, where what matters is gone."""
    def keep(fn):
        CASES[fn.__name__] = Case(fn() if isinstance(fn, type) else fn, low, low_script, varies, low_varying, refused, also)
        return fn
    return keep


def inputs(name, run):
    """What the input of that name is in a run (0 is the one that is traced)."""
    batch = {3: 5}.get(run, 2)  # the last run is of another size, for those that may vary
    size = batch * 12
    x = (torch.arange(size, dtype=torch.float32).reshape(batch, 3, 4) / 7 - 1) * (1, -2, 3, 0.5)[run]
    if name == "x":
        return x
    if name == "y":
        return x.flip(0) * 0.3 + 0.1
    if name == "m":
        return x.remainder(0.5) < 0.2
    if name == "i":
        return torch.tensor([[0, 2], [1, 0], [2, 1], [0, 1]][run])
    if name == "k":
        return (True, False, True, False)[run]
    if name == "n":
        return (2, 0, 3, 1)[run]
    raise KeyError(name)


# ---- slices ----
@case(varies=True)
def slice_value(x):
    y = x * 1
    y[0, 1:3] = 5.0
    return y + 1


@case(varies=True)
def slice_tensor(x):
    y = x * 1
    y[:, 1:] = x[:, :2] * 2
    return y


@case(varies=True)
def slice_to_negative(x):
    y = x * 1
    y[:, -3:-1, 1:-1] = 0.25
    return y


@case(varies=True)
def slice_past_the_end(x):
    y = x * 1
    y[:, 2:10] = 7.0
    y[:, -20:1] = 8.0
    return y


@case(varies=True)
def slice_of_nothing(x):
    y = x * 1
    y[:, 2:1] = 7.0
    y[5:, :] = 8.0
    return y


@case(low=9, varies=True)
def slice_step(x):
    y = x * 1
    y[:, :, ::2] += y[:, :, 1::2]
    return y


@case(varies=True)
def slice_step_three(x):
    y = x * 1
    y[..., 1::3] = -1.0
    return y


@case(varies=True, low_varying=11)
def slice_dim_that_varies(x):
    y = x * 1
    y[1:] = 3.0
    y[-1:].mul_(2.0)
    return y


@case(varies=True, low_varying=11)
def slice_step_of_a_dim_that_varies(x):
    y = x * 1
    y[::2] *= 4.0
    return y


@case(varies=True)
def slice_broadcast(x):
    y = x * 1
    y[:, 1:] = x[0, 0]
    return y


@case(varies=True)
def slice_all(x):
    y = x * 1
    y[:] = 2.0
    return y


@case(varies=True)
def slice_other_dtype(x):
    y = x * 1
    y[:, :1] = torch.ones(1, dtype=torch.int64)
    return y


@case(varies=True)
def slice_to_integers(x):
    y = (x * 5).to(torch.int64)
    y[:, 1:] = x[:, 1:] * 9
    return y


@case(varies=True)
def ellipsis(x):
    y = x * 1
    y[..., -2:] = torch.tensor([1.0, 2.0])
    return y


@case(varies=True)
def slice_none(x):
    y = x * 1
    y[:, None, 0] = 4.0
    return y


# ---- one place ----
@case(varies=True)
def select_fill(x):
    y = x * 1
    y[:, 0].fill_(0.0)
    return y


@case(varies=True)
def select_negative(x):
    y = x * 1
    y[:, -1] = x[:, 0]
    return y


@case(varies=True)
def select_first(x):
    y = x * 1
    y[0] = 1.0
    return y


@case(varies=True)
def select_last_of_a_dim_that_varies(x):
    y = x * 1
    y[-1] = 1.0
    return y


@case(varies=True)
def select_copy(x):
    y = x * 1
    y.select(1, 1).copy_(x.select(1, 2))
    return y


@case()
def element(x):
    y = x * 1
    y[1, 2, 3] = 9.0
    y[0, 0, 0] += 2.0
    return y


@case(varies=True)
def select_of_slice(x):
    y = x * 1
    y[:, 1:][:, 0].zero_()
    return y


@case(varies=True)
def slice_of_select(x):
    y = x * 1
    y[:, 1][:, ::2].add_(3.0)
    return y


@case()
def chain_of_elements(x):
    y = torch.zeros(4)
    for j in range(4):
        y[j] = x[0, 0, j] * j
    return y


# ---- other views ----
@case(varies=True, low_varying=11)
def flat(x):
    y = x * 1
    y.view(-1)[3:7].mul_(2.0)
    return y


@case()
def flat_reshape(x):
    y = torch.zeros(2, 3, 4)
    z = y.reshape(-1)
    z[3:5] = x[0, 0, :2]
    return y


@case()
def transposed(x):
    y = x[0] * 1
    y.t()[0].zero_()
    return y


@case(varies=True)
def transposed_dims(x):
    y = x * 1
    y.transpose(1, 2)[:, 0].fill_(3.0)
    return y


@case()
def permuted(x):
    y = x * 1
    z = y.permute(2, 0, 1)
    z[1].add_(1.0)
    y[0].neg_()
    return z


@case(varies=True)
def unsqueezed(x):
    y = x * 1
    v = y.unsqueeze(1)
    v[:, 0, 1] = x[:, 2]
    return y * 2


@case(varies=True)
def unsqueezed_squeezed(x):
    y = x * 1
    v = y.unsqueeze(-1).squeeze(-1)
    v[:, -1] = x[:, 0]
    return y


@case(varies=True)
def narrowed(x):
    y = x * 1
    y.narrow(2, 1, 2).copy_(x[:, :, :2])
    return y


@case(low=11)
def narrowed_at_a_number(x, n: int):
    y = x * 1
    y.narrow(2, n - 3, 1).add_(5.0)  # from the end, the last one included
    return y


@case()
def diagonal(x):
    y = x * 1
    y.diagonal(0, 1, 2).fill_(9.0)
    return y


@case()
def diagonal_above(x):
    y = x * 1
    y.diagonal(1, 1, 2).mul_(2.0)
    y.diagonal(-1, 1, 2).copy_(x[:, 0, :2])
    return y


@case(varies=True)
def chunked(x):
    y = x * 1
    a, b = y.chunk(2, dim=2)
    b.copy_(a)
    return y


@case(varies=True, refused="an item of a split that is not taken apart", also="trace")
def chunked_item(x):
    y = x * 1
    c = y.chunk(2, dim=2)
    c[1].copy_(c[0])
    return y


@case(varies=True)
def split(x):
    y = x * 1
    a, b = y.split([1, 2], dim=1)
    a.add_(1.0)
    b.mul_(a)
    return y


@case(varies=True, refused="an item of a split that is not taken apart", also="trace")
def split_evenly(x):
    y = x * 1
    p = y.split(2, dim=1)
    p[0].zero_()
    p[1].add_(1.0)
    return y, p[0]


@case(varies=True)
def unbound(x):
    y = x * 1
    a, b, c = y.unbind(1)
    c.zero_()
    return y, a + c


@case(varies=True, low_script=11)
def unbound_item(x):
    y = x * 1
    parts = y.unbind(1)
    parts[2].zero_()
    return y, parts[0]


@case(varies=True)
def flattened(x):
    y = torch.zeros_like(x)
    z = y.flatten(1)
    z[:, 5] = 1.5
    return y


@case(varies=True)
def expanded_read(x):
    y = x * 1
    e = y[:1].expand(4, 3, 4)
    y[0, 0] = 7.0
    return e


@case(varies=True)
def view_as_other(x):
    y = x * 1
    v = y.view(-1, 12)
    v[:, 2:4] = 0.0
    return y, v


# ---- who reads what when ----
@case(varies=True)
def read_before_and_after(x):
    y = x * 1
    a = y + 1
    y[:, 0] = 2.0
    b = y + 1
    return a, b


@case(varies=True)
def view_made_before(x):
    y = x * 1
    v = y[:, 1]
    y.zero_()
    return v + 1


@case(varies=True)
def views_of_views(x):
    y = x * 1
    v = y[:, 1]
    w = v[:, 1:]
    y.add_(3.0)
    w.mul_(2.0)
    return y, v, w


@case(varies=True)
def overlapping(x):
    y = x * 1
    a = y[:, :2]
    b = y[:, 1:]
    a.add_(1.0)
    b.mul_(3.0)
    a.sub_(0.5)
    return y, a, b


@case(varies=True)
def shift(x):
    y = x * 1
    y[:, 1:] = y[:, :-1].clone()
    return y


@case(varies=True)
def two_names(x):
    y = x * 1
    z = y
    z.add_(1.0)
    return y, z


@case(varies=True)
def detached(x):
    y = x * 1
    y.detach()[:, 0] = 5.0
    return y


@case(varies=True)
def clone_is_apart(x):
    y = x * 1
    z = y.clone()
    z[:, 0] = 5.0
    return y, z


@case(refused="whether to() copies is not told from its dtype", also="trace")
def same_dtype_is_no_copy(x):
    y = x * 1
    z = y.to(torch.float32)
    z[0] = 2.0
    return y


@case()
def contiguous_is_no_copy(x):
    y = x * 1
    z = y.contiguous()
    z[0] = 2.0
    return y


@case(refused="whether it is a view or a copy hangs on strides, which a model does not have")
def contiguous_of_transposed_is_a_copy(x):
    y = x * 1
    z = y.transpose(1, 2).contiguous()
    z[0] = 2.0
    return y, z


@case(refused="whether it is a view or a copy hangs on strides, which a model does not have")
def reshape_of_transposed_is_a_copy(x):
    y = x * 1
    z = y.transpose(1, 2).reshape(-1)
    z[0] = 100.0
    return y, z


@case(refused="whether it is a view or a copy hangs on strides, which a model does not have")
def strides_outlive_arithmetic(x):
    y = x.permute(2, 1, 0) + 0
    z = y.reshape(-1)
    z[0] = 100.0
    return y


@case()
def stack_copies(x):
    y = x * 1
    z = torch.stack([y, y])
    y.zero_()
    return z, y


@case(varies=True)
def list_holds_the_tensor(x):
    y = x * 1
    parts = [y, x]
    y.add_(1.0)
    return torch.cat(parts)


@case(varies=True)
def list_item_is_written(x):
    a, b = x * 1, x * 2
    parts = [a, b]
    parts[1].add_(10.0)
    return a + b


@case(varies=True)
def tuple_item_is_written(x):
    pair = (x * 1, x * 2)
    pair[0][:, 0] = 3.0
    return pair[0] + pair[1]


@case(varies=True)
def writes_to_the_input(x):
    x[:, 0] = 1.0
    return x * 2


# ---- arithmetic in place ----
@case(varies=True)
def arithmetic(x):
    y = x * 1
    y.add_(2.0).mul_(3.0)
    y -= x
    y /= 2.0
    y.clamp_(-1.0, 4.0)
    return y


@case(varies=True)
def keeps_the_dtype(x):
    y = (x * 5).to(torch.int32)
    y += torch.ones(4, dtype=torch.int64)
    y *= 2
    return y


@case(varies=True)
def comparison_keeps_the_dtype(x):
    y = x * 1
    y.gt_(0.5)
    return y + 1


@case(varies=True)
def logical_keeps_the_dtype(x):
    y = x.clamp(min=0.0)
    y.logical_not_()
    return y * 2


@case(varies=True)
def activations(x):
    y = x * 1
    torch.relu_(y)
    y.sigmoid_()
    y[:, 0].tanh_()
    return y


@case(varies=True)
def addcmul(x, y):
    z = x * 1
    z.addcmul_(x, y, value=0.5)
    z[:, 0].addcdiv_(x[:, 1], y[:, 0] + 10.0)
    return z


@case(varies=True)
def lerp(x, y):
    z = x * 1
    z.lerp_(y, 0.25)
    return z


@case(varies=True)
def masked_fill(x, m):
    y = x * 1
    y.masked_fill_(m, -3.0)
    y[:, 1:].masked_fill_(m[:, 1:], 4.0)
    return y


@case(varies=True)
def where_then_write(x, m):
    y = torch.where(m, x, x * 2)
    y[:, 2] = 0.0
    return y


@case()
def triangle(x):
    y = x * 1
    y.tril_()
    return y


@case(varies=True)
def fill_with_tensor(x):
    y = x * 1
    y[:, 1].fill_(x.sum())
    return y


# ---- indices and masks ----
@case(varies=True)
def mask_value(x):
    y = x * 1
    y[y > 0] = 0.5
    return y


@case(low=11)
def mask_values(x, m):
    y = x * 1
    y[m] = x[m] * 2
    return y


@case()
def mask_rows(x):
    y = x * 1
    y[torch.tensor([True, False])] = 1.0
    return y


@case()
def mask_of_view(x, m):
    y = x * 1
    y[:, 1][m[:, 0]] = 6.0
    return y


@case(low=11)
def mask_behind_a_dim(x, m):
    y = x * 1
    y[:, m[0, :, 0]] = 6.0
    return y


@case(low=11)
def index_list(x):
    y = x * 1
    y[:, [0, 2]] = 1.0
    return y


@case(low=11)
def index_vector(x, i):
    y = x * 1
    y[:, i] = x[:, :2] * 3
    return y


@case(low=11)
def index_pairs(x, i):
    y = x * 1
    y[torch.tensor([0, 1]), i] = 8.0
    return y


@case(low=11)
def index_apart(x, i):
    y = x * 1
    y[torch.tensor([0, 1]), :, i] = 8.0
    return y


@case(low=11)
def index_after_slice(x, i):
    y = x * 1
    y[1:, i] = 8.0
    return y


@case(low=11)
def index_negative(x):
    y = x * 1
    y[:, torch.tensor([-1, -3])] = x[:, :2]
    return y


@case(low=16)
def index_add(x, i):
    y = x * 1
    y.index_add_(1, i, x[:, :2])
    return y


@case(low=11)
def index_copy(x, i):
    y = x * 1
    y.index_copy_(1, i, x[:, :2] * 5)
    return y


@case(low=11)
def index_fill(x, i):
    y = x * 1
    y.index_fill_(1, i, -9.0)
    return y


@case(low=16)
def index_put_accumulate(x, i):
    y = x * 1
    y[0].index_put_([i], torch.ones(4), accumulate=True)
    return y


@case()
def scatter(x, i):
    y = x[0] * 1
    y.scatter_(0, i.unsqueeze(0), 3.0)
    return y


@case(low=16)
def scatter_add(x, i):
    y = x[0] * 1
    y.scatter_add_(0, i.unsqueeze(0), torch.ones(1, 2))
    return y


@case(refused="no function of masked_scatter yet")
def masked_scatter(x, m):
    y = x * 1
    y.masked_scatter_(m, x * 2)
    return y


@case(low=11)
def index_by_tensor(x, i):
    y = x * 1
    y[:, i[0]] = 2.0
    return y


# ---- dims that change in place ----
@case(varies=True)
def unsqueeze_in_place(x):
    y = x * 1
    y.unsqueeze_(1)
    y[:, 0, 0] = 1.0
    return y


@case()
def transpose_in_place(x):
    y = x[0] * 1
    y.t_()
    y[0] = 1.0
    return y


@case(refused="a view of what is transposed in place afterwards")
def transpose_in_place_beside_a_view(x):
    y = x[0] * 1
    v = y[1]
    y.t_()
    y[0] = 1.0
    return y, v


@case(refused="a view that is squeezed in place: what it was a view of is not followed")
def squeeze_in_place_of_a_view(x):
    y = x * 1
    v = y[:, :1]
    v.squeeze_(1)
    v[0] = 1.0
    return y, v


# ---- results that are given ----
@case()
def out_argument(x):
    y = torch.zeros(2, 3, 4)
    torch.add(x, x, out=y)
    return y


@case()
def out_argument_is_a_view(x):
    y = torch.zeros(3, 3, 4)
    torch.mul(x, 2.0, out=y[:2])
    return y


# ---- branches ----
@case()
def branch_writes(x, k: bool):
    y = x * 1
    if k:
        y[0] = 1.0
    return y + 1


@case()
def branches_write(x, k: bool):
    y = x * 1
    v = y[0]
    if k:
        v.mul_(2.0)
    else:
        y.add_(1.0)
    return y, v


@case()
def branches_in_branches(x, k: bool, n: int):
    y = x * 1
    z = x * 2
    if k:
        y[0] = 1.0
        if n > 1:
            z.add_(y)
            y[:, 1] = 4.0
    else:
        if n > 0:
            z[0].zero_()
    return y, z


@case()
def branch_result_may_be_it(x, k: bool):
    y = x * 1
    z = y
    if k:
        z = y.relu()
    z.add_(1.0)
    return z


@case(refused="which of two values a branch gave, and so what is written, is known when it runs")
def branch_result_may_be_it_and_it_is_read(x, k: bool):
    y = x * 1
    z = y
    if k:
        z = y.relu()
    z.add_(1.0)
    return z, y


@case(refused="which of two values a branch gave, and so what is read, is known when it runs")
def written_where_a_branch_result_may_be_it(x, k: bool):
    y = x * 1
    z = y
    if k:
        z = y.relu()
    y.add_(1.0)
    return z


@case()
def branch_gives_a_view(x, k: bool):
    y = x * 1
    if k:
        v = y[0] + 0
    else:
        v = y[1] * 2
    v.add_(1.0)
    return v, y


@case(refused="which of two views a branch gave, and so what is written, is known when it runs")
def branch_gives_a_view_of_it(x, k: bool):
    y = x * 1
    if k:
        v = y[0]
    else:
        v = y[1]
    v.add_(1.0)
    return v, y


@case(refused="which item of a list is written is known when it runs")
def item_of_computed_index_is_written(x, n: int):
    a, b, c, d = x * 1, x * 2, x * 3, x * 4
    parts = [a, b, c, d]
    parts[n].add_(1.0)
    return a + b * 10 + c * 100


@case()
def branch_with_early_return(x, k: bool):
    y = x * 1
    if k:
        y[0] = 3.0
        return y
    y[1] = 4.0
    return y * 2


@case(refused="a branch gives None or a tensor")
def optional_is_written(x, k: bool):
    y: Optional[torch.Tensor] = None
    if k:
        y = x * 1
    if y is not None:
        y[0] = 3.0
        return y
    return x


# ---- loops ----
@case(low=11)
def loop_fills(x, n: int):
    y = x * 1
    for j in range(n):
        y[0, j] = float(j)
    return y


@case()
def loop_adds(x, n: int):
    y = torch.zeros(2, 3, 4)
    for j in range(n):
        y += x
        if j == 1:
            y[1] = 0.0
    return y


@case()
def loops_in_loops(x, n: int):
    y = x * 1
    v = y[:, 1]
    for j in range(n):
        for t in range(2):
            y[t].add_(1.0)
        v.mul_(2.0)
    return y, v


@case()
def loop_reads_then_writes(x, n: int):
    y = x * 1
    total = torch.zeros(4)
    for j in range(n):
        total = total + y[0, 0]
        y[0, 0] = total
    return y, total


@case()
def loop_reads_a_view(x, n: int):
    y = x * 1
    v = y[:, 0]
    total = torch.zeros(2, 4)
    for j in range(n):
        total = total + v
        y.add_(1.0)
    return total, v, y


@case()
def loop_carries_and_writes(x, n: int):
    h = x * 1
    for j in range(n):
        h = h * 2
        h[0] += 1.0
    return h


@case(refused="in the first round the carried value is the one from outside, later it is not")
def loop_writes_to_what_it_carries(x, n: int):
    y = x * 1
    h = y
    for j in range(n):
        h.add_(1.0)
        h = h * 2
    return h, y


@case()
def loop_writes_to_what_it_carries_alone(x, n: int):
    h = x * 1
    for j in range(n):
        h.add_(1.0)
        h = h * 2
    return h


@case(refused="two carried values are one after the first round")
def loop_makes_two_names(x, n: int):
    a = x * 1
    b = x * 2
    for j in range(n):
        a.add_(1.0)
        t = b * 3
        a = t
        b = t
    return a, b


@case(refused="what the last round made has two names")
def loop_gives_two_names(x, n: int):
    a = x * 1
    b = x * 2
    for j in range(n):
        t = b * 3
        a = t
        b = t
    a.add_(1.0)
    return a, b


@case(refused="two carried values change places")
def loop_swaps(x, n: int):
    a = x * 1
    b = x * 2
    c = a
    for j in range(n):
        t = a
        a = b
        b = t
        a.add_(1.0)
    return a, b, c


@case()
def while_writes(x, n: int):
    y = x * 1
    j = 0
    while bool((y.sum() < 50).item()) and j < n:
        y[0, 0] += 5.0
        j += 1
    return y, j


@case(low=11)
def loop_writes_a_moving_slice(x, n: int):
    y = x * 1
    for j in range(n):
        y[:, j:j + 1] = y[:, j:j + 1] * 2
    return y


@case()
def loop_in_branch(x, k: bool, n: int):
    y = x * 1
    if k:
        for j in range(n):
            y[:, 0] += 1.0
    return y


@case(low=11)
def bounds_are_computed(x, n: int):
    y = x * 1
    y[:, :n] = 1.0
    y[:, n:] *= 2.0
    return y


@case(low=11)
def index_is_computed(x, n: int):
    y = x * 1
    y[:, n - 1] = 1.0
    return y


# ---- lists and dicts ----
@case(varies=True)
def list_appended(x):
    parts: List[torch.Tensor] = []
    for j in range(3):
        parts.append(x[:, j] * j)
    parts.reverse()
    parts.pop()
    return torch.stack(parts)


@case(varies=True)
def list_set(x):
    parts = [x, x * 2, x * 3]
    parts[1] = x * 5
    del parts[0]
    parts += [x + 1]
    parts.insert(0, x - 1)
    return torch.cat(parts)


@case(varies=True)
def list_item_written_after_append(x):
    parts: List[torch.Tensor] = []
    y = x * 1
    parts.append(y)
    y[:, 0] = 9.0
    parts.append(y)
    return torch.cat(parts)


@case(low=11)
def list_appended_in_a_loop(x, n: int):
    parts: List[torch.Tensor] = [x]
    for j in range(n):
        parts.append(x * j)
    return torch.cat(parts)


@case(varies=True)
def dict_set(x):
    d: Dict[str, torch.Tensor] = {"a": x}
    d["b"] = x * 2
    d["a"] = d["b"] + 1
    return d["a"] - d["b"]


@case(varies=True)
def dict_item_written(x):
    d: Dict[str, torch.Tensor] = {"a": x * 1}
    d["a"][:, 0] = 2.0
    return d["a"] + 1


# ---- the state of modules ----
class Stateful(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("h", torch.zeros(4))


@case(refused="what a buffer is after the call has no place in the model")
class AddsToBuffer(Stateful):
    def forward(self, x):
        self.h.add_(x[0, 0])
        return self.h * 2


@case()
class RewritesBuffer(Stateful):
    def forward(self, x):
        self.h.copy_(x[0, 0])
        self.h[1:].mul_(3.0)
        return self.h * 2


@case(refused="what an attribute is after the call has no place in the model", also="trace")
class SetsAttribute(Stateful):
    def forward(self, x):
        self.h = self.h + x[0, 0]
        return self.h * 2
