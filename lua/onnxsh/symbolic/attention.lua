-- Attention, and the fused layers of nn.Transformer that PyTorch runs in evaluation.

-- softmax(q k' * scale + mask) v and the weights; mask is added, or (bool) says which places take part.
local function attend(g, q, k, v, scale, mask)
  local scores = g:op("MatMul", g:op("Mul", q, scale), sym.swap(g, k, -1, -2))
  if mask and sym.dtype(mask) == "bool" then
    scores = g:op("Where", mask, scores, sym.cast_like(g, -math.huge, scores))
  elseif mask then
    scores = g:op("Add", scores, sym.cast_like(g, mask, scores))
  end
  local weights = sym.softmax(g, scores, -1)
  return g:op("MatMul", weights, v), weights
end

-- Which keys each query sees: those up to its own place.
local function causal_mask(g, query, key)
  local rows, columns = sym.size(g, query, -2), sym.size(g, key, -2)
  if type(rows) == "number" and type(columns) == "number" then
    local mask = {}
    for i = 1, rows do
      for j = 1, columns do mask[#mask + 1] = j <= i end
    end
    return g:constant(mask, "bool", {rows, columns})
  end
  if g:opset() < 11 then return g:unsupported("causal attention over lengths that are not known needs opset 11") end
  local function places(n, axis)
    local zero, one = g:constant(0, "int64"), g:constant(1, "int64")
    return sym.unsqueeze(g, g:op("Range", zero, sym.value(g, n, "int64"), one), axis)
  end
  return g:op("Not", g:op("Less", places(rows, 1), places(columns, 0)))
end

-- Each head of keys or values serves several of the queries, one after the other.
local function shared_heads(g, x, query)
  local heads, wanted = sym.dim_size(x, -3), sym.dim_size(query, -3)
  if not heads or not wanted then return g:unsupported("grouped queries with an unknown number of heads") end
  if heads == wanted then return x end
  local rank = sym.need_rank(g, x)
  local wide, joined = sym.size_list(g, x), sym.size_list(g, x)
  table.insert(wide, rank - 1, wanted // heads)
  wide.n = rank + 1
  joined[rank - 2] = wanted
  return sym.reshape(g, sym.expand(g, sym.unsqueeze(g, x, rank - 2), wide), joined)
end

symbolic("aten::scaled_dot_product_attention", function(g, query, key, value, attn_mask, dropout_p, is_causal, scale, enable_gqa)
  if dropout_p ~= 0 then return g:unsupported("attention with dropout, as in training") end
  if enable_gqa then key, value = shared_heads(g, key, query), shared_heads(g, value, query) end
  local depth = sym.size(g, query, -1)
  if not scale and type(depth) == "number" then
    scale = 1 / math.sqrt(depth)
  elseif not scale then
    scale = g:op("Reciprocal", g:op("Sqrt", sym.cast_like(g, depth, query)))
  end
  if is_causal then attn_mask = causal_mask(g, query, key) end
  return (attend(g, query, key, value, scale, attn_mask))
end)

local function nested(g)
  return g:unsupported("nested tensors have no counterpart in ONNX: trace nn.TransformerEncoder with enable_nested_tensor=False")
end

symbolic("aten::_nested_tensor_from_mask", {ignore = {"t", "mask", "mask_check"}}, nested)
symbolic("aten::_nested_tensor_from_mask_left_aligned", {ignore = {"t", "mask"}}, nested)

-- [batch, length, features] to [batch, heads, length, depth] and back.
local function split_heads(g, x, heads, depth)
  return sym.transpose(g, sym.keep_reshape(g, x, {0, 0, heads, depth}), {0, 2, 1, 3})
end

local function join_heads(g, x, features)
  return sym.keep_reshape(g, sym.transpose(g, x, {0, 2, 1, 3}), {0, 0, features})
end

-- PyTorch's mask of a fused layer is true where a place is left out: [length, length], or [batch, length] of keys. One of
-- numbers is taken as true where it is not 0, though the layers outside would add it.
local function left_out(g, mask, mask_type)
  if not mask then return nil end
  local kept = g:op("Not", sym.cast(g, mask, "bool"))
  if mask_type == 1 then return sym.unsqueeze(g, kept, {1, 2}) end
  return kept
end

-- One weight holds those of queries, keys and values.
local function project(g, x, weight, bias, embed_dim, from, to)
  local w = sym.slice(g, weight, {0}, {from * embed_dim}, {to * embed_dim})
  return sym.linear(g, x, w, sym.slice(g, bias, {0}, {from * embed_dim}, {to * embed_dim}))
end

local function multi_head(g, query, key, value, c)
  local depth = c.embed_dim // c.num_heads
  local q, k, v
  if query == key and key == value then
    local all = sym.linear(g, query, c.qkv_weight, c.qkv_bias)
    q, k, v = table.unpack(sym.split(g, all, {c.embed_dim, c.embed_dim, c.embed_dim}, 2))
  else
    q = project(g, query, c.qkv_weight, c.qkv_bias, c.embed_dim, 0, 1)
    k = project(g, key, c.qkv_weight, c.qkv_bias, c.embed_dim, 1, 2)
    v = project(g, value, c.qkv_weight, c.qkv_bias, c.embed_dim, 2, 3)
  end
  q, k, v = split_heads(g, q, c.num_heads, depth), split_heads(g, k, c.num_heads, depth), split_heads(g, v, c.num_heads, depth)
  local y, weights = attend(g, q, k, v, 1 / math.sqrt(depth), left_out(g, c.mask, c.mask_type))
  return sym.linear(g, join_heads(g, y, c.embed_dim), c.proj_weight, c.proj_bias), weights
end

symbolic("aten::_native_multi_head_attention",
         function(g, query, key, value, embed_dim, num_head, qkv_weight, qkv_bias, proj_weight, proj_bias, mask, need_weights,
                  average_attn_weights, mask_type)
  local y, weights = multi_head(g, query, key, value, {
    embed_dim = embed_dim, num_heads = num_head, qkv_weight = qkv_weight, qkv_bias = qkv_bias, proj_weight = proj_weight,
    proj_bias = proj_bias, mask = mask, mask_type = mask_type,
  })
  if not need_weights then return y, nil end
  return y, average_attn_weights and sym.reduce(g, "ReduceMean", weights, {1}, false) or weights
end)

symbolic("aten::_transformer_encoder_layer_fwd",
         function(g, src, embed_dim, num_heads, qkv_weight, qkv_bias, proj_weight, proj_bias, use_gelu, norm_first, eps,
                  norm_weight_1, norm_bias_1, norm_weight_2, norm_bias_2, ffn_weight_1, ffn_bias_1, ffn_weight_2, ffn_bias_2,
                  mask, mask_type)
  local function attention(x)
    return (multi_head(g, x, x, x, {
      embed_dim = embed_dim, num_heads = num_heads, qkv_weight = qkv_weight, qkv_bias = qkv_bias, proj_weight = proj_weight,
      proj_bias = proj_bias, mask = mask, mask_type = mask_type,
    }))
  end
  local function feed_forward(x)
    local h = sym.linear(g, x, ffn_weight_1, ffn_bias_1)
    return sym.linear(g, use_gelu and sym.gelu(g, h) or g:op("Relu", h), ffn_weight_2, ffn_bias_2)
  end
  local function norm_1(x) return sym.layer_norm(g, x, {embed_dim}, norm_weight_1, norm_bias_1, eps) end
  local function norm_2(x) return sym.layer_norm(g, x, {embed_dim}, norm_weight_2, norm_bias_2, eps) end
  if norm_first then
    local x = g:op("Add", src, attention(norm_1(src)))
    return g:op("Add", x, feed_forward(norm_2(x)))
  end
  local x = norm_1(g:op("Add", src, attention(src)))
  return norm_2(g:op("Add", x, feed_forward(x)))
end)
