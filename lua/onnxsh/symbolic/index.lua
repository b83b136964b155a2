-- Picking elements.

-- The bounds of a PyTorch slice: nil is from the beginning, or to the end.
symbolic("aten::slice", function(g, self, dim, start, end_, step)
  start, end_ = start or 0, end_ or math.maxinteger
  if start == 0 and end_ == math.maxinteger and step == 1 then return self end
  local size = sym.dim_size(self, dim)
  local from, to = sym.maybe_scalar(start), sym.maybe_scalar(end_)
  if size and from and to and step == 1 and (from == 0 or from <= -size) and to >= size then return self end
  if g:opset() < 10 and step ~= 1 and size and from and to then
    from = math.max(from < 0 and from + size or from, 0)
    to = math.min(to < 0 and to + size or to, size)
    local index = {}
    for i = from, to - 1, step do index[#index + 1] = i end
    return g:op("Gather", self, g:constant(index, "int64", {#index}), {axis_i = sym.axis(g, self, dim)})
  end
  return sym.slice(g, self, {dim}, {start}, {end_}, {step})
end)

symbolic("aten::select", function(g, self, dim, index)
  local axis = sym.axis(g, self, dim)
  local i = sym.maybe_scalar(index)
  if i and i < 0 then
    local size = sym.dim_size(self, dim)
    if size then
      i = i + size
    elseif g:opset() < 11 then
      return sym.squeeze(g, sym.slice(g, self, {axis}, {i}, {i == -1 and math.maxinteger or i + 1}), axis)
    end
  end
  return g:op("Gather", self, i and g:constant(i, "int64") or sym.cast(g, index, "int64"), {axis_i = axis})
end)

symbolic("aten::narrow", function(g, self, dim, start, length)
  local from, count = sym.maybe_scalar(start), sym.maybe_scalar(length)
  if from and count then
    if from < 0 and from + count == 0 then return sym.slice(g, self, {dim}, {from}, {math.maxinteger}) end
    return sym.slice(g, self, {dim}, {from}, {from + count})
  end
  return sym.slice(g, self, {dim}, {start}, {g:op("Add", sym.index(g, start), sym.index(g, length))})
end)

symbolic("aten::index_select", function(g, self, dim, index)
  if sym.rank(index) == 0 then index = sym.reshape(g, index, {1}) end
  return g:op("Gather", self, index, {axis_i = sym.axis(g, self, dim)})
end)

-- What padding_idx and the rest say concerns gradients.
symbolic("aten::embedding", {ignore = {"padding_idx", "scale_grad_by_freq", "sparse"}}, function(g, weight, indices)
  return g:op("Gather", weight, indices)
end)

symbolic("aten::gather", {ignore = {"sparse_grad"}}, function(g, self, dim, index)
  if g:opset() < 11 then return g:unsupported("gather needs opset 11") end
  return g:op("GatherElements", self, index, {axis_i = dim})
end)

symbolic("aten::scatter.src", function(g, self, dim, index, src)
  if g:opset() < 11 then return g:op("Scatter", self, index, src, {axis_i = sym.axis(g, self, dim)}) end
  return g:op("ScatterElements", self, index, src, {axis_i = dim})
end)

symbolic("aten::scatter.value", function(g, self, dim, index, value)
  local src = sym.expand(g, sym.cast_like(g, value, self), sym.sizes(index) or g:op("Shape", index))
  if g:opset() < 11 then return g:op("Scatter", self, index, src, {axis_i = sym.axis(g, self, dim)}) end
  return g:op("ScatterElements", self, index, src, {axis_i = dim})
end)

symbolic("aten::scatter_add", function(g, self, dim, index, src)
  if g:opset() < 16 then return g:unsupported("scatter_add needs opset 16") end
  return g:op("ScatterElements", self, index, src, {axis_i = dim, reduction_s = "add"})
end)

-- Elements where a mask is true: their places, one a row.
local function places(g, mask)
  return g:op("Transpose", g:op("NonZero", mask), {perm_i = {1, 0}})
end

symbolic("aten::nonzero", function(g, self)
  return places(g, self)
end)

symbolic("aten::masked_select", function(g, self, mask)
  if g:opset() < 11 then return g:unsupported("masked_select needs opset 11") end
  local like = sym.sizes(self) or g:op("Shape", self)
  local whole = g:op("Expand", sym.cast(g, mask, "bool"), sym.shape(g, like))
  return g:op("GatherND", self, places(g, whole))
end)

-- x[:, i, j] with tensors at adjacent dims from `first` on: those dims to the front, gather, and the gathered dims back.
local function gather_many(g, x, first, indices)
  local rank, n = sym.need_rank(g, x), #indices
  local perm = {}
  for i = 1, n do perm[i] = first + i - 1 end
  for i = 0, rank - 1 do
    if i < first or i >= first + n then perm[#perm + 1] = i end
  end
  local at_rank = 0
  for i = 1, n do at_rank = math.max(at_rank, sym.need_rank(g, indices[i], "an index")) end
  local shape = indices[1]
  for i = 2, n do shape = g:op("Add", shape, indices[i]) end
  local columns = {}
  for i = 1, n do
    local v = n > 1 and g:op("Add", indices[i], g:op("Sub", shape, shape)) or indices[i] -- broadcast to one shape
    columns[i] = sym.unsqueeze(g, v, at_rank)
  end
  local y = g:op("GatherND", sym.transpose(g, x, perm), sym.concat(g, columns, at_rank))
  if first == 0 then return y end
  local back = {}
  for i = 1, first do back[i] = at_rank + i - 1 end
  for i = 1, at_rank do back[first + i] = i - 1 end
  for i = at_rank + first, at_rank + rank - n - 1 do back[#back + 1] = i end
  return sym.transpose(g, y, back)
end

symbolic("aten::index.Tensor", function(g, self, indices)
  local used, first, last = {}, nil, nil
  for i = 1, indices.n do
    if indices[i] then
      first, last = first or i - 1, i - 1
      used[#used + 1] = indices[i]
    end
  end
  if #used == 0 then return self end
  local d = sym.dtype(used[1])
  if d == "bool" or d == "uint8" then
    if #used > 1 or first > 0 then return g:unsupported("a mask among other indices") end
    if g:opset() < 11 then return g:unsupported("indexing by a mask needs opset 11") end
    return g:op("GatherND", self, places(g, used[1]))
  end
  for i, v in ipairs(used) do used[i] = sym.cast(g, v, "int64") end
  if #used == 1 then return g:op("Gather", self, used[1], {axis_i = first}) end
  if last - first + 1 ~= #used then return g:unsupported("indices at dims that are not adjacent") end
  if g:opset() < 11 then return g:unsupported("several indices need opset 11") end
  return gather_many(g, self, first, used)
end)

symbolic("aten::take", function(g, self, index)
  return g:op("Gather", sym.reshape(g, self, {-1}), index)
end)

local function triangle(upper)
  return function(g, self, diagonal)
    if g:opset() < 14 then return g:unsupported("a triangle needs opset 14") end
    return g:op("Trilu", self, diagonal ~= 0 and g:constant(diagonal, "int64") or nil, {upper_i = upper})
  end
end

symbolic("aten::tril", triangle(0))
symbolic("aten::triu", triangle(1))

symbolic("aten::one_hot", function(g, self, num_classes)
  if num_classes == -1 then return g:unsupported("one_hot without num_classes") end
  return g:op("OneHot", self, g:constant({num_classes}, "int64"), g:constant({0, 1}, "int64"), {axis_i = -1})
end)
