-- Products of matrices.

-- alpha * x where alpha is not 1.
local function times(g, x, alpha)
  local k = sym.maybe_scalar(alpha)
  if k == 1 then return x end
  return sym.arith(g, "Mul", x, k or alpha, sym.dtype(x))
end

symbolic("aten::linear", function(g, input, weight, bias) return sym.linear(g, input, weight, bias) end)

symbolic("aten::matmul", function(g, self, other) return g:op("MatMul", self, other) end)
symbolic("aten::mm", function(g, self, mat2) return g:op("MatMul", self, mat2) end)
symbolic("aten::bmm", function(g, self, mat2) return g:op("MatMul", self, mat2) end)
symbolic("aten::mv", function(g, self, vec) return g:op("MatMul", self, vec) end)
symbolic("aten::dot", function(g, self, tensor) return g:op("MatMul", self, tensor) end)

symbolic("aten::addmm", function(g, self, mat1, mat2, beta, alpha)
  local a, b = sym.maybe_scalar(alpha), sym.maybe_scalar(beta)
  if a and b and sym.is_float(mat1) ~= false then
    return g:op("Gemm", mat1, mat2, self, {alpha_f = a, beta_f = b})
  end
  return g:op("Add", times(g, g:op("MatMul", mat1, mat2), alpha), times(g, self, beta))
end)

symbolic("aten::baddbmm", function(g, self, batch1, batch2, beta, alpha)
  local product = times(g, g:op("MatMul", batch1, batch2), alpha)
  if sym.maybe_scalar(beta) == 0 then return product end
  return g:op("Add", product, times(g, self, beta))
end)

symbolic("aten::addbmm", function(g, self, batch1, batch2, beta, alpha)
  local product = sym.reduce(g, "ReduceSum", g:op("MatMul", batch1, batch2), {0}, false)
  return g:op("Add", times(g, product, alpha), times(g, self, beta))
end)

symbolic("aten::addmv", function(g, self, mat, vec, beta, alpha)
  return g:op("Add", times(g, g:op("MatMul", mat, vec), alpha), times(g, self, beta))
end)

symbolic("aten::outer", function(g, self, vec2)
  local d = sym.result_type(self, vec2)
  return sym.arith(g, "Mul", sym.unsqueeze(g, self, 1), sym.unsqueeze(g, vec2, 0), d)
end)

symbolic("aten::einsum", function(g, equation, tensors)
  if g:opset() < 12 then return g:unsupported("einsum needs opset 12") end
  return g:op("Einsum", tensors, {equation_s = equation})
end)

-- Sums over dims_self of one and dims_other of the other: both become matrices.
symbolic("aten::tensordot", function(g, self, other, dims_self, dims_other)
  local a, b = sym.sizes(self), sym.sizes(other)
  if not a or not b then return g:unsupported("tensordot of shapes that are not known") end
  local function order(rank, dims, last)
    local summed, free, perm = {}, {}, {}
    for i = 1, dims.n do summed[dims[i] < 0 and dims[i] + rank or dims[i]] = true end
    for i = 0, rank - 1 do
      if not summed[i] then free[#free + 1] = i end
    end
    for i = 1, dims.n do perm[i] = dims[i] < 0 and dims[i] + rank or dims[i] end
    if last then table.move(free, 1, #free, #perm + 1, perm) return free, perm end
    return free, table.move(perm, 1, #perm, #free + 1, table.move(free, 1, #free, 1, {}))
  end
  local free_a, perm_a = order(a.n, dims_self, false)
  local free_b, perm_b = order(b.n, dims_other, true)
  local inner, shape, rows, columns = 1, {}, 1, 1
  for i = 1, dims_self.n do inner = inner * a[perm_a[#free_a + i] + 1] end
  for _, d in ipairs(free_a) do rows, shape[#shape + 1] = rows * a[d + 1], a[d + 1] end
  for _, d in ipairs(free_b) do columns, shape[#shape + 1] = columns * b[d + 1], b[d + 1] end
  local left = sym.reshape(g, sym.transpose(g, self, perm_a), {rows, inner})
  local right = sym.reshape(g, sym.transpose(g, other, perm_b), {inner, columns})
  return sym.reshape(g, g:op("MatMul", left, right), shape)
end)

symbolic("aten::addr", function(g, self, vec1, vec2, beta, alpha)
  local product = g:op("Mul", sym.unsqueeze(g, vec1, 1), sym.unsqueeze(g, vec2, 0))
  return g:op("Add", times(g, product, alpha), times(g, self, beta))
end)

-- v scaled so that its norm over all dims but one is g.
symbolic("aten::_weight_norm", {params = {"v", "g", "dim"}}, function(g, v, magnitude, dim)
  local rank, axes = sym.need_rank(g, v), {}
  for i = 0, rank - 1 do
    if i ~= sym.axis(g, v, dim) or dim == -1 then axes[#axes + 1] = i end
  end
  return g:op("Mul", v, g:op("Div", magnitude, sym.reduce(g, "ReduceL2", v, axes, true)))
end)

local function difference(g, x1, x2, p, eps, axis, keepdim)
  local d = g:op("Sub", x1, x2)
  if eps ~= 0 then d = g:op("Add", d, eps) end
  if p == 1 then return sym.reduce(g, "ReduceL1", d, {axis}, keepdim) end
  if p == 2 then return sym.reduce(g, "ReduceL2", d, {axis}, keepdim) end
  return g:op("Pow", sym.reduce(g, "ReduceSum", g:op("Pow", g:op("Abs", d), p), {axis}, keepdim), 1 / p)
end

symbolic("aten::pairwise_distance", function(g, x1, x2, p, eps, keepdim) return difference(g, x1, x2, p, eps, -1, keepdim) end)

symbolic("aten::cdist", {ignore = {"compute_mode"}}, function(g, x1, x2, p)
  return difference(g, sym.unsqueeze(g, x1, -2), sym.unsqueeze(g, x2, sym.need_rank(g, x2) - 2), p, 0, -1, false)
end)

symbolic("aten::cosine_similarity", function(g, x1, x2, dim, eps)
  local dot = sym.reduce(g, "ReduceSum", g:op("Mul", x1, x2), {dim}, false)
  local a, b = sym.reduce(g, "ReduceL2", x1, {dim}, false), sym.reduce(g, "ReduceL2", x2, {dim}, false)
  return g:op("Div", dot, g:op("Max", g:op("Mul", a, b), sym.cast_like(g, eps, dot)))
end)
