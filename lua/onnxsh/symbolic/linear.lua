-- Products of matrices.

-- alpha * x where alpha is not 1.
local function times(g, x, alpha)
  local k = sym.maybe_scalar(alpha)
  if k == 1 then return x end
  return sym.arith(g, "Mul", x, k or alpha, sym.dtype(x))
end

symbolic("aten::linear", function(g, input, weight, bias)
  if bias and sym.rank(input) == 2 and sym.rank(weight) == 2 then
    return g:op("Gemm", input, weight, bias, {transB_i = 1})
  end
  local w = sym.rank(weight) == 1 and weight or g:op("Transpose", weight, {perm_i = {1, 0}})
  local y = g:op("MatMul", input, w)
  return bias and g:op("Add", y, bias) or y
end)

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

-- Attention: softmax(q k' * scale + mask) v.
symbolic("aten::scaled_dot_product_attention", function(g, query, key, value, attn_mask, dropout_p, is_causal, scale, enable_gqa)
  if dropout_p ~= 0 then return g:unsupported("attention with dropout, as in training") end
  if enable_gqa then return g:unsupported("attention with grouped queries") end
  local d = sym.dtype(query)
  local depth = sym.dim_size(query, -1)
  if not scale and not depth then return g:unsupported("the depth of the queries is not known") end
  local scores = g:op("MatMul", g:op("Mul", query, scale or 1 / math.sqrt(depth)), sym.swap(g, key, -1, -2))
  if is_causal then
    local rows, columns = sym.dim_size(query, -2), sym.dim_size(key, -2)
    if not rows or not columns then return g:unsupported("causal attention over lengths that are not known") end
    local mask = {}
    for i = 1, rows do
      for j = 1, columns do mask[#mask + 1] = j <= i and 0.0 or -math.huge end
    end
    scores = g:op("Add", scores, g:constant(mask, d or "float32", {rows, columns}))
  end
  if attn_mask and sym.dtype(attn_mask) == "bool" then
    scores = g:op("Where", attn_mask, scores, sym.cast_like(g, -math.huge, scores))
  elseif attn_mask then
    scores = g:op("Add", scores, attn_mask)
  end
  return g:op("MatMul", sym.softmax(g, scores, -1), value)
end)
