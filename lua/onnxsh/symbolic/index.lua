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
  -- a computed start may be negative: counted from the front, its end cannot be a 0 that means the end
  local at = sym.index(g, start)
  if g:opset() >= 10 then at = g:op("Mod", at, sym.index(g, sym.size(g, self, dim))) end
  return sym.slice(g, self, {dim}, {at}, {g:op("Add", at, sym.index(g, length))})
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

symbolic("aten::nonzero_numpy", function(g, self) return sym.nonzero_list(g, self) end)

symbolic("aten::masked_select", function(g, self, mask)
  if g:opset() < 11 then return g:unsupported("masked_select needs opset 11") end
  local like = sym.sizes(self) or g:op("Shape", self)
  local whole = g:op("Expand", sym.cast(g, mask, "bool"), sym.shape(g, like))
  return g:op("GatherND", self, places(g, whole))
end)

-- The dims of a rank, those of `dims` first.
local function dims_first(rank, dims)
  local perm, taken = {}, {}
  for i, d in ipairs(dims) do perm[i], taken[d] = d, true end
  for d = 0, rank - 1 do
    if not taken[d] then perm[#perm + 1] = d end
  end
  return perm
end

-- Where what is picked at `dims` stands in the result: at the first of them if they are neighbours, else in front.
local function stands_at(dims)
  return dims[#dims] - dims[1] + 1 == #dims and dims[1] or 0
end

-- x[:, i, j] with tensors at some dims: those dims to the front, gather, and the gathered dims to their place.
local function gather_many(g, x, dims, indices)
  local rank, n = sym.need_rank(g, x), #indices
  local at_rank = 0
  for i = 1, n do at_rank = math.max(at_rank, sym.need_rank(g, indices[i], "an index")) end
  local shape = indices[1]
  for i = 2, n do shape = g:op("Add", shape, indices[i]) end
  local columns = {}
  for i = 1, n do
    local v = n > 1 and g:op("Add", indices[i], g:op("Sub", shape, shape)) or indices[i] -- broadcast to one shape
    columns[i] = sym.unsqueeze(g, v, at_rank)
  end
  local y = g:op("GatherND", sym.transpose(g, x, dims_first(rank, dims)), sym.concat(g, columns, at_rank))
  local first = stands_at(dims)
  if first == 0 then return y end
  local back = {}
  for i = 1, first do back[i] = at_rank + i - 1 end
  for i = 1, at_rank do back[first + i] = i - 1 end
  for i = at_rank + first, at_rank + rank - n - 1 do back[#back + 1] = i end
  return sym.transpose(g, y, back)
end

-- The indices that are there and their dims, each mask as the places where it is true. A mask alone at the front stays.
local function read_indices(g, indices)
  local dims, used, dim, masks, first = {}, {}, 0, 0, nil
  for i = 1, indices.n do
    local v = indices[i]
    local d = v and sym.dtype(v)
    if d == "bool" or d == "uint8" then
      masks, first = masks + 1, first or dim
      local rank = sym.need_rank(g, v, "a mask")
      used[#used + 1] = {mask = v, rank = rank}
      dims[#dims + 1] = dim
      dim = dim + rank
    else
      if v then
        used[#used + 1], dims[#dims + 1] = {index = v}, dim
      end
      dim = dim + 1
    end
  end
  if #used == 1 and masks == 1 and first == 0 then return dims, used, used[1].mask end
  local all_dims, all = {}, {}
  for i, u in ipairs(used) do
    local list = u.mask and sym.nonzero(g, u.mask) or {sym.cast(g, u.index, "int64"), n = 1}
    for k = 1, list.n do
      all[#all + 1], all_dims[#all_dims + 1] = list[k], dims[i] + k - 1
    end
  end
  return all_dims, all
end

symbolic("aten::index.Tensor", function(g, self, indices)
  local dims, used, mask = read_indices(g, indices)
  if #used == 0 then return self end
  if mask then
    if g:opset() < 11 then return g:unsupported("indexing by a mask needs opset 11") end
    return g:op("GatherND", self, places(g, mask))
  end
  if #used == 1 then return g:op("Gather", self, used[1], {axis_i = dims[1]}) end
  if g:opset() < 11 then return g:unsupported("several indices need opset 11") end
  return gather_many(g, self, dims, used)
end)

symbolic("aten::take", function(g, self, index)
  return g:op("Gather", sym.reshape(g, self, {-1}), index)
end)

-- Before opset 14: the places where column - row is at least, or at most, the diagonal.
local function triangle_by_places(g, x, diagonal, upper)
  local rows, columns = sym.count(g, sym.size(g, x, -2)), sym.count(g, sym.size(g, x, -1))
  rows = g:op("Add", sym.unsqueeze(g, rows, 1), g:constant(upper == 1 and diagonal - 1 or diagonal + 1, "int64"))
  columns = sym.unsqueeze(g, columns, 0)
  return g:op("Where", g:op("Less", upper == 1 and rows or columns, upper == 1 and columns or rows), x, sym.cast_like(g, 0, x))
end

local function triangle(upper)
  return function(g, self, diagonal)
    local number = type(diagonal) == "number"
    if g:opset() < 14 then
      if not number then return g:unsupported("a diagonal that is computed needs opset 14") end
      return triangle_by_places(g, self, diagonal, upper)
    end
    if number then diagonal = diagonal ~= 0 and g:constant(diagonal, "int64") or nil end
    return g:op("Trilu", self, diagonal, {upper_i = upper})
  end
end

symbolic("aten::tril", triangle(0))
symbolic("aten::triu", triangle(1))

symbolic("aten::one_hot", function(g, self, num_classes)
  if num_classes == -1 then return g:unsupported("one_hot without num_classes") end
  return g:op("OneHot", self, sym.index(g, num_classes), g:constant({0, 1}, "int64"), {axis_i = -1})
end)

-- ---- writing ----

-- Where indices of dims first, first + 1, ... write: their places stacked along a last dim, and its rank before that.
local function stacked(g, indices)
  local rank, shape = 0, indices[1]
  for i = 1, #indices do rank = math.max(rank, sym.need_rank(g, indices[i], "an index")) end
  for i = 2, #indices do shape = g:op("Add", shape, indices[i]) end
  local columns = {}
  for i = 1, #indices do
    local v = #indices > 1 and g:op("Add", indices[i], g:op("Sub", shape, shape)) or indices[i]
    columns[i] = sym.unsqueeze(g, v, rank)
  end
  return sym.concat(g, columns, rank), rank
end

-- values as ScatterND takes them: the shape of the places, then the dims that they leave.
local function expanded(g, values, places_value, at_rank, x, n)
  local rank = sym.need_rank(g, x)
  local shape = sym.size_list(g, places_value, 0, at_rank - 1)
  for d = n, rank - 1 do
    shape.n = shape.n + 1
    shape[shape.n] = sym.size(g, x, d)
  end
  return sym.expand(g, values, shape)
end

local function scatter_nd(g, x, at, values, accumulate)
  if g:opset() < 11 then return g:unsupported("writing to places needs opset 11") end
  if accumulate and g:opset() < 16 then return g:unsupported("adding to places needs opset 16") end
  return g:op("ScatterND", x, at, values, {reduction_s = accumulate and "add" or nil})
end

-- x[mask] = values.
local function put_mask(g, x, mask, values, accumulate)
  mask = sym.cast(g, mask, "bool")
  local one = sym.rank(values) == 0 or (sym.rank(values) == 1 and sym.dim_size(values, 0) == 1)
  if one and not accumulate then
    local axes = {}
    for i = sym.need_rank(g, mask), sym.need_rank(g, x) - 1 do axes[#axes + 1] = i end
    return g:op("Where", #axes > 0 and sym.unsqueeze(g, mask, axes) or mask, sym.cast_like(g, values, x), x)
  end
  local at = places(g, mask)
  return scatter_nd(g, x, at, expanded(g, sym.cast_like(g, values, x), at, 1, x, sym.need_rank(g, mask)), accumulate)
end

-- values of x[:, i] as they lie once the dims that are written to stand in front: what was picked comes first.
local function front(g, values, x, at, at_rank, first, n)
  if first == 0 or sym.rank(values) == 0 then return values end
  local rank, shape = sym.need_rank(g, x), sym.size_list(g, x, 0, first - 1)
  for _, size in ipairs(sym.size_list(g, at, 0, at_rank - 1)) do shape[#shape + 1] = size end
  if rank > first + n then
    for _, size in ipairs(sym.size_list(g, x, first + n, rank - 1)) do shape[#shape + 1] = size end
  end
  shape.n = #shape
  local perm = {}
  for i = 1, at_rank do perm[i] = first + i - 1 end
  for i = 0, shape.n - 1 do
    if i < first or i >= first + at_rank then perm[#perm + 1] = i end
  end
  return sym.transpose(g, sym.expand(g, values, shape), perm)
end

symbolic("aten::index_put", function(g, self, indices, values, accumulate)
  local dims, used, mask = read_indices(g, indices)
  if #used == 0 then return sym.expand(g, sym.cast_like(g, values, self), sym.shape_of(g, self)) end
  if mask then return put_mask(g, self, mask, values, accumulate) end
  local perm, back = dims_first(sym.need_rank(g, self), dims), {}
  for i, p in ipairs(perm) do back[p + 1] = i - 1 end
  local at, at_rank = stacked(g, used)
  local x = sym.transpose(g, self, perm)
  values = front(g, sym.cast_like(g, values, self), self, at, at_rank, stands_at(dims), #used)
  local y = scatter_nd(g, x, at, expanded(g, values, at, at_rank, x, #used), accumulate)
  return sym.transpose(g, y, back)
end)

-- ---- a view replaced in what it is a view of ----

-- x with src along `axis` at the places of a list (int64, rank 1).
local function put_along(g, x, src, axis, index)
  if g:opset() < 11 then return g:unsupported("writing to these places needs opset 11") end
  local rank = sym.need_rank(g, x)
  local perm, back = dims_first(rank, {axis}), {}
  for i, p in ipairs(perm) do back[p + 1] = i - 1 end
  local y = g:op("ScatterND", sym.transpose(g, x, perm), sym.unsqueeze(g, index, 1), sym.transpose(g, src, perm))
  return sym.transpose(g, y, back)
end

-- The same for places and a size that are known, at opsets without ScatterND: rows of x and of src, one behind the other.
local function put_known(g, x, src, axis, places_of, size)
  local rows = {}
  for i = 1, size do rows[i] = i - 1 end
  for k, i in ipairs(places_of) do rows[i + 1] = size + k - 1 end
  return g:op("Gather", sym.concat(g, {x, src}, axis), g:constant(rows, "int64", {size}), {axis_i = axis})
end

-- What is before, and what is behind, as slices: for bounds that do not cross.
local function put_between(g, x, src, axis, from, to)
  local parts = {}
  if from ~= 0 then parts[1] = sym.slice(g, x, {axis}, {0}, {from}) end
  parts[#parts + 1] = src
  if to then parts[#parts + 1] = sym.slice(g, x, {axis}, {to}, {math.maxinteger}) end
  return sym.concat(g, parts, axis)
end

-- Bounds as numbers in 0..size; nil where they cannot be told.
local function bounds_of(start, end_, size)
  if not (start and end_) then return nil end
  if size then
    local function clamp(i) return math.min(math.max(i < 0 and i + size or i, 0), size) end
    local from = clamp(start)
    return from, math.max(clamp(end_), from)
  end
  if start >= 0 and end_ == math.maxinteger then return start, nil, true end
  if start == 0 and end_ < 0 then return start, end_, true end
  return nil
end

local function slice_scatter(g, self, src, dim, start, end_, step)
  local axis = sym.axis(g, self, dim)
  start, end_ = start or 0, end_ or math.maxinteger
  local size, by = sym.dim_size(self, axis), sym.maybe_scalar(step)
  src = sym.cast_like(g, src, self)
  local from, to, open = bounds_of(sym.maybe_scalar(start), sym.maybe_scalar(end_), size)
  if by == 1 and from and (size or open) then
    if size and from == 0 and to == size then return src end
    return put_between(g, self, src, axis, from, to ~= size and to or nil)
  end
  if g:opset() < 11 and by and size and from then
    local known = {}
    for i = from, to - 1, by do known[#known + 1] = i end
    return put_known(g, self, src, axis, known, size)
  end
  local places_of = sym.slice(g, sym.count(g, sym.size(g, self, axis)), {0}, {start}, {end_}, {step})
  return put_along(g, self, src, axis, places_of)
end

symbolic("aten::slice_scatter", slice_scatter)

symbolic("aten::select_scatter", function(g, self, src, dim, index)
  local axis = sym.axis(g, self, dim)
  local row = sym.unsqueeze(g, sym.cast_like(g, src, self), axis)
  local i, size = sym.maybe_scalar(index), sym.dim_size(self, axis)
  if i then
    if i < 0 and size then i = i + size end
    local last = i == -1 or i + 1 == size
    if last and i == 0 then return row end
    return put_between(g, self, row, axis, i, not last and i + 1 or nil)
  end
  local at = sym.reshape(g, sym.cast(g, index, "int64"), {1})
  if g:opset() >= 11 then
    local length = sym.reshape(g, sym.value(g, sym.size(g, self, axis), "int64"), {1})
    at = g:op("Where", g:op("Less", at, g:constant({0}, "int64", {1})), g:op("Add", at, length), at)
  end
  return put_along(g, self, row, axis, at)
end)

symbolic("aten::diagonal_scatter", function(g, self, src, offset, dim1, dim2)
  local s = sym.sizes(self) or g:unsupported("writing to the diagonal of an unknown shape")
  local a, b = sym.axis(g, self, dim1), sym.axis(g, self, dim2)
  local perm, back, shape, flat, places_of = dims_first(s.n, {a, b}), {}, {}, {s[a + 1] * s[b + 1]}, {}
  for i, p in ipairs(perm) do
    back[p + 1], shape[i] = i - 1, s[p + 1]
    if i > 2 then flat[#flat + 1] = s[p + 1] end
  end
  for i = 0, s[a + 1] - 1 do
    local j = i + offset
    if j >= 0 and j < s[b + 1] then places_of[#places_of + 1] = i * s[b + 1] + j end
  end
  local x = sym.reshape(g, sym.transpose(g, self, perm), flat)
  local rows = sym.transpose(g, sym.cast_like(g, src, self), dims_first(s.n - 1, {s.n - 2})) -- the diagonal is the last dim
  local y
  if g:opset() < 11 then
    y = put_known(g, x, rows, 0, places_of, s[a + 1] * s[b + 1])
  else
    y = scatter_nd(g, x, g:constant(places_of, "int64", {#places_of, 1}), rows)
  end
  return sym.transpose(g, sym.reshape(g, y, shape), back)
end)

-- What copy_ leaves in its target.
symbolic("aten::copy", function(g, self, src)
  return sym.expand(g, sym.cast_like(g, src, self), sym.sizes(self) or g:op("Shape", self))
end)

-- index along one dim as the elements of a whole source, which ScatterElements wants.
local function along(g, x, dim, index, source)
  local rank, axis = sym.need_rank(g, x), sym.axis(g, x, dim)
  local ones = {n = rank}
  for i = 1, rank do ones[i] = i == axis + 1 and -1 or 1 end
  return sym.expand(g, sym.reshape(g, sym.cast(g, index, "int64"), ones), sym.sizes(source) or g:op("Shape", source)), axis
end

symbolic("aten::index_copy", function(g, self, dim, index, source)
  if g:opset() < 11 then return g:unsupported("index_copy needs opset 11") end
  local at, axis = along(g, self, dim, index, source)
  return g:op("ScatterElements", self, at, source, {axis_i = axis})
end)

symbolic("aten::index_add", function(g, self, dim, index, source, alpha)
  if g:opset() < 16 then return g:unsupported("index_add needs opset 16") end
  local at, axis = along(g, self, dim, index, source)
  local k = sym.maybe_scalar(alpha)
  if k ~= 1 then source = sym.arith(g, "Mul", source, k or alpha, sym.dtype(source)) end
  return g:op("ScatterElements", self, at, source, {axis_i = axis, reduction_s = "add"})
end)

local function index_fill(g, self, dim, index, value)
  if g:opset() < 11 then return g:unsupported("index_fill needs opset 11") end
  local sizes = sym.size_list(g, self)
  sizes[sym.axis(g, self, dim) + 1] = sym.size(g, index, 0)
  local source = sym.expand(g, sym.cast_like(g, value, self), sizes)
  local at, axis = along(g, self, dim, index, source)
  return g:op("ScatterElements", self, at, source, {axis_i = axis})
end

symbolic("aten::index_fill.int_Scalar", index_fill)
symbolic("aten::index_fill.int_Tensor", index_fill)

-- ---- windows and diagonals ----

-- Where the windows of one dim are, a row for each.
local function windows(g, x, axis, size, step)
  local total = sym.dim_size(x, axis)
  if total then
    local rows = {}
    for i = 0, (total - size) // step do
      rows[i + 1] = {}
      for k = 1, size do rows[i + 1][k] = i * step + k - 1 end
    end
    return g:constant(rows, "int64")
  end
  local n = g:op("Div", g:op("Add", sym.index(g, sym.size(g, x, axis)), sym.index(g, step - size)), sym.index(g, step))
  local starts = g:op("Mul", sym.count(g, n), sym.index(g, step))
  return g:op("Add", sym.unsqueeze(g, starts, 1), sym.unsqueeze(g, sym.count(g, size), 0))
end

-- They come last.
symbolic("aten::unfold", function(g, self, dimension, size, step)
  local rank, axis = sym.need_rank(g, self), sym.axis(g, self, dimension)
  if rank == 0 then return sym.reshape(g, self, {1}) end
  local perm = {}
  for i = 0, rank do
    if i ~= axis + 1 then perm[#perm + 1] = i end
  end
  perm[#perm + 1] = axis + 1
  return sym.transpose(g, g:op("Gather", self, windows(g, self, axis, size, step), {axis_i = axis}), perm)
end)

-- The places that each element of a kernel sees along one dim: [kernel, windows].
local function sights(total, kernel, dilation, padding, stride)
  local n, rows = (total + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1, {}
  for k = 0, kernel - 1 do
    rows[k + 1] = {}
    for o = 0, n - 1 do rows[k + 1][o + 1] = o * stride + k * dilation end
  end
  return rows, n
end

symbolic("aten::im2col", function(g, self, kernel_size, dilation, padding, stride)
  local s = sym.sizes(self)
  if not s or s.n ~= 4 then return g:unsupported("im2col needs a known shape of rank 4") end
  local k, d, p, st = sym.tuple(kernel_size, 2), sym.tuple(dilation, 2), sym.tuple(padding, 2), sym.tuple(stride, 2)
  local rows, n_rows = sights(s[3], k[1], d[1], p[1], st[1])
  local columns, n_columns = sights(s[4], k[2], d[2], p[2], st[2])
  local x = sym.pad(g, self, {0, 0, p[1], p[2], 0, 0, p[1], p[2], n = 8})
  x = g:op("Gather", x, g:constant(rows, "int64"), {axis_i = 2})
  x = g:op("Gather", x, g:constant(columns, "int64"), {axis_i = 4})
  return sym.reshape(g, sym.transpose(g, x, {0, 1, 2, 4, 3, 5}), {s[1], s[2] * k[1] * k[2], n_rows * n_columns})
end)

symbolic("aten::diagonal", function(g, self, offset, dim1, dim2)
  local s = sym.sizes(self) or g:unsupported("the diagonal of an unknown shape")
  local a, b = sym.axis(g, self, dim1), sym.axis(g, self, dim2)
  local perm, shape, places_of = {}, {}, {}
  for i = 0, s.n - 1 do
    if i ~= a and i ~= b then perm[#perm + 1], shape[#shape + 1] = i, s[i + 1] end
  end
  perm[#perm + 1], perm[#perm + 2] = a, b
  shape[#shape + 1] = s[a + 1] * s[b + 1]
  for i = 0, s[a + 1] - 1 do
    local j = i + offset
    if j >= 0 and j < s[b + 1] then places_of[#places_of + 1] = i * s[b + 1] + j end
  end
  local flat = sym.reshape(g, sym.transpose(g, self, perm), shape)
  return g:op("Gather", flat, g:constant(places_of, "int64", {#places_of}), {axis_i = #shape - 1})
end)

local modes, paddings = {[0] = "bilinear", "nearest", "bicubic"}, {[0] = "zeros", "border", "reflection"}
local newer = {bilinear = "linear", nearest = "nearest", bicubic = "cubic"} -- names since opset 20

symbolic("aten::grid_sampler", function(g, input, grid, interpolation_mode, padding_mode, align_corners)
  if g:opset() < 16 then return g:unsupported("grid_sampler needs opset 16") end
  local mode = modes[interpolation_mode] or g:unsupported("interpolation mode " .. tostring(interpolation_mode))
  if g:opset() >= 20 then mode = newer[mode] end
  return g:op("GridSample", input, grid, {mode_s = mode, padding_mode_s = paddings[padding_mode], align_corners_i = align_corners})
end)

symbolic("aten::copy.t", function(g, self)
  if type(self) ~= "table" then return self end
  return g:unsupported("a copy of a list that is known in part")
end)
