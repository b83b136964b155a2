-- Shapes: views, dims in another order, joining and splitting.

-- ---- the same elements under another shape ----

symbolic("aten::view", function(g, self, size) return sym.reshape(g, self, size) end)
symbolic("aten::reshape", function(g, self, shape) return sym.reshape(g, self, shape) end)
symbolic("aten::_unsafe_view", function(g, self, size) return sym.reshape(g, self, size) end)
symbolic("aten::_reshape_alias", {ignore = {"stride"}}, function(g, self, size) return sym.reshape(g, self, size) end)
symbolic("aten::view_as", function(g, self, other) return g:op("Reshape", self, sym.shape_of(g, other)) end)
symbolic("aten::reshape_as", function(g, self, other) return g:op("Reshape", self, sym.shape_of(g, other)) end)

symbolic("aten::flatten", function(g, self, start_dim, end_dim)
  local rank = sym.rank(self)
  if rank == 0 then return sym.reshape(g, self, {1}) end
  if rank then
    start_dim = start_dim < 0 and start_dim + rank or start_dim
    end_dim = end_dim < 0 and end_dim + rank or end_dim
    if start_dim == end_dim then return self end
  end
  local to_end = end_dim == -1 or (rank and end_dim == rank - 1)
  if start_dim == 1 and to_end then return g:op("Flatten", self, {axis_i = 1}) end
  if start_dim < 0 then return g:unsupported("flatten from a negative dim of an unknown rank") end
  local shape = {}
  for i = 1, start_dim do shape[i] = 0 end
  shape[#shape + 1] = -1
  if not to_end then
    for _, size in ipairs(sym.size_list(g, self, end_dim + 1)) do shape[#shape + 1] = size end
  end
  return sym.keep_reshape(g, self, shape)
end)

symbolic("aten::unflatten.int", function(g, self, dim, sizes)
  local rank = sym.need_rank(g, self)
  dim = sym.axis(g, self, dim)
  local shape = {}
  for i = 1, dim do shape[i] = 0 end
  for i = 1, sizes.n do shape[#shape + 1] = sizes[i] end
  if dim < rank - 1 then
    for _, size in ipairs(sym.size_list(g, self, dim + 1)) do shape[#shape + 1] = size end
  end
  return sym.keep_reshape(g, self, shape)
end)

symbolic("aten::unsqueeze", function(g, self, dim)
  if dim < 0 and g:opset() < 11 then dim = dim + sym.need_rank(g, self) + 1 end
  return sym.unsqueeze(g, self, dim)
end)

-- A dim that is not 1 stays in PyTorch; ONNX refuses it.
local function squeezable(g, x, dim)
  local size = sym.dim_size(x, dim)
  if not size then return g:unsupported("squeeze of a dim whose size is not known") end
  return size == 1
end

symbolic("aten::squeeze", function(g, self)
  local sizes = sym.sizes(self)
  if not sizes then return g:op("Squeeze", self) end
  local axes = {}
  for i = 1, sizes.n do
    if sizes[i] == 1 then axes[#axes + 1] = i - 1 end
  end
  return #axes > 0 and sym.squeeze(g, self, axes) or self
end)

symbolic("aten::squeeze.dim", function(g, self, dim)
  if sym.rank(self) == 0 or not squeezable(g, self, dim) then return self end
  return sym.squeeze(g, self, dim)
end)

symbolic("aten::squeeze.dims", function(g, self, dim)
  local axes = {}
  for _, d in ipairs(sym.ints(dim) or g:unsupported("computed dims")) do
    if squeezable(g, self, d) then axes[#axes + 1] = d end
  end
  return #axes > 0 and sym.squeeze(g, self, axes) or self
end)

symbolic("aten::size", function(g, self)
  if g:n_outputs() > 1 then
    local out = sym.size_list(g, self)
    for i = 1, out.n do out[i] = sym.value(g, out[i], "int64") end
    return out
  end
  return sym.shape_of(g, self)
end)

symbolic("aten::size.int", function(g, self, dim) return sym.value(g, sym.size(g, self, dim), "int64") end)

symbolic("aten::sym_size.int", function(g, self, dim) return sym.value(g, sym.size(g, self, dim), "int64") end)

symbolic("aten::_shape_as_tensor", function(g, self) return sym.shape_of(g, self) end)

symbolic("aten::numel", function(g, self)
  local sizes = sym.sizes(self)
  if not sizes then return g:op("Size", self) end
  local n = 1
  for i = 1, sizes.n do n = n * sizes[i] end
  return g:constant(n, "int64")
end)

symbolic("aten::dim", function(g, self)
  local rank = sym.rank(self)
  return rank and g:constant(rank, "int64") or g:op("Size", g:op("Shape", self))
end)

-- ---- dims in another order ----

symbolic("aten::transpose", function(g, self, dim0, dim1) return sym.swap(g, self, dim0, dim1) end)
symbolic("aten::swapaxes", function(g, self, axis0, axis1) return sym.swap(g, self, axis0, axis1) end)
symbolic("aten::swapdims", function(g, self, dim0, dim1) return sym.swap(g, self, dim0, dim1) end)

symbolic("aten::t", function(g, self)
  if sym.need_rank(g, self) < 2 then return self end
  return sym.transpose(g, self, {1, 0})
end)

symbolic("aten::numpy_T", function(g, self)
  local perm = {}
  for i = sym.need_rank(g, self), 1, -1 do perm[#perm + 1] = i - 1 end
  return sym.transpose(g, self, perm)
end)

symbolic("aten::permute", function(g, self, dims)
  local perm = sym.ints(dims) or g:unsupported("a computed order of dims")
  perm.n = nil
  for i = 1, #perm do perm[i] = perm[i] < 0 and perm[i] + #perm or perm[i] end
  return sym.transpose(g, self, perm)
end)

symbolic("aten::movedim.int", function(g, self, source, destination)
  local rank = sym.need_rank(g, self)
  source, destination = sym.axis(g, self, source), sym.axis(g, self, destination)
  local perm = {}
  for i = 0, rank - 1 do
    if i ~= source then perm[#perm + 1] = i end
  end
  table.insert(perm, destination + 1, source)
  return sym.transpose(g, self, perm)
end)

-- ---- joining ----

-- The tensors of a list in one element type, without the empty vectors that PyTorch's cat passes over.
local function joined(g, tensors, skip_empty)
  if type(tensors) ~= "table" then return g:unsupported("a list of tensors that is computed") end
  local list, dtype = {}, sym.traced_dtype(g) or sym.result_type(table.unpack(tensors, 1, tensors.n))
  for i = 1, tensors.n do
    local t = tensors[i]
    local empty = skip_empty and tensors.n > 1 and sym.rank(t) == 1 and sym.dim_size(t, 0) == 0
    if not empty then list[#list + 1] = sym.cast_to(g, t, dtype) end
  end
  return list
end

-- The rank that a list of tensors has, from any of them.
local function rank_of(list)
  for _, t in ipairs(list) do
    if sym.rank(t) then return sym.rank(t) end
  end
end

-- A list whose length is not known is a sequence.
local function is_sequence(x) return type(x) == "userdata" and x:type():kind() == "sequence" end

local function cat(g, tensors, dim)
  if is_sequence(tensors) then return g:op("ConcatFromSequence", tensors, {axis_i = dim}) end
  local list = joined(g, tensors, true)
  if dim < 0 and g:opset() < 11 then
    dim = dim + (rank_of(list) or g:unsupported("a negative dim and an unknown rank before opset 11"))
  end
  return sym.concat(g, list, dim)
end

symbolic("aten::cat", cat)
symbolic("aten::concat", cat)
symbolic("aten::concatenate", cat)

symbolic("aten::stack", function(g, tensors, dim)
  if is_sequence(tensors) then return g:op("ConcatFromSequence", tensors, {axis_i = dim, new_axis_i = 1}) end
  local list = joined(g, tensors, false)
  if dim < 0 then dim = dim + 1 + (rank_of(list) or g:unsupported("a negative dim and an unknown rank")) end
  for i, t in ipairs(list) do list[i] = sym.unsqueeze(g, t, dim) end
  return sym.concat(g, list, dim)
end)

-- ---- splitting ----

-- Parts of one size (the last may be smaller) along a dim.
local function parts_of(g, x, size, dim)
  local total = sym.dim_size(x, dim)
  local sizes = {}
  if total then
    for at = 0, math.max(total - 1, 0), math.max(size, 1) do sizes[#sizes + 1] = math.min(size, total - at) end
    return sizes
  end
  return g:unsupported("splitting a dim whose size is not known")
end

local function split(g, x, sizes, dim)
  sizes.n = sizes.n or #sizes
  return sym.split(g, x, sizes, sym.axis(g, x, dim))
end

-- Parts whose sizes may be computed. One part is the whole, whatever its size is called.
local function split_sizes_of(g, x, sizes, dim)
  local known = sym.ints(sizes)
  if known then return split(g, x, known, dim) end
  if sizes.n == 1 then return {n = 1, x} end
  if g:opset() < 13 then return g:unsupported("computed sizes to split into need opset 13") end
  return {n = sizes.n, g:op("Split", x, sym.shape(g, sizes), {axis_i = sym.axis(g, x, dim), outputs = sizes.n})}
end

symbolic("aten::split.Tensor", function(g, self, split_size, dim)
  return split(g, self, parts_of(g, self, sym.scalar(split_size), dim), dim)
end)

symbolic("aten::split.sizes", function(g, self, split_size, dim) return split_sizes_of(g, self, split_size, dim) end)

symbolic("aten::split", function(g, self, split_sizes, dim) return split_sizes_of(g, self, split_sizes, dim) end)

symbolic("aten::split_with_sizes", function(g, self, split_sizes, dim)
  return split_sizes_of(g, self, split_sizes, dim)
end)

symbolic("aten::unsafe_split.Tensor", function(g, self, split_size, dim)
  return split(g, self, parts_of(g, self, sym.scalar(split_size), dim), dim)
end)

local function chunk(g, self, chunks, dim)
  local total = sym.dim_size(self, dim)
  if total then return split(g, self, parts_of(g, self, -(-total // chunks), dim), dim) end
  local n = g:n_outputs()
  if n == 1 then return g:unsupported("chunks of a dim whose size is not known") end
  -- Equal parts is what Split makes without sizes; PyTorch's last chunk may be smaller, ONNX's (opset 18) too.
  local attrs = {axis_i = sym.axis(g, self, dim), outputs = n}
  if g:opset() >= 18 then attrs.num_outputs_i = n end
  return {n = n, g:op("Split", self, attrs)}
end

symbolic("aten::chunk", chunk)
symbolic("aten::unsafe_chunk", function(g, self, chunks, dim) return chunk(g, self, chunks, dim) end)

symbolic("aten::tensor_split.sections", function(g, self, sections, dim)
  local total = sym.dim_size(self, dim) or g:unsupported("splitting a dim whose size is not known")
  local sizes = {}
  for i = 1, sections do sizes[i] = total // sections + (i <= total % sections and 1 or 0) end
  return split(g, self, sizes, dim)
end)

symbolic("aten::tensor_split.indices", function(g, self, indices, dim)
  local total = sym.dim_size(self, dim) or g:unsupported("splitting a dim whose size is not known")
  local sizes, from = {}, 0
  for _, to in ipairs(sym.ints(indices) or g:unsupported("computed places to split at")) do
    to = math.max(math.min(to < 0 and to + total or to, total), from)
    sizes[#sizes + 1], from = to - from, to
  end
  sizes[#sizes + 1] = total - from
  return split(g, self, sizes, dim)
end)

symbolic("aten::unbind", function(g, self, dim)
  local total = sym.dim_size(self, dim)
  local n = total or g:n_outputs()
  if not total and n == 1 then return g:unsupported("unbinding a dim whose size is not known") end
  local axis = sym.axis(g, self, dim)
  local sizes = {n = n}
  for i = 1, n do sizes[i] = 1 end
  local list = sym.split(g, self, sizes, axis)
  for i = 1, n do list[i] = sym.squeeze(g, list[i], axis) end
  return list
end)

-- ---- repeating ----

symbolic("aten::expand", {ignore = {"implicit"}}, function(g, self, size) return sym.expand(g, self, size) end)

symbolic("aten::expand_as", function(g, self, other) return sym.expand(g, self, sym.sizes(other) or g:op("Shape", other)) end)

symbolic("aten::broadcast_to", function(g, self, size) return sym.expand(g, self, size) end)

local function repeats(g, x, counts)
  local n, rank = counts.n or #counts, sym.need_rank(g, x)
  local missing = {}
  for i = 1, n - rank do missing[i] = i - 1 end
  if #missing > 0 then x = sym.unsqueeze(g, x, missing) end
  return g:op("Tile", x, sym.shape(g, counts))
end

symbolic("aten::repeat", {params = {"self", "repeats"}}, function(g, x, counts) return repeats(g, x, counts) end)

symbolic("aten::tile", function(g, self, dims)
  local rank, counts = sym.need_rank(g, self), {}
  for i = 1, rank - dims.n do counts[i] = 1 end
  for i = 1, dims.n do counts[#counts + 1] = dims[i] end
  return repeats(g, self, counts)
end)

-- Each element of x along the axis n times (a number, or a value of one element), one copy behind the other.
local function interleave(g, x, n, axis)
  local rank, counts, shape = sym.need_rank(g, x), {}, {}
  counts.n = rank + 1
  for i = 1, rank + 1 do counts[i] = i == axis + 2 and n or 1 end
  for i = 1, axis do shape[i] = 0 end
  shape[axis + 1] = -1
  if axis < rank - 1 then
    for _, size in ipairs(sym.size_list(g, x, axis + 1)) do shape[#shape + 1] = size end
  end
  return sym.keep_reshape(g, g:op("Tile", sym.unsqueeze(g, x, axis + 1), sym.shape(g, counts)), shape)
end

-- Copy number c is of the first element whose copies, and all before them, are more than c.
local function owners(g, counts)
  local known = sym.ints(counts)
  if known then
    local index = {}
    for i = 1, known.n do
      for _ = 1, known[i] do index[#index + 1] = i - 1 end
    end
    return g:constant(index, "int64", {#index})
  end
  if g:opset() < 11 then return g:unsupported("computed repeats need opset 11") end
  counts = sym.cast(g, counts, "int64")
  local ends = g:op("CumSum", counts, g:constant(0, "int64"))
  local copies = sym.count(g, sym.reduce(g, "ReduceSum", counts, {0}, false))
  local before = g:op("Not", g:op("Less", sym.unsqueeze(g, copies, 1), sym.unsqueeze(g, ends, 0)))
  return sym.reduce(g, "ReduceSum", sym.cast(g, before, "int64"), {1}, false)
end

local function flat_or_dim(g, x, dim)
  if dim then return x, sym.axis(g, x, dim) end
  return sym.reshape(g, x, {-1}), 0
end

symbolic("aten::repeat_interleave.self_int", {ignore = {"output_size"}}, function(g, self, repeats, dim)
  local x, axis = flat_or_dim(g, self, dim)
  return interleave(g, x, sym.maybe_scalar(repeats) or repeats, axis)
end)

symbolic("aten::repeat_interleave.self_Tensor", {ignore = {"output_size"}}, function(g, self, repeats, dim)
  local x, axis = flat_or_dim(g, self, dim)
  local n, rank = sym.maybe_scalar(repeats), sym.need_rank(g, repeats, "the repeats")
  if n or rank == 0 or sym.dim_size(repeats, 0) == 1 then return interleave(g, x, n or sym.index(g, repeats), axis) end
  if not sym.dim_size(repeats, 0) then repeats = sym.expand(g, repeats, {sym.size(g, x, axis), n = 1}) end -- it may be one
  return g:op("Gather", x, owners(g, repeats), {axis_i = axis})
end)

symbolic("aten::repeat_interleave.Tensor", {ignore = {"output_size"}}, function(g, repeats) return owners(g, repeats) end)

-- x in two pieces, the other way round.
local function rolled(g, x, axis, shift)
  local size, k = sym.dim_size(x, axis), sym.maybe_scalar(shift)
  local from
  if k then
    k = size and size > 0 and k % size or k
    if k == 0 then return x end
    from = {-k}
  else
    local whole = sym.index(g, sym.size(g, x, axis))
    from = g:op("Sub", whole, g:op("Mod", sym.index(g, shift), whole))
  end
  return g:op("Concat", sym.slice(g, x, {axis}, from, {math.maxinteger}), sym.slice(g, x, {axis}, {0}, from), {axis_i = axis})
end

symbolic("aten::roll", function(g, self, shifts, dims)
  dims = sym.ints(dims) or g:unsupported("computed dims")
  if type(shifts) ~= "table" then return g:unsupported("computed shifts of which not even the number is known") end
  if dims.n == 0 then
    return g:op("Reshape", rolled(g, sym.reshape(g, self, {-1}), 0, shifts[1]), sym.shape_of(g, self))
  end
  local x = self
  for i = 1, dims.n do x = rolled(g, x, sym.axis(g, x, dims[i]), shifts[i]) end
  return x
end)

symbolic("aten::flip", function(g, self, dims)
  local axes = sym.ints(dims) or g:unsupported("computed dims")
  local from, to, step = {}, {}, {}
  for i = 1, axes.n do from[i], to[i], step[i] = -1, math.mininteger, -1 end
  axes.n = nil
  return sym.slice(g, self, axes, from, to, step)
end)

-- ---- blocks of pixels ----

-- x with its channels in another order: place i of the result, from 0, is channel from(i).
local function reorder_channels(g, x, channels, from)
  local order = {}
  for i = 0, channels - 1 do order[i + 1] = from(i) end
  return g:op("Gather", x, g:constant(order, "int64"), {axis_i = 1})
end

local function need_channels(g, x, what)
  if sym.rank(x) ~= 4 then return g:unsupported(what .. " of an unknown rank, or of a rank other than 4") end
  return sym.dim_size(x, 1) or g:unsupported(what .. " of an unknown number of channels")
end

-- PyTorch counts the places of a block within each channel; DepthToSpace did so from opset 11 on, SpaceToDepth never.
symbolic("aten::pixel_shuffle", function(g, self, upscale_factor)
  local r = upscale_factor
  if sym.rank(self) == 4 and g:opset() >= 11 then return g:op("DepthToSpace", self, {blocksize_i = r, mode_s = "CRD"}) end
  local channels = need_channels(g, self, "pixel_shuffle")
  local n = channels // (r * r)
  local x = reorder_channels(g, self, channels, function(i) return i % n * r * r + i // n end)
  return g:op("DepthToSpace", x, {blocksize_i = r})
end)

symbolic("aten::pixel_unshuffle", function(g, self, downscale_factor)
  local r, n = downscale_factor, need_channels(g, self, "pixel_unshuffle")
  local x = g:op("SpaceToDepth", self, {blocksize_i = r})
  return reorder_channels(g, x, n * r * r, function(i) return i % (r * r) * n + i // (r * r) end)
end)

symbolic("aten::channel_shuffle", function(g, self, groups)
  local channels = sym.dim_size(self, 1) or g:unsupported("channel_shuffle of an unknown number of channels")
  return reorder_channels(g, self, channels, function(i) return i % groups * (channels // groups) + i // groups end)
end)
