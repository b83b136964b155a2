"""Small networks of one or a few PyTorch operators, for the comparison of every symbolic function with PyTorch.

CASES(torch) gives rows (name, module or function, inputs, lowest opset, rtol): below that opset ONNX cannot say it, and a
refusal is expected. Values are chosen so that a wrong type, sign or rounding shows.

DYNAMIC(torch) gives rows (name, module or function, input of a batch size, lowest opset): traced with one size, exported
with the first dim as a symbol, and run with another.
"""


def CASES(torch):
    import torch.nn as nn
    import torch.nn.functional as F

    g = torch.Generator().manual_seed(11)
    rows = []

    def rand(*size, scale=1.0, shift=0.0):
        return torch.randn(*size, generator=g) * scale + shift

    def ints(*size, low=-5, high=6, dtype=torch.int64):
        return torch.randint(low, high, size, generator=g, dtype=dtype)

    # opset: the lowest that can say it; -N: older ones can, but are exact from N on only.
    def case(name, fn, *inputs, opset=9, rtol=1e-4):
        rows.append((name, fn, inputs, opset, rtol))

    x, y = rand(2, 3, 4, 5), rand(2, 3, 4, 5)
    p = x.abs() + 0.3  # positive
    u = torch.tanh(x) * 0.9  # in (-1, 1)
    i, j = ints(2, 3, 4), ints(2, 3, 4)
    k = torch.where(j == 0, torch.ones_like(j), j)  # no zero
    special = torch.tensor([0.0, -0.0, 1.0, float("inf"), float("-inf"), float("nan"), 2.5, -2.5, 3.5, 0.5])
    b1, b2 = x > 0, y > 0.3

    # ---- one operand
    for f in "abs neg exp sin cos tanh sigmoid floor ceil round erf sign square expm1 trunc sinh cosh atan tan asinh".split():
        case(f, getattr(torch, f), x * 2)
    for f in "log sqrt rsqrt reciprocal log2 log10 log1p".split():
        case(f, getattr(torch, f), p)
    for f in "asin acos atanh".split():
        case(f, getattr(torch, f), u)
    case("acosh", torch.acosh, p + 1)
    for f in "abs neg sign square".split():
        case(f + "_int", getattr(torch, f), i)
    for f in "exp sqrt sigmoid tanh sin log reciprocal".split():
        case(f + "_of_int", getattr(torch, f), ints(2, 3, low=1))
    for f in "floor ceil round trunc".split():
        case(f + "_of_special", getattr(torch, f), special)
    case("isnan", torch.isnan, special)
    case("isinf", torch.isinf, special)
    case("logical_not", torch.logical_not, b1)
    case("bitwise_not_bool", torch.bitwise_not, b1)
    case("bitwise_not_int", torch.bitwise_not, i)

    # ---- two operands
    for f in "add sub mul".split():
        op = getattr(torch, f)
        case(f, op, x, y)
        case(f + "_broadcast", op, x, rand(5))
        case(f + "_int", op, i, j)
        case(f + "_int_float", op, i, rand(2, 3, 4))
        case(f + "_half_scalar_tensor", lambda a, op=op: op(a, torch.tensor(2.0)), x)
        case(f + "_number", lambda a, op=op: op(a, 2.5), x)
        case(f + "_int_number", lambda a, op=op: op(a, 3), i)
        case(f + "_int_float_number", lambda a, op=op: op(a, 2.5), i)
        case(f + "_int32_int64", op, ints(2, 3, dtype=torch.int32), ints(2, 3))
        case(f + "_uint8", op, ints(2, 3, low=0, high=250, dtype=torch.uint8), ints(2, 3, low=0, high=250, dtype=torch.uint8))
        case(f + "_double", op, x.double(), y)
        case(f + "_zero_dim", lambda a, b, op=op: op(a, b.sum()), x, y.double())
    case("add_bool", torch.add, b1, b2)
    case("mul_bool", torch.mul, b1, b2)
    case("mul_bool_float", torch.mul, b1, y)
    case("add_alpha", lambda a, b: torch.add(a, b, alpha=2), x, y)
    case("add_alpha_float", lambda a, b: torch.add(a, b, alpha=0.5), x, y)
    case("add_alpha_int", lambda a, b: torch.add(a, b, alpha=3), i, j)
    case("add_alpha_number", lambda a: torch.add(a, 5, alpha=3), x)
    case("sub_alpha", lambda a, b: torch.sub(a, b, alpha=0.5), x, y)
    case("rsub", lambda a: 1 - a, x)
    case("rsub_alpha", lambda a, b: torch.rsub(a, b, alpha=2), x, y)
    case("div", torch.div, x, y)
    case("div_int", torch.div, i, k)
    case("div_number", lambda a: a / 3, x)
    case("div_int_number", lambda a: a / 4, i)
    for mode in ("floor", "trunc"):
        case("div_" + mode, lambda a, b, m=mode: torch.div(a, b, rounding_mode=m), x * 5, y)
        case("div_int_" + mode, lambda a, b, m=mode: torch.div(a, b, rounding_mode=m), i, k)
        case("div_number_" + mode, lambda a, m=mode: torch.div(a, 2, rounding_mode=m), i)
        case("div_float_number_" + mode, lambda a, m=mode: torch.div(a, 0.75, rounding_mode=m), x * 5)
    case("floor_divide_int", torch.floor_divide, i, k)
    case("floor_divide", torch.floor_divide, x * 5, y)
    case("true_divide", torch.true_divide, i, k)
    case("remainder", torch.remainder, x * 5, y)
    case("remainder_int", torch.remainder, i, k)
    case("remainder_number", lambda a: a % 3, i)
    case("remainder_float_number", lambda a: a % 0.75, x * 5)
    case("remainder_of_multiples", lambda a: (a.round() / 10) % 0.1, x * 20, opset=-10)
    case("floor_divide_of_multiples", lambda a: (a.round() / 10) // 0.1, x * 20, opset=-11)
    case("floor_divide_of_floats", torch.floor_divide, x * 5, y)
    case("floor_divide_by_zero", lambda a, b: torch.floor_divide(a, b.round()), x * 5, y, opset=-11)
    case("div_floor_by_three", lambda a: torch.div(a, -3, rounding_mode="floor") + a // 4, x * 50)
    case("remainder_of_negative", lambda a: a % -0.7, x * 5)
    case("remainder_double", torch.remainder, x.double() * 5, y.double())
    case("shift_left", lambda a: a << 3, i)
    case("shift_right", lambda a: (a * 7 >> 2) + torch.bitwise_right_shift(a, 1), i)
    case("fmod", torch.fmod, x * 5, y)
    case("fmod_int", torch.fmod, i, k)
    case("pow", torch.pow, p, y)
    case("pow_number", lambda a: a ** 2, x)
    case("pow_half", lambda a: a ** 0.5, p)
    case("pow_int", lambda a: a ** 2, i)
    case("pow_int_float", lambda a: a.abs() ** 1.5, i)
    case("pow_base", lambda a: 2 ** a, x)
    case("atan2", torch.atan2, x, y)
    for f in "eq ne lt le gt ge".split():
        op = getattr(torch, f)
        case(f, op, x, torch.where(b2, x, y))
        case(f + "_int", op, i, j)
        case(f + "_number", lambda a, op=op: op(a, 1), i)
        case(f + "_float_number", lambda a, op=op: op(a, 0.25), x)
        case(f + "_int_float_number", lambda a, op=op: op(a, 0.5), i)
        case(f + "_special", op, special, special.flip(0))
        case(f + "_mixed", op, i, rand(2, 3, 4))
        case(f + "_bool", op, b1, b2)
        case(f + "_uint8", op, ints(2, 3, low=0, dtype=torch.uint8), ints(2, 3, low=0, dtype=torch.uint8))
    for f in "logical_and logical_or logical_xor".split():
        case(f, getattr(torch, f), b1, b2)
        case(f + "_int", getattr(torch, f), i, j)
    for f in "bitwise_and bitwise_or bitwise_xor".split():
        case(f, getattr(torch, f), b1, b2)
        case(f + "_int", getattr(torch, f), i, j, opset=18)
    case("and_operator", lambda a, b: a & b, b1, b2)
    case("or_operator", lambda a, b: a | b, b1, b2)
    case("xor_operator", lambda a, b: a ^ b, b1, b2)
    for f in "maximum minimum max min".split():
        case(f + "_pair", getattr(torch, f), x, y)
        case(f + "_pair_int", getattr(torch, f), i, j)
    case("where", torch.where, b1, x, y)
    case("where_int", torch.where, b1[0, 0, :2, :3], ints(2, 3), ints(2, 3))
    case("masked_fill", lambda a, m: a.masked_fill(m, -1.5), x, b1)
    case("masked_fill_int", lambda a, m: a.masked_fill(m, 7), ints(2, 3, 4, 5), b1)
    case("masked_fill_tensor", lambda a, m, v: a.masked_fill(m, v), x, b1, torch.tensor(2.0))
    case("addcmul", lambda a, b, c: torch.addcmul(a, b, c, value=0.5), x, y, p)
    case("addcdiv", lambda a, b, c: torch.addcdiv(a, b, c, value=0.5), x, y, p)
    case("lerp", lambda a, b: torch.lerp(a, b, 0.25), x, y)
    case("clamp", lambda a: a.clamp(-0.5, 0.7), x)
    case("clamp_min", lambda a: a.clamp(min=0.1), x)
    case("clamp_max", lambda a: a.clamp(max=0.1), x)
    case("clamp_min_op", lambda a: torch.clamp_min(a, 0.1), x)
    case("clamp_max_op", lambda a: torch.clamp_max(a, 0.1), x)
    case("clamp_int", lambda a: a.clamp(-2, 3), i)
    case("clamp_int_float", lambda a: a.clamp(-1.5, 2.5), i)
    case("clamp_tensor", lambda a, lo: torch.clamp(a, lo, lo + 1), x, rand(5))

    # ---- activations
    for f in """relu relu6 elu selu celu leaky_relu silu hardswish hardsigmoid hardtanh gelu softplus logsigmoid mish
                tanhshrink softsign hardshrink softshrink""".split():
        case(f, getattr(F, f), x * 4)
    case("relu_int", F.relu, i)
    case("relu6_module", nn.ReLU6(), x * 6)
    case("elu_alpha", lambda a: F.elu(a, 1.7), x)
    case("celu_alpha", lambda a: F.celu(a, 1.7), x)
    case("leaky_relu_slope", lambda a: F.leaky_relu(a, 0.2), x)
    case("hardtanh_bounds", lambda a: F.hardtanh(a, -0.3, 0.9), x)
    case("gelu_tanh", lambda a: F.gelu(a, approximate="tanh"), x)
    case("softplus_beta", lambda a: F.softplus(a, beta=2.5), x)
    case("softplus_threshold", lambda a: F.softplus(a, 1, 1), x * 3)
    case("threshold", lambda a: F.threshold(a, 0.2, -3.0), x)
    case("hardshrink_lambda", lambda a: F.hardshrink(a, 0.8), x)
    case("glu", lambda a: F.glu(a, 1), rand(2, 6, 4))
    case("glu_last", F.glu, rand(2, 3, 8))
    case("prelu", nn.PReLU(3), x)
    case("prelu_one", nn.PReLU(), x)
    case("prelu_2d", nn.PReLU(4), rand(3, 4))
    for f in "softmax log_softmax".split():
        for dim in (0, 1, -1, 2):
            case(f"{f}_{dim}", lambda a, f=f, d=dim: getattr(F, f)(a, d), x)
        case(f + "_double", lambda a, f=f: getattr(F, f)(a, 1, dtype=torch.float64), x)
    case("softmin", lambda a: F.softmin(a, 1), x)
    case("dropout", nn.Dropout(0.5), x)
    case("dropout2d", nn.Dropout2d(0.5), x)
    case("alpha_dropout", nn.AlphaDropout(0.5), x)

    # ---- convolutions
    def conv(name, layer, *size, opset=9):
        case(name, layer, rand(*size), opset=opset, rtol=1e-3)

    conv("conv1d", nn.Conv1d(3, 4, 3), 2, 3, 9)
    conv("conv2d", nn.Conv2d(3, 4, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)), 2, 3, 9, 8)
    conv("conv2d_no_bias", nn.Conv2d(3, 4, 1, bias=False), 2, 3, 5, 5)
    conv("conv2d_groups", nn.Conv2d(4, 8, 3, groups=2), 2, 4, 6, 6)
    conv("conv2d_depthwise", nn.Conv2d(4, 4, 3, groups=4, padding=1), 2, 4, 6, 6)
    conv("conv2d_unbatched", nn.Conv2d(3, 4, 3), 3, 6, 6)
    conv("conv2d_same", nn.Conv2d(3, 4, (4, 3), padding="same"), 2, 3, 7, 7)
    conv("conv2d_same_dilated", nn.Conv2d(3, 4, 4, padding="same", dilation=2), 2, 3, 9, 9)
    conv("conv2d_valid", nn.Conv2d(3, 4, 3, padding="valid"), 2, 3, 7, 7)
    conv("conv2d_reflect", nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect"), 2, 3, 7, 7)
    conv("conv2d_circular", nn.Conv2d(3, 4, 3, padding=1, padding_mode="circular"), 2, 3, 7, 7)
    conv("conv3d", nn.Conv3d(2, 3, 2, padding=1), 1, 2, 4, 5, 6)
    conv("conv_transpose1d", nn.ConvTranspose1d(3, 4, 3, stride=2), 2, 3, 5)
    conv("conv_transpose2d", nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2), 2, 4, 5, 5)
    conv("conv_transpose2d_dilated", nn.ConvTranspose2d(3, 4, 3, dilation=2), 2, 3, 5, 5)
    conv("conv_transpose3d", nn.ConvTranspose3d(2, 3, 2, stride=2), 1, 2, 3, 3, 3)

    # ---- pooling
    for n, size in ((1, (2, 3, 11)), (2, (2, 3, 11, 9)), (3, (1, 2, 7, 8, 9))):
        mp, ap = getattr(F, f"max_pool{n}d"), getattr(F, f"avg_pool{n}d")
        a = rand(*size)
        case(f"max_pool{n}d", lambda t, f=mp: f(t, 3), a)
        case(f"max_pool{n}d_stride", lambda t, f=mp: f(t, 3, 2, 1), a)
        case(f"max_pool{n}d_ceil", lambda t, f=mp: f(t, 3, 2, 1, ceil_mode=True), a)
        case(f"max_pool{n}d_ceil_small", lambda t, f=mp: f(t, 2, 2, 1, ceil_mode=True), a)
        case(f"max_pool{n}d_dilation", lambda t, f=mp: f(t, 2, 1, 0, 2), a, opset=10)
        case(f"max_pool{n}d_indices", lambda t, f=mp: f(t, 3, 2, 1, return_indices=True), a)
        case(f"avg_pool{n}d", lambda t, f=ap: f(t, 3), a)
        case(f"avg_pool{n}d_pad", lambda t, f=ap: f(t, 3, 2, 1), a)
        case(f"avg_pool{n}d_exclude_pad", lambda t, f=ap: f(t, 3, 2, 1, count_include_pad=False), a)
        case(f"avg_pool{n}d_ceil", lambda t, f=ap: f(t, 3, 2, 1, ceil_mode=True), a)
        case(f"avg_pool{n}d_ceil_exclude", lambda t, f=ap: f(t, 4, 3, 1, ceil_mode=True, count_include_pad=False), a)
        case(f"adaptive_avg_pool{n}d_1", lambda t, n=n: getattr(F, f"adaptive_avg_pool{n}d")(t, 1), a)
        case(f"adaptive_avg_pool{n}d_uneven", lambda t, n=n: getattr(F, f"adaptive_avg_pool{n}d")(t, 4), a)
        case(f"adaptive_max_pool{n}d_1", lambda t, n=n: getattr(F, f"adaptive_max_pool{n}d")(t, 1), a)
    case("avg_pool2d_divisor", lambda t: F.avg_pool2d(t, 3, 2, 1, divisor_override=5), x)
    case("adaptive_avg_pool2d_even", lambda t: F.adaptive_avg_pool2d(t, (2, 3)), rand(2, 3, 8, 9))
    case("adaptive_avg_pool2d_grow", lambda t: F.adaptive_avg_pool2d(t, (7, 7)), rand(2, 3, 3, 5))
    case("adaptive_avg_pool2d_none", nn.AdaptiveAvgPool2d((None, 3)), rand(2, 3, 8, 9))
    case("adaptive_max_pool2d_even", lambda t: F.adaptive_max_pool2d(t, (2, 3)), rand(2, 3, 8, 9))
    case("max_pool2d_unbatched", lambda t: F.max_pool2d(t, 2), rand(3, 6, 6))
    case("avg_pool2d_unbatched", lambda t: F.avg_pool2d(t, 2), rand(3, 6, 6))

    # ---- normalisations
    def trained(layer):
        for name in ("running_mean", "running_var", "weight", "bias"):
            v = getattr(layer, name, None)
            if v is not None:
                v.data.uniform_(0.5, 1.5, generator=g)
        return layer

    case("batch_norm1d", trained(nn.BatchNorm1d(4)), rand(3, 4, 5))
    case("batch_norm1d_2d", trained(nn.BatchNorm1d(4)), rand(3, 4))
    case("batch_norm2d", trained(nn.BatchNorm2d(3)), x)
    case("batch_norm2d_eps", trained(nn.BatchNorm2d(3, eps=0.1)), x)
    case("batch_norm2d_no_affine", trained(nn.BatchNorm2d(3, affine=False)), x)
    case("batch_norm2d_no_stats", trained(nn.BatchNorm2d(3, track_running_stats=False)), x)
    case("batch_norm3d", trained(nn.BatchNorm3d(2)), rand(2, 2, 3, 4, 5))
    case("conv_batch_norm", nn.Sequential(nn.Conv2d(3, 4, 3), trained(nn.BatchNorm2d(4))), x, rtol=1e-3)
    case("layer_norm", trained(nn.LayerNorm(5)), x)
    case("layer_norm_2", trained(nn.LayerNorm((4, 5))), x)
    case("layer_norm_plain", nn.LayerNorm(5, elementwise_affine=False), x)
    case("group_norm", trained(nn.GroupNorm(2, 6)), rand(2, 6, 4, 5))
    case("group_norm_plain", nn.GroupNorm(3, 6, affine=False), rand(2, 6, 4))
    case("instance_norm", nn.InstanceNorm2d(3), x)
    case("instance_norm_affine", trained(nn.InstanceNorm2d(3, affine=True)), x)
    case("instance_norm_stats", trained(nn.InstanceNorm2d(3, track_running_stats=True)), x)
    case("normalize", lambda a: F.normalize(a, dim=1), x)

    # ---- products
    case("linear", nn.Linear(5, 3), rand(4, 5))
    case("linear_3d", nn.Linear(5, 3), rand(2, 4, 5))
    case("linear_1d", nn.Linear(5, 3), rand(5))
    case("linear_no_bias", nn.Linear(5, 3, bias=False), rand(4, 5))
    case("matmul", torch.matmul, rand(2, 3, 4), rand(2, 4, 5))
    case("matmul_vector", torch.matmul, rand(3, 4), rand(4))
    case("matmul_int", torch.matmul, ints(3, 4), ints(4, 2))
    case("mm", torch.mm, rand(3, 4), rand(4, 5))
    case("bmm", torch.bmm, rand(2, 3, 4), rand(2, 4, 5))
    case("mv", torch.mv, rand(3, 4), rand(4))
    case("dot", torch.dot, rand(4), rand(4))
    case("outer", torch.outer, rand(3), rand(4))
    case("addmm", torch.addmm, rand(3, 5), rand(3, 4), rand(4, 5))
    case("addmm_scaled", lambda a, b, c: torch.addmm(a, b, c, beta=0.5, alpha=2.0), rand(5), rand(3, 4), rand(4, 5))
    case("addmm_int", lambda a, b, c: torch.addmm(a, b, c, beta=2, alpha=3), ints(3, 5), ints(3, 4), ints(4, 5))
    case("baddbmm", lambda a, b, c: torch.baddbmm(a, b, c, beta=0.5, alpha=2.0), rand(2, 3, 5), rand(2, 3, 4), rand(2, 4, 5))
    case("addbmm", torch.addbmm, rand(3, 5), rand(2, 3, 4), rand(2, 4, 5))
    case("addmv", torch.addmv, rand(3), rand(3, 4), rand(4))
    case("einsum", lambda a, b: torch.einsum("bij,bjk->bik", a, b), rand(2, 3, 4), rand(2, 4, 5), opset=12)

    # ---- shapes
    case("view", lambda a: a.view(6, -1), x)
    case("view_dims", lambda a: a.view(a.size(0), a.size(1), -1), x)
    case("reshape", lambda a: a.reshape(2, 60), x)
    case("view_as", lambda a, b: a.view_as(b), x, rand(6, 20))
    case("flatten", lambda a: torch.flatten(a, 1), x)
    case("flatten_all", torch.flatten, x)
    case("flatten_middle", lambda a: torch.flatten(a, 1, 2), x)
    case("flatten_tail", lambda a: torch.flatten(a, 2), x)
    case("flatten_negative", lambda a: torch.flatten(a, -3, -2), x)
    case("flatten_scalar", lambda a: torch.flatten(a.sum()), x)
    case("unflatten", lambda a: nn.Unflatten(1, (3, 4))(a), rand(2, 12, 5))
    case("unsqueeze", lambda a: a.unsqueeze(1), x)
    case("unsqueeze_last", lambda a: a.unsqueeze(-1), x)
    case("squeeze", torch.squeeze, rand(2, 1, 3, 1))
    case("squeeze_dim", lambda a: a.squeeze(1), rand(2, 1, 3, 1))
    case("squeeze_not", lambda a: a.squeeze(2) * 1.0, rand(2, 1, 3, 1))
    case("transpose", lambda a: a.transpose(1, -1), x)
    case("t", torch.t, rand(3, 4))
    case("t_vector", lambda a: torch.t(a) * 1.0, rand(4))
    case("numpy_t", lambda a: a.T, rand(3, 4))
    case("permute", lambda a: a.permute(0, 2, -1, 1), x)
    case("movedim", lambda a: torch.movedim(a, 1, 3), x)
    case("cat", lambda a, b: torch.cat([a, b], 1), x, y)
    case("cat_negative", lambda a, b: torch.cat([a, b], -1), x, y)
    case("cat_mixed", lambda a, b: torch.cat([a, b], 0), i, rand(1, 3, 4))
    case("stack", lambda a, b: torch.stack([a, b], 1), x, y)
    case("stack_negative", lambda a, b: torch.stack([a, b], -1), x, y)
    case("chunk", lambda a: torch.chunk(a, 2, 3), x)
    case("chunk_uneven", lambda a: torch.chunk(a, 3, 3), x)
    case("chunk_fewer", lambda a: torch.chunk(a, 4, -1), rand(2, 6))
    case("split", lambda a: torch.split(a, 2, 3), x)
    case("split_sizes", lambda a: torch.split(a, [1, 3, 1], -1), x)
    case("unsafe_chunk", lambda a: torch.unsafe_chunk(a, 2, 1), rand(2, 4))
    case("tensor_split", lambda a: torch.tensor_split(a, 3, 3), x)
    case("tensor_split_at", lambda a: torch.tensor_split(a, (1, 3), 3), x)
    case("unbind", lambda a: torch.unbind(a, 1), x)
    case("unbind_stack", lambda a: torch.stack([t * 2 for t in torch.unbind(a, -1)], 0), x)
    case("expand", lambda a: a.expand(2, 3, 4, 5), rand(3, 1, 5))
    case("expand_keep", lambda a: a.expand(-1, 4, -1), rand(3, 1, 5))
    case("expand_as", lambda a, b: a.expand_as(b), rand(3, 1, 5), x)
    case("repeat", lambda a: a.repeat(2, 1, 3), rand(2, 3))
    case("repeat_same", lambda a: a.repeat(2, 3), rand(2, 3))
    case("tile", lambda a: torch.tile(a, (2,)), rand(2, 3))
    case("roll", lambda a: torch.roll(a, (1, -2), (2, 3)), x)
    case("roll_flat", lambda a: torch.roll(a, 7), x)
    case("flip", lambda a: torch.flip(a, (1, 3)), x, opset=10)
    case("pixel_shuffle", lambda a: F.pixel_shuffle(a, 2), rand(2, 8, 3, 4))
    case("pixel_unshuffle", lambda a: F.pixel_unshuffle(a, 2), rand(2, 2, 6, 4))
    case("channel_shuffle", nn.ChannelShuffle(2), rand(2, 6, 3, 4))
    case("size_arithmetic", lambda a: a.view(a.size(0) * a.size(1), a.shape[2] * a.shape[3]) * a.size(0), x)
    case("numel", lambda a: a * a.numel(), x)
    case("contiguous_clone", lambda a: a.transpose(0, 1).contiguous().clone().detach() + 0, x)

    # ---- picking
    case("slice", lambda a: a[:, 1:, :-1, ::2], x)
    case("slice_negative", lambda a: a[..., -3:-1], x)
    case("slice_beyond", lambda a: a[:, :, 1:100], x)
    case("select", lambda a: a[:, 1], x)
    case("select_negative", lambda a: a[:, -1], x)
    case("narrow", lambda a: a.narrow(3, 1, 3), x)
    case("index_select", lambda a: torch.index_select(a, 1, torch.tensor([2, 0])), x)
    case("gather", lambda a, n: torch.gather(a, 1, n), rand(3, 4), ints(3, 2, low=0, high=4), opset=11)
    case("gather_negative", lambda a, n: torch.gather(a, -1, n), rand(3, 4), ints(3, 2, low=0, high=4), opset=11)
    case("scatter", lambda a, n, s: a.scatter(1, n, s), rand(2, 4), torch.tensor([[0, 2], [3, 1]]), rand(2, 2))
    case("scatter_value", lambda a, n: a.scatter(1, n, 1.5), rand(2, 4), torch.tensor([[0, 2], [3, 1]]))
    case("scatter_add", lambda a, n, s: a.scatter_add(1, n, s), rand(2, 4), torch.tensor([[0, 0], [3, 1]]), rand(2, 2), opset=16)
    case("embedding", nn.Embedding(7, 4), ints(2, 3, low=0, high=7))
    case("embedding_padding", nn.Embedding(7, 4, padding_idx=2), ints(2, 3, low=0, high=7))
    case("index_tensor", lambda a, n: a[n], x, torch.tensor([1, 0, 1]))
    case("index_middle", lambda a, n: a[:, n], x, torch.tensor([[2, 0], [1, 1]]))
    case("index_pair", lambda a, n, m: a[n, m], x, torch.tensor([1, 0, 1]), torch.tensor([0, 2, 1]), opset=11)
    case("index_pair_middle", lambda a, n, m: a[:, n, m], x, torch.tensor([1, 0, 2]), torch.tensor([0, 3, 1]), opset=11)
    case("index_pair_broadcast", lambda a, n, m: a[:, :, n, m], x, torch.tensor([[1], [0]]), torch.tensor([0, 3, 1]), opset=11)
    case("index_mask", lambda a, m: a[m], x, b1, opset=11)
    case("index_mask_middle", lambda a, m: a[:, m], rand(3, 4, 2), torch.tensor([True, False, True, True]))
    case("index_mask_pair", lambda a, m: a[:, m], rand(2, 3, 4), rand(3, 4) > 0, opset=11)
    case("index_mask_and_number", lambda a, m, n: a[m, n], rand(4, 5), torch.tensor([True, False, True, True]), torch.tensor([0, 4, 2]), opset=11)
    case("index_apart", lambda a, n, m: a[n, :, m], x, torch.tensor([1, 0, 1]), torch.tensor([0, 2, 1]), opset=11)
    case("index_apart_broadcast", lambda a, n, m: a[:, n, :, m], x, torch.tensor([[1], [0]]), torch.tensor([0, 3, 1]), opset=11)
    case("where_list", lambda m: torch.where(m)[0], torch.tensor([True, False, True]))
    case("where_lists", lambda m: torch.where(m), rand(3, 4) > 0)
    case("nonzero_tuple", lambda m: m.nonzero(as_tuple=True), rand(3, 4) > 0)
    case("masked_select", torch.masked_select, x, b1, opset=11)
    case("nonzero", torch.nonzero, b1)
    case("take", torch.take, x, torch.tensor([[5, 0], [119, 7]]))
    case("tril", torch.tril, rand(4, 5))
    case("triu_diagonal", lambda a: torch.triu(a, 1), rand(4, 5))
    case("tril_below", lambda a: torch.tril(a, -2), rand(2, 4, 5))
    case("one_hot", lambda n: F.one_hot(n, 6), ints(3, low=0, high=6))

    def put(fn):
        def run(a, *rest):
            a = a.clone()
            fn(a, *rest)
            return a
        return run

    case("put_mask", put(lambda a, m: a.__setitem__(m, 1.5)), x, b1)
    case("put_rows", put(lambda a, n, v: a.__setitem__(n, v)), rand(4, 3), torch.tensor([2, 0]), rand(2, 3), opset=11)
    case("put_pairs", put(lambda a, n, m, v: a.__setitem__((n, m), v)), rand(4, 3), torch.tensor([2, 0]), torch.tensor([1, 2]), rand(2), opset=11)
    case("index_put", lambda a, n, v: torch.index_put(a, (n,), v), rand(4, 3), torch.tensor([2, 0]), rand(2, 3), opset=11)
    case("index_put_add", lambda a, n, v: torch.index_put(a, (n,), v, accumulate=True), rand(4, 3), torch.tensor([2, 2]), rand(2, 3), opset=16)
    case("index_put_mask", lambda a, m, v: torch.index_put(a, (m,), v), rand(4, 3), torch.tensor([True, False, True, False]), rand(2, 3), opset=11)
    case("index_put_middle", lambda a, n, v: torch.index_put(a, (torch.tensor([0, 1]), n), v), rand(4, 3, 2), torch.tensor([2, 0]), rand(2, 2), opset=11)
    case("index_put_behind", lambda a, n, v: a.clone().index_put_((torch.arange(4).view(4, 1), n), v), rand(4, 3), torch.tensor([2, 0]), rand(4, 2), opset=11)
    case("setitem_dim", lambda a, n, v: torch.ops.aten.index_put(a, [None, n], v), rand(4, 3), torch.tensor([2, 0]), rand(4, 2), opset=11)
    case("setitem_dim_row", lambda a, n, v: torch.ops.aten.index_put(a, [None, n], v), rand(4, 3, 2), torch.tensor([2, 0]), rand(2), opset=11)
    case("setitem_apart", lambda a, n, v: torch.ops.aten.index_put(a, [n, None, n], v), rand(4, 3, 4), torch.tensor([2, 0]), rand(2, 3), opset=11)
    case("setitem_mask_dim", lambda a, m, v: torch.ops.aten.index_put(a, [None, m], v), rand(4, 3), torch.tensor([True, False, True]), rand(4, 2), opset=11)
    case("index_copy", lambda a, n, v: torch.index_copy(a, 1, n, v), rand(4, 5), torch.tensor([3, 0]), rand(4, 2), opset=11)
    case("index_add", lambda a, n, v: torch.index_add(a, 1, n, v, alpha=2), rand(4, 5), torch.tensor([3, 3]), rand(4, 2), opset=16)
    case("index_fill", lambda a, n: torch.index_fill(a, 1, n, -1.0), rand(4, 5), torch.tensor([3, 0]), opset=11)
    case("unfold", lambda a: a.unfold(1, 3, 2), rand(2, 8, 3))
    case("im2col", lambda a: F.unfold(a, (2, 3), dilation=1, padding=1, stride=2), rand(2, 3, 6, 7))
    case("diagonal", torch.diagonal, rand(4, 5))
    case("diagonal_offset", lambda a: torch.diagonal(a, -1, 0, 2), rand(4, 3, 5))
    for mode in ("bilinear", "nearest", "bicubic"):
        case("grid_sample_" + mode, lambda a, h, m=mode: F.grid_sample(a, h, mode=m, align_corners=False), rand(2, 3, 5, 6), torch.tanh(rand(2, 4, 4, 2)), opset=16, rtol=1e-3)
    case("grid_sample_border", lambda a, h: F.grid_sample(a, h, padding_mode="border", align_corners=True), rand(2, 3, 5, 6), rand(2, 4, 4, 2), opset=16, rtol=1e-3)
    case("repeat_interleave", lambda a: torch.repeat_interleave(a, 2, 1), rand(2, 3, 4))
    case("repeat_interleave_flat", lambda a: torch.repeat_interleave(a, 3), rand(2, 3))
    counted = torch.tensor([2, 0, 3])
    case("repeat_interleave_each", lambda a: torch.repeat_interleave(a, counted, 1), rand(2, 3, 4))
    case("repeat_interleave_computed", lambda a, n: torch.repeat_interleave(a, n, 1), rand(2, 3, 4), counted, opset=11)
    case("repeat_interleave_computed_flat", lambda a, n: torch.repeat_interleave(a, n), rand(3), counted, opset=11)
    case("repeat_interleave_one_for_all", lambda a: torch.repeat_interleave(a, torch.tensor([3]), 2), rand(2, 3, 4))
    case("repeat_interleave_scalar", lambda a: torch.repeat_interleave(a, torch.tensor(a.size(0) * 2), 0), rand(2, 3))
    case("repeat_interleave_computed_for_all", lambda a, n: torch.repeat_interleave(a, n, 0), rand(2, 3), torch.tensor([2]))
    case("repeat_interleave_of_counts", lambda n: torch.repeat_interleave(n), counted, opset=11)

    # ---- reductions
    for f in "mean sum prod amax amin".split():
        op = getattr(torch, f)
        if f[0] != "a":
            case(f, op, x)
        case(f + "_dim", lambda a, op=op: op(a, 1), x)
        case(f + "_keepdim", lambda a, op=op: op(a, -1, keepdim=True), x)
        if f != "prod":
            case(f + "_dims", lambda a, op=op: op(a, (1, -1)), x)
    case("sum_int", torch.sum, i)
    case("sum_bool", lambda m: m.sum(1), b1)
    case("sum_int32", lambda a: a.sum(0), ints(2, 3, dtype=torch.int32))
    case("sum_dtype", lambda a: a.sum(1, dtype=torch.float64), x)
    case("mean_dtype", lambda a: a.mean(1, dtype=torch.float64), x)
    case("prod_int", lambda a: a.prod(1), ints(2, 3))
    for f in "max min".split():
        op = getattr(torch, f)
        case(f, op, x)
        case(f + "_int", op, i)
        case(f + "_dim", lambda a, op=op: op(a, 2), x)
        case(f + "_keepdim", lambda a, op=op: op(a, -1, keepdim=True), x)
        case(f + "_values", lambda a, op=op: op(a, 1)[0], x)
        case("arg" + f, lambda a, f=f: getattr(torch, "arg" + f)(a), x)
        case("arg" + f + "_dim", lambda a, f=f: getattr(torch, "arg" + f)(a, -1, keepdim=True), x)
    for f in "all any".split():
        op = getattr(torch, f)
        case(f, op, b1)
        case(f + "_dim", lambda m, op=op: op(m, 1), b1)
    case("topk", lambda a: torch.topk(a, 3), rand(4, 7))
    case("topk_dim", lambda a: torch.topk(a, 2, 0), rand(4, 7))
    case("topk_smallest", lambda a: torch.topk(a, 3, largest=False), rand(4, 7))
    case("sort", torch.sort, rand(4, 7))
    case("sort_descending", lambda a: torch.sort(a, 0, descending=True), rand(4, 7))
    case("argsort", torch.argsort, rand(4, 7))
    case("sort_integers", torch.sort, torch.randperm(28).reshape(4, 7))
    case("cumsum", lambda a: torch.cumsum(a, 1), x, opset=11)
    case("norm", torch.norm, x)
    case("norm_1", lambda a: torch.norm(a, 1, 1), x)
    case("norm_2_keep", lambda a: torch.norm(a, 2, -1, keepdim=True), x)
    case("norm_3", lambda a: torch.norm(a, 3, (1, 2)), x)
    case("norm_inf", lambda a: torch.norm(a, float("inf"), 1), x)
    case("vector_norm", lambda a: torch.linalg.vector_norm(a, 2, 1), x)
    case("vector_norm_all", lambda a: torch.linalg.vector_norm(a), x)
    case("var", torch.var, x)
    case("var_dim", lambda a: torch.var(a, 1), x)
    case("var_biased", lambda a: torch.var(a, (1, 2), unbiased=False, keepdim=True), x)
    case("std", torch.std, x)
    case("std_dim", lambda a: torch.std(a, -1), x)
    case("var_mean", lambda a: torch.var_mean(a, 1), x)
    case("var_mean_all", torch.var_mean, x)
    case("std_mean", lambda a: torch.std_mean(a, (0, 2)), x)
    case("logsumexp", lambda a: torch.logsumexp(a, 1), x)

    case("aminmax", lambda a: torch.aminmax(a, dim=1), x)
    case("count_nonzero", lambda a: torch.count_nonzero(a, 1), i)
    case("linalg_norm", lambda a: torch.linalg.norm(a, 2, 1), x)

    # ---- distances, losses, other names
    case("cdist", torch.cdist, rand(4, 5), rand(3, 5), rtol=1e-3)
    case("cdist_1", lambda a, b: torch.cdist(a, b, p=1.0), rand(2, 4, 5), rand(2, 3, 5))
    case("pairwise_distance", F.pairwise_distance, rand(4, 5), rand(4, 5))
    case("cosine_similarity", F.cosine_similarity, rand(4, 5), rand(4, 5))
    case("tensordot", lambda a, b: torch.tensordot(a, b, dims=([1, 2], [0, 2])), rand(2, 3, 4), rand(3, 5, 4))
    case("addr", lambda a, b, c: torch.addr(a, b, c, beta=0.5, alpha=2), rand(3, 4), rand(3), rand(4))
    case("weight_norm", nn.utils.weight_norm(nn.Linear(5, 3)), rand(4, 5))
    for f in "mse_loss l1_loss smooth_l1_loss".split():
        for how in ("mean", "sum", "none"):
            case(f"{f}_{how}", lambda a, b, f=f, h=how: getattr(F, f)(a, b, reduction=h), x, y)
    case("cross_entropy", F.cross_entropy, rand(4, 5), ints(4, low=0, high=5), opset=12)
    case("nll_loss", lambda a, t: F.nll_loss(F.log_softmax(a, 1), t), rand(4, 5), ints(4, low=0, high=5), opset=12)
    case("kl_div", lambda a, b: F.kl_div(F.log_softmax(a, 1), F.softmax(b, 1), reduction="sum"), rand(4, 5), rand(4, 5))
    case("bce_logits", F.binary_cross_entropy_with_logits, x, torch.sigmoid(y))
    case("bce_logits_weights", lambda a, t, w: F.binary_cross_entropy_with_logits(a, t, pos_weight=w), x, torch.sigmoid(y), p[0, 0, 0])
    case("logaddexp", torch.logaddexp, x, y)
    case("multiply", torch.multiply, x, y)
    case("subtract", torch.subtract, x, y)
    case("divide", torch.divide, x, y)
    case("less", torch.less, x, y)
    case("greater_equal", torch.greater_equal, x, y)
    case("concatenate", lambda a, b: torch.concat([a, b], 1), x, y)
    case("arctan", torch.arctan, x)
    case("logit", lambda a: torch.logit(a, 0.1), torch.sigmoid(x))
    case("frac", torch.frac, x * 3)
    case("isfinite", torch.isfinite, special)
    case("nan_to_num", lambda a: torch.nan_to_num(a, 1.0, 2.0, -2.0), special)
    case("nan_to_num_default", torch.nan_to_num, special)
    case("rrelu", nn.RReLU(), x)

    # ---- making
    case("eye", lambda a: a @ torch.eye(4), rand(2, 4))
    case("eye_m", lambda a: a @ torch.eye(4, 3), rand(2, 4))
    case("broadcast_tensors", torch.broadcast_tensors, rand(3, 1), rand(1, 4))
    case("number_tensors", lambda a: a + torch.tensor(a.size(0)) + torch.tensor(0.5), x)
    case("zeros", lambda a: a + torch.zeros(4, 5), x)
    case("ones", lambda a: a * torch.ones(4, 5, dtype=torch.float64), x)
    case("full", lambda a: a * torch.full((4, 5), 2.5), x)
    case("full_int", lambda a: a * torch.full((3, 4), 7), i)
    case("zeros_like", lambda a: torch.zeros_like(a) + 1, x)
    case("ones_like", lambda a: torch.ones_like(a, dtype=torch.int64) + 1, x)
    case("full_like", lambda a: torch.full_like(a, 3.5) + a, x)
    case("new_zeros", lambda a: a.new_zeros(4, 5) + a, x)
    case("new_full", lambda a: a.new_full((4, 5), 2.0) + a, x)
    case("zeros_of_size", lambda a: a + torch.zeros(a.size(2), a.size(3)), x)
    case("arange", lambda a: a + torch.arange(5), x)
    case("arange_start", lambda a: a + torch.arange(2, 7), x)
    case("arange_step", lambda a: a + torch.arange(0.5, 3.0, 0.5), x)
    case("arange_size", lambda a: a + torch.arange(a.size(3)), x)
    case("linspace", lambda a: a + torch.linspace(-1, 1, 5), x)
    case("linspace_int", lambda a: a.sum() + torch.linspace(-3, 3, 5, dtype=torch.int64), x)
    case("linspace_one", lambda a: a.sum() + torch.linspace(-3, 3, 1), x)
    case("logspace", lambda a: a.sum() + torch.logspace(-1, 1, 6, base=2.0), x)
    case("logspace_int", lambda a: a.sum() + torch.logspace(0, 3, 4, dtype=torch.int64), x)
    case("meshgrid", lambda a: torch.meshgrid(a, a * 2, indexing="ij"), rand(3))
    case("fill", lambda a: torch.fill(a, 2.0) + a, x)

    # ---- types
    for t in "float64 float16 int64 int32 uint8 bool".split():
        case("to_" + t, lambda a, t=t: (a * 3).abs().to(getattr(torch, t)), x)
    case("type_as", lambda a, b: a.type_as(b), i, x)
    case("to_other", lambda a, b: a.to(b), i, x)
    case("half_arith", lambda a: (a.half() * 2.0).float(), x, rtol=2e-3)  # ONNX Runtime computes it in float32
    case("long", lambda a: (a * 3).long() * 2, x)

    # ---- padding and resizing
    case("pad", lambda a: F.pad(a, (1, 2)), x)
    case("pad_value", lambda a: F.pad(a, (1, 2, 0, 3), value=2.5), x)
    case("pad_negative", lambda a: F.pad(a, (-1, 2)), x)
    case("pad_int", lambda a: F.pad(a, (1, 2), value=4), i, opset=11)
    case("pad_reflect", lambda a: F.pad(a, (1, 2, 2, 1), mode="reflect"), x)
    case("pad_replicate", lambda a: F.pad(a, (1, 2, 2, 1), mode="replicate"), x)
    case("pad_circular", lambda a: F.pad(a, (1, 2, 2, 1), mode="circular"), x)
    case("reflection_pad1d", nn.ReflectionPad1d((1, 2)), rand(2, 3, 6))
    case("reflection_pad2d", nn.ReflectionPad2d(1), x)
    case("replication_pad1d", nn.ReplicationPad1d((1, 2)), rand(2, 3, 6))
    case("replication_pad2d", nn.ReplicationPad2d((1, 2, 0, 1)), x)
    case("replication_pad3d", nn.ReplicationPad3d(1), rand(1, 2, 3, 4, 5))
    case("zero_pad2d", nn.ZeroPad2d((1, 2, 3, 0)), x)
    for mode in ("nearest", "bilinear", "bicubic"):
        low = 11 if mode == "bicubic" else 9
        for align in ((None,) if mode == "nearest" else (False, True)):
            tag = f"{mode}_{'align' if align else 'plain'}"
            case(f"interpolate_{tag}_size", lambda a, m=mode, c=align: F.interpolate(a, size=(7, 11), mode=m, align_corners=c), x, opset=low)
            case(f"interpolate_{tag}_scale", lambda a, m=mode, c=align: F.interpolate(a, scale_factor=2, mode=m, align_corners=c), x, opset=low)
            case(f"interpolate_{tag}_odd", lambda a, m=mode, c=align: F.interpolate(a, scale_factor=1.7, mode=m, align_corners=c), x, opset=low)
            case(f"interpolate_{tag}_down", lambda a, m=mode, c=align: F.interpolate(a, size=(2, 3), mode=m, align_corners=c), x, opset=low)
    case("interpolate_nearest_1d", lambda a: F.interpolate(a, scale_factor=2), rand(2, 3, 5))
    case("interpolate_linear_1d", lambda a: F.interpolate(a, size=9, mode="linear"), rand(2, 3, 5))
    case("interpolate_trilinear", lambda a: F.interpolate(a, scale_factor=2, mode="trilinear"), rand(1, 2, 3, 4, 5))
    case("upsample_module", nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True), x)

    # ---- recurrent layers
    for kind in ("LSTM", "GRU", "RNN"):
        layer = getattr(nn, kind)
        s = rand(6, 2, 4)
        case(kind.lower(), layer(4, 5), s, rtol=1e-3)
        case(kind.lower() + "_two_layers", layer(4, 5, 2), s, rtol=1e-3)
        case(kind.lower() + "_bidirectional", layer(4, 5, bidirectional=True), s, rtol=1e-3)
        case(kind.lower() + "_two_bidirectional", layer(4, 5, 2, bidirectional=True), s, rtol=1e-3)
        case(kind.lower() + "_no_bias", layer(4, 5, bias=False), s, rtol=1e-3)
        case(kind.lower() + "_batch_first", layer(4, 5, batch_first=True), rand(2, 6, 4), rtol=1e-3)
    case("rnn_relu", nn.RNN(4, 5, nonlinearity="relu"), rand(6, 2, 4), rtol=1e-3)
    case("lstm_state", lambda_module(nn, nn.LSTM(4, 5), lambda m, s, h, c: m(s, (h, c))), rand(6, 2, 4), rand(1, 2, 5), rand(1, 2, 5),
         rtol=1e-3)

    # ---- a few together
    case("residual", nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), trained(nn.BatchNorm2d(3)), nn.ReLU(inplace=True)), x, rtol=1e-3)
    case("squeeze_excite", lambda a: a * torch.sigmoid(a.mean((2, 3), keepdim=True)), x)
    case("attention", lambda q, v: torch.softmax(q @ q.transpose(-1, -2) / 2.0, -1) @ v, rand(2, 4, 6, 8), rand(2, 4, 6, 8), rtol=1e-3)
    case("multi_head", lambda_module(nn, nn.MultiheadAttention(8, 2, batch_first=True), lambda m, q: m(q, q, q)), rand(2, 5, 8), rtol=1e-3)
    case("multi_head_cross", lambda_module(nn, nn.MultiheadAttention(8, 2), lambda m, q, k: m(q, k, k)), rand(5, 2, 8), rand(6, 2, 8), rtol=1e-3)
    case("multi_head_weights", lambda_module(nn, nn.MultiheadAttention(8, 2, batch_first=True), lambda m, q: m(q, q, q, average_attn_weights=False)),
         rand(2, 5, 8), rtol=1e-3)
    case("multi_head_no_weights", lambda_module(nn, nn.MultiheadAttention(8, 2, batch_first=True), lambda m, q: m(q, q, q, need_weights=False)[0]),
         rand(2, 5, 8), rtol=1e-3)
    case("multi_head_left_out", lambda_module(nn, nn.MultiheadAttention(8, 2, batch_first=True), lambda m, q, p: m(q, q, q, key_padding_mask=p)),
         rand(2, 5, 8), torch.tensor([[False] * 5, [False, False, False, True, True]]), rtol=1e-3)
    case("multi_head_pairs", lambda_module(nn, nn.MultiheadAttention(8, 2, batch_first=True), lambda m, q, p: m(q, q, q, attn_mask=p)),
         rand(2, 5, 8), torch.ones(5, 5, dtype=torch.bool).triu(1), rtol=1e-3)
    case("multi_head_added", lambda_module(nn, nn.MultiheadAttention(8, 2, batch_first=True), lambda m, q, p: m(q, q, q, attn_mask=p)),
         rand(2, 5, 8), rand(5, 5), rtol=1e-3)
    case("encoder_layer_left_out", lambda_module(nn, nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), lambda m, q, p: m(q, src_key_padding_mask=p)),
         rand(2, 5, 8), torch.tensor([[False] * 5, [False, False, False, True, True]]), rtol=1e-3)
    case("encoder_layer_pairs", lambda_module(nn, nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), lambda m, q, p: m(q, src_mask=p)),
         rand(2, 5, 8), torch.ones(5, 5, dtype=torch.bool).triu(1), rtol=1e-3)
    case("encoder_layer", nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), rand(2, 5, 8), rtol=1e-3)
    case("encoder_layer_gelu_first", nn.TransformerEncoderLayer(8, 2, 16, activation="gelu", norm_first=True, batch_first=True), rand(2, 5, 8), rtol=1e-3)
    case("encoder", nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 2), rand(5, 2, 8), rtol=1e-3)
    case("transformer", nn.Transformer(8, 2, 1, 1, 16), rand(5, 2, 8), rand(4, 2, 8), rtol=1e-3)
    if hasattr(F, "scaled_dot_product_attention"):
        case("sdpa", F.scaled_dot_product_attention, rand(2, 4, 6, 8), rand(2, 4, 5, 8), rand(2, 4, 5, 8), rtol=1e-3)
        case("sdpa_causal", lambda q, v: F.scaled_dot_product_attention(q, v, v, is_causal=True), rand(2, 4, 6, 8), rand(2, 4, 6, 8), rtol=1e-3)
        case("sdpa_mask", F.scaled_dot_product_attention, rand(2, 4, 6, 8), rand(2, 4, 5, 8), rand(2, 4, 5, 8), rand(6, 5), rtol=1e-3)
        case("sdpa_scale", lambda q, v: F.scaled_dot_product_attention(q, v, v, scale=0.3), rand(2, 4, 6, 8), rand(2, 4, 5, 8), rtol=1e-3)
        case("sdpa_causal_wide", lambda q, v: F.scaled_dot_product_attention(q, v, v, is_causal=True), rand(2, 4, 6, 8), rand(2, 4, 9, 8), rtol=1e-3)
        case("sdpa_one_head", F.scaled_dot_product_attention, rand(2, 6, 8), rand(2, 5, 8), rand(2, 5, 7), rtol=1e-3)
        case("sdpa_groups", lambda q, k, v: F.scaled_dot_product_attention(q, k, v, enable_gqa=True), rand(2, 6, 5, 8), rand(2, 2, 7, 8),
             rand(2, 2, 7, 8), rtol=1e-3)
        case("sdpa_bool_mask", F.scaled_dot_product_attention, rand(2, 4, 6, 8), rand(2, 4, 5, 8), rand(2, 4, 5, 8), rand(6, 5) > -1, rtol=1e-3)
    vision_cases(torch, case, rand)
    return rows


def vision_cases(torch, case, rand):
    """torchvision's own operators, where it is there."""
    try:
        from torchvision import ops
    except ImportError:
        return
    corners = rand(12, 2).abs() * 6
    boxes = torch.cat([corners, corners + rand(12, 2).abs() * 5 + 0.5], 1)
    scores = torch.linspace(0.95, 0.1, 12)[torch.tensor([3, 0, 7, 11, 1, 9, 5, 2, 10, 4, 8, 6])]
    case("nms", lambda b, s: ops.nms(b, s, 0.3), boxes, scores, opset=10)
    case("nms_all", lambda b, s: ops.nms(b, s, 1.0), boxes, scores, opset=10)
    image = rand(2, 3, 12, 14)
    rois = torch.cat([torch.tensor([0.0, 1.0] * 6)[:, None], boxes], 1)
    for aligned in (False, True):
        low = 16 if aligned else 10
        tag = "_aligned" if aligned else ""
        case("roi_align" + tag, lambda a, r, c=aligned: ops.roi_align(a, r, (3, 4), 0.5, 2, c), image, rois, opset=low, rtol=1e-3)
        case("roi_align_adaptive" + tag, lambda a, r, c=aligned: ops.roi_align(a, r, 2, 0.8, -1, c), image, rois, opset=low, rtol=1e-3)
    case("roi_pool", lambda a, r: ops.roi_pool(a, r, (2, 3), 0.5), image, rois)
    kernel, shifts = rand(4, 3, 3, 3), rand(2, 18, 10, 12)
    case("deform_conv2d", lambda a, o, w: ops.deform_conv2d(a, o, w), image, shifts, kernel, opset=19, rtol=1e-3)
    case("deform_conv2d_mask", lambda a, o, w, m: ops.deform_conv2d(a, o, w, mask=m), image, shifts, kernel, rand(2, 9, 10, 12), opset=19, rtol=1e-3)


def DYNAMIC(torch):
    import torch.nn as nn
    import torch.nn.functional as F

    rows = []

    def case(name, fn, *rest, opset=9):
        rows.append((name, fn, lambda batch: torch.randn(batch, *rest), opset))

    case("dyn_lstm", nn.LSTM(4, 5, 2, batch_first=True, bidirectional=True), 6, 4)
    case("dyn_gru", nn.GRU(4, 5, batch_first=True), 6, 4)
    case("dyn_encoder", nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2), 5, 8)
    case("dyn_conv", nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5)), 3, 8, 8)
    case("dyn_view", lambda x: x.view(x.size(0), -1) * x.size(0), 3, 4)
    case("dyn_reshape", lambda x: x.view(-1, 12).reshape(x.shape[0], x.shape[1], 2, 2), 3, 4)
    case("dyn_expand", lambda x: x.unsqueeze(1).expand(-1, 2, 3, 4) + torch.zeros(x.size(0), 1, 1, 1), 3, 4)
    case("dyn_slice", lambda x: x[1:-1], 3, 4)
    case("dyn_chunk", lambda x: torch.chunk(x, 2, 1), 4)
    case("dyn_softmax", lambda x: F.softmax(x, 0), 4)
    case("dyn_var", lambda x: x.var(0), 4)
    case("dyn_flatten", lambda x: torch.flatten(x, 0, 1), 4, 3)
    case("dyn_arange", lambda x: torch.arange(x.size(0))[:, None] + x, 4)
    case("dyn_triu", lambda x: torch.triu(x, -1), 4)
    case("dyn_group_norm", nn.GroupNorm(2, 6), 6, 3)
    case("dyn_interpolate", lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"), 3, 4, 4)
    case("dyn_interpolate_to", lambda x: F.interpolate(x, size=(7, 9), mode="bilinear"), 3, 4, 4)
    case("dyn_matmul", lambda x: x @ x.t(), 3)
    case("dyn_stack", lambda x: torch.stack([x, x * 2], 0).permute(1, 0, 2).reshape(-1, 6), 3)
    case("dyn_pad", lambda x: F.pad(x, (1, 2, 0, 1)), 3)
    case("dyn_cat", lambda x: torch.cat([x, x], 0), 3)
    case("dyn_topk", lambda x: torch.topk(x, 2, 1), 5)
    case("dyn_index", lambda x: x[:, torch.tensor([1, 0])], 5)
    case("dyn_repeat", lambda x: x.repeat(2, 1), 5)
    if hasattr(F, "scaled_dot_product_attention"):
        case("dyn_sdpa", lambda x: F.scaled_dot_product_attention(x, x, x), 6, 8)
        case("dyn_sdpa_causal", lambda x: F.scaled_dot_product_attention(x.transpose(0, 1), x.transpose(0, 1), x.transpose(0, 1), is_causal=True), 2, 8,
             opset=11)
    case("dyn_split", lambda x: torch.split(x, [x.size(0) - 1, 1], 0), 3, opset=13)
    case("dyn_normalize", lambda x: F.normalize(x), 5)
    case("dyn_roll", lambda x: torch.roll(x, 1, 0), 5)
    case("dyn_roll_by", lambda x: torch.roll(x, (x.size(0) // 2, -x.size(0)), (0, 0)), 5, opset=10)
    case("dyn_unfold", lambda x: x.unfold(0, 2, 1), 5)
    case("dyn_unfold_steps", lambda x: x.unfold(0, 2, 3), 5)
    case("dyn_arange_down", lambda x: x[torch.arange(x.size(0) - 1, -1, -1)], 5)
    case("dyn_arange_down_steps", lambda x: torch.arange(x.size(0), -3, -2) * 2, 5)
    case("dyn_eye", lambda x: torch.eye(x.size(0)) @ x, 5)
    case("dyn_eye_wide", lambda x: torch.eye(x.size(0), x.size(0) + 2), 5)
    case("dyn_linspace", lambda x: torch.linspace(-1, 2, x.size(0))[:, None] * x, 5)
    case("dyn_one_hot", lambda x: F.one_hot(x.argmax(0), x.size(0)), 5)
    case("dyn_layer_norm", lambda x: F.layer_norm(x, x.shape), 5)
    case("dyn_adaptive", nn.AdaptiveAvgPool2d(3), 2, 7, 5)
    case("dyn_max_pool", nn.MaxPool2d(3, 2, 1, ceil_mode=True), 2, 8, 8)
    case("dyn_avg_pool", nn.AvgPool2d(3, 2, 1, ceil_mode=True), 2, 8, 8)
    case("dyn_unbind", lambda x: torch.unbind(x, 1), 2, 8)
    case("dyn_index_put", lambda x: torch.index_put(x, (torch.tensor([0, 1]),), torch.tensor(2.0)), 3, opset=11)
    case("dyn_numbers", lambda x: x * x.shape[0] / x.size(1), 3)
    case("dyn_size_sum", lambda x: x + (x.size(0) + 2) * 3 // 2, 3)
    return rows


def lambda_module(nn, layer, fn):
    class Wrapped(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = layer

        def forward(self, *args):
            return fn(self.layer, *args)

    return Wrapped()
