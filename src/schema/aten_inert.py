"""The reviewed list of arguments of PyTorch operators that cannot change what an ONNX graph computes.

A row: operators (a regular expression over the whole qualified name without overload), argument, when, reason.
"always" are inert in every mode; "eval" are inert outside training. The reason is shown to the user.
Left out on purpose, because they matter: training and train (a model may ask for dropout at inference), p of
dropout (the same), padding_idx of embedding_bag (it drops rows), stable and sorted (they fix an order), dtype.
"""

ALWAYS, EVAL = 1, 2

KERNELS = r"aten::(_?convolution|_convolution_nogroup|_?batch_norm\w*|layer_norm|group_norm|instance_norm|" \
          r"(cudnn|miopen|mkldnn|mps|xpu)_\w+)"

# is_contiguous(memory_format) and is_pinned(device) answer a question about the argument.
NOT_QUERIES = r"(aten|prims)::(?!is_|sym_is_).*"

ROWS = [
    (KERNELS, "benchmark", ALWAYS, "it picks a kernel"),
    (KERNELS, "deterministic", ALWAYS, "it picks a kernel"),
    (KERNELS, "cudnn_enabled", ALWAYS, "it picks a kernel"),
    (KERNELS, "cudnn_enable", ALWAYS, "it picks a kernel"),
    (KERNELS, "allow_tf32", ALWAYS, "it picks a kernel"),
    (r"aten::(_?cdist\w*)", "compute_mode", ALWAYS, "it picks how distances are computed"),
    (r"aten::einsum", "path", ALWAYS, "it is the order of contractions"),
    (r"aten::(_linalg_svd|linalg_svd|linalg_svdvals)", "driver", ALWAYS, "it picks a kernel"),
    (r"aten::_index_put_impl_?", "unsafe", ALWAYS, "it leaves out a check"),
    (r".*", "non_blocking", ALWAYS, "it says when a copy is made, not what it holds"),
    (r".*", "pin_memory", ALWAYS, "it says where memory lies"),
    (NOT_QUERIES, "device", ALWAYS, "ONNX values have no device"),
    (NOT_QUERIES, "memory_format", ALWAYS, "ONNX values have no memory layout"),
    (NOT_QUERIES, "layout", ALWAYS, "ONNX values have no memory layout"),
    (r"aten::.*", "generator", ALWAYS, "ONNX has its own random source"),
    (r"aten::.*", "requires_grad", ALWAYS, "it concerns gradients only"),
    (r"aten::(to|_to_copy|_autocast_to_\w+)", "copy", ALWAYS, "ONNX values never share memory"),
    (r"aten::expand", "implicit", ALWAYS, "it says who asked for the expansion"),
    (r"aten::(embedding|embedding_bag|_embedding_bag\w*)", "scale_grad_by_freq", ALWAYS, "it concerns gradients only"),
    (r"aten::(embedding|embedding_bag|_embedding_bag\w*)", "sparse", ALWAYS, "it concerns gradients only"),
    (r"aten::embedding", "padding_idx", ALWAYS, "it concerns gradients only"),
    (r"aten::warn", "stacklevel", ALWAYS, "it concerns a message only"),
    (r"aten::(_?batch_norm|_batch_norm_impl_index|_batch_norm_no_update|_?native_batch_norm\w*|instance_norm)", "momentum",
     EVAL, "it updates running statistics, in training only"),
    (r"aten::(cudnn|miopen)_batch_norm", "exponential_average_factor",
     EVAL, "it updates running statistics, in training only"),
]
