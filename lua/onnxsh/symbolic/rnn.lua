-- Recurrent layers. ONNX has one operator for each layer with its directions stacked; PyTorch lists the parameters layer
-- by layer, direction by direction, with the gates in another order.

-- Rows of a weight by gate, in ONNX's order.
local function reorder(g, w, order, hidden)
  if not order then return w end
  local parts = {}
  for i, gate in ipairs(order) do parts[i] = sym.slice(g, w, {0}, {gate * hidden}, {(gate + 1) * hidden}) end
  return sym.concat(g, parts, 0)
end

local function stacked(g, list)
  for i, v in ipairs(list) do list[i] = sym.unsqueeze(g, v, 0) end
  return sym.concat(g, list, 0)
end

-- The parameters of a layer as W, R and B of ONNX's operator.
local function layer_weights(g, c, layer)
  local per = c.has_biases and 4 or 2
  local ws, rs, bs = {}, {}, {}
  for d = 0, c.directions - 1 do
    local at = (layer * c.directions + d) * per
    ws[d + 1] = reorder(g, c.params[at + 1], c.order, c.hidden)
    rs[d + 1] = reorder(g, c.params[at + 2], c.order, c.hidden)
    if c.has_biases then
      bs[d + 1] = sym.concat(g, {reorder(g, c.params[at + 3], c.order, c.hidden),
                                 reorder(g, c.params[at + 4], c.order, c.hidden)}, 0)
    end
  end
  return stacked(g, ws), stacked(g, rs), c.has_biases and stacked(g, bs) or nil
end

-- The part of an initial state that a layer begins with.
local function layer_state(g, c, state, layer)
  if c.layers == 1 then return state end
  return sym.slice(g, state, {0}, {layer * c.directions}, {(layer + 1) * c.directions})
end

-- Y is [steps, directions, batch, hidden]; the next layer, and PyTorch, join the directions with the features.
local function joined(g, c, y)
  if c.directions == 1 then return sym.squeeze(g, y, 1) end
  return sym.keep_reshape(g, sym.transpose(g, y, {0, 2, 1, 3}), {0, 0, -1})
end

local function is_zeros(v)
  local n = v:node()
  if not n or n:op() ~= "onnx::ConstantOfShape" then return false end
  local t = n:attr("value")
  return not t or t[1] == 0
end

-- States of zeros are what ONNX begins with by itself, with the batch that there is: the tracer may have kept its own.
local function initial_states(g, states)
  local first, zeros
  for _, s in ipairs(states) do
    if is_zeros(s) then zeros = true else first = first or s end
  end
  if not first then return nil end
  for i, s in ipairs(zeros and states or {}) do
    if is_zeros(s) then states[i] = sym.fill(g, sym.shape_of(g, first), 0, sym.dtype(first) or "float32") end
  end
  return states
end

-- All layers, over c.input of [steps, batch, features] and as many steps of each sequence as c.lengths says.
local function layers(g, c)
  if type(c.params) ~= "table" then return g:unsupported("a list of weights that is computed") end
  if c.train and c.dropout ~= 0 and c.layers > 1 then return g:unsupported("dropout between layers, as in training") end
  c.directions = c.bidirectional and 2 or 1
  local per = c.has_biases and 4 or 2
  if c.params.n ~= c.layers * c.directions * per then return g:unsupported("a recurrent layer with projections") end
  c.hidden = sym.dim_size(c.params[2], 1) or g:unsupported("weights of an unknown shape")
  local x, finals, given = c.input, {}, initial_states(g, c.states)
  local lengths = c.lengths and sym.cast(g, c.lengths, "int32")
  for layer = 0, c.layers - 1 do
    local w, r, b = layer_weights(g, c, layer)
    local attrs = {hidden_size_i = c.hidden, outputs = #c.states + 1}
    if c.directions == 2 then attrs.direction_s = "bidirectional" end
    for k, v in pairs(c.attrs or {}) do attrs[k] = v end
    local states = {}
    for i, s in ipairs(given or {}) do states[i] = layer_state(g, c, s, layer) end
    local out = {g:op(c.op, x, w, r, b, lengths, states, attrs)}
    for i = 1, #c.states do
      finals[i] = finals[i] or {}
      finals[i][layer + 1] = out[i + 1]
    end
    x = joined(g, c, out[1])
  end
  for i = 1, #c.states do finals[i] = sym.concat(g, finals[i], 0) end
  return x, finals
end

-- ---- packed sequences ----

-- PyTorch's packed data is the steps of all sequences, time by time, without those behind the end of one; with it goes
-- how many sequences each time has. Both are made as PyTorch makes them. Where they are read by what wants them padded,
-- which is nearly always, that is found again behind them, and they are left for dead.

local function padded_mask(g, x, lengths)
  local steps = sym.count(g, sym.size(g, x, 0))
  return g:op("Less", sym.unsqueeze(g, steps, 1), sym.unsqueeze(g, lengths, 0))
end

local function pack(g, x, mask)
  local shape = {-1}
  if sym.need_rank(g, x) > 2 then shape = sym.size_list(g, x, 1) shape[1] = -1 end
  return g:op("Compress", sym.reshape(g, x, shape), sym.reshape(g, mask, {-1}), {axis_i = 0})
end

-- The first n along dim 0, n an integer or a value. Slices had constant ends before opset 10.
local function first_of(g, x, n)
  if g:opset() >= 10 or sym.maybe_scalar(n) then return sym.slice(g, x, {0}, {0}, {n}) end
  return g:op("Gather", x, sym.count(g, n), {axis_i = 0})
end

symbolic("aten::_pack_padded_sequence", function(g, input, lengths, batch_first)
  local x = batch_first and sym.swap(g, input, 0, 1) or input
  local n = sym.cast(g, lengths, "int64")
  local mask = padded_mask(g, x, n)
  local counts = sym.reduce(g, "ReduceSum", sym.cast(g, mask, "int64"), {1}, false)
  return pack(g, x, mask), first_of(g, counts, sym.reduce(g, "ReduceMax", n, {0}, false))
end)

-- What stands behind v if the nodes that made it are these, the last first.
local function behind(v, ...)
  for i = 1, select("#", ...) do
    local n = v and v:node()
    if not n or not (" " .. select(i, ...) .. " "):find(" " .. n:op():gsub("^onnx::", "") .. " ", 1, true) then return nil end
    v = n:input(1)
  end
  return v
end

-- The padded [steps, batch, ...] that was packed, its lengths and its mask; nil if data is not packed here.
local function found_again(data, batch_sizes)
  local x = behind(data, "Compress", "Reshape")
  local mask = x and behind(data:node():input(2), "Reshape")
  if not mask or mask ~= behind(batch_sizes, "Slice Gather", "ReduceSum", "Cast") then return nil end
  local lengths = mask:node() and behind(mask:node():input(2), "Unsqueeze")
  return lengths and x, lengths, mask
end

-- Where each time begins in packed data: how many there are in the times before.
local function begins(g, counts)
  if g:opset() >= 11 then return g:op("CumSum", counts, g:constant(0, "int64"), {exclusive_i = 1}) end
  local at = sym.count(g, sym.size(g, counts, 0))
  local before = sym.cast(g, g:op("Less", sym.unsqueeze(g, at, 0), sym.unsqueeze(g, at, 1)), "int64")
  return sym.reduce(g, "ReduceSum", g:op("Mul", before, sym.unsqueeze(g, counts, 0)), {1}, false)
end

-- The same for any data.
local function unpack_data(g, data, batch_sizes)
  local x, lengths, mask = found_again(data, batch_sizes)
  if x then return x, lengths, mask end
  local counts = sym.cast(g, batch_sizes, "int64")
  local row = sym.unsqueeze(g, sym.count(g, g:op("Gather", counts, g:constant(0, "int64"), {axis_i = 0})), 0)
  mask = g:op("Less", row, sym.unsqueeze(g, counts, 1))
  lengths = sym.reduce(g, "ReduceSum", sym.cast(g, mask, "int64"), {0}, false)
  local from = begins(g, counts)
  local place = g:op("Where", mask, g:op("Add", sym.unsqueeze(g, from, 1), row), g:constant(0, "int64"))
  return g:op("Gather", data, place, {axis_i = 0}), lengths, mask
end

-- x of as many steps as PyTorch was told: those behind the longest sequence are cut off, or added.
local function resized(g, x, total, batch_sizes)
  local steps, n = sym.dim_size(x, 0), sym.maybe_scalar(total)
  if not n then return first_of(g, x, total) end
  if n <= 0 then return first_of(g, x, sym.size(g, batch_sizes, 0)) end
  if steps == n then return x end
  if steps and steps > n then return first_of(g, x, n) end
  local like = sym.size_list(g, x)
  like[1] = n
  return first_of(g, g:op("Concat", x, sym.fill(g, like, 0, sym.dtype(x) or "float32"), {axis_i = 0}), n)
end

symbolic("aten::_pad_packed_sequence", function(g, data, batch_sizes, batch_first, padding_value, total_length)
  local x, lengths, mask = unpack_data(g, data, batch_sizes)
  local rank, dims = sym.need_rank(g, x), {}
  for d = 3, rank do dims[#dims + 1] = d - 1 end
  local kept = #dims > 0 and sym.unsqueeze(g, mask, dims) or mask
  local pad = sym.cast_like(g, sym.scalar(padding_value), x)
  x = g:op("Where", kept, x, pad)
  x = resized(g, x, total_length, batch_sizes)
  return batch_first and sym.swap(g, x, 0, 1) or x, lengths
end)

-- ---- the operators: batches of sequences, or packed data ----

local kinds = {
  lstm = {op = "LSTM", order = {0, 3, 1, 2}},
  gru = {op = "GRU", order = {1, 0, 2}, attrs = {linear_before_reset_i = 1}},
  rnn_tanh = {op = "RNN", activation = "Tanh"},
  rnn_relu = {op = "RNN", activation = "Relu"},
}

local function call_of(kind, hx, params, has_biases, num_layers, dropout, train, bidirectional)
  local a = kind.activation
  return {
    op = kind.op, order = kind.order, states = type(hx) == "table" and {hx[1], hx[2]} or {hx}, params = params,
    has_biases = has_biases, layers = num_layers, dropout = dropout, train = train, bidirectional = bidirectional,
    attrs = a and {activations_s = bidirectional and {a, a} or {a}} or kind.attrs,
  }
end

local function of_sequences(kind)
  return function(g, input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first)
    local rank = sym.rank(input)
    if rank and rank ~= 3 then return g:unsupported("a sequence without its batch") end
    local c = call_of(kind, hx, params, has_biases, num_layers, dropout, train, bidirectional)
    c.input = batch_first and sym.transpose(g, input, {1, 0, 2}) or input
    local y, finals = layers(g, c)
    return batch_first and sym.transpose(g, y, {1, 0, 2}) or y, table.unpack(finals)
  end
end

local function of_packed_data(kind)
  return function(g, data, batch_sizes, hx, params, has_biases, num_layers, dropout, train, bidirectional)
    local c, mask = call_of(kind, hx, params, has_biases, num_layers, dropout, train, bidirectional), nil
    c.input, c.lengths, mask = unpack_data(g, data, batch_sizes)
    local y, finals = layers(g, c)
    return pack(g, y, mask), table.unpack(finals)
  end
end

symbolic("aten::lstm.input", of_sequences(kinds.lstm))
symbolic("aten::lstm.data", of_packed_data(kinds.lstm))
symbolic("aten::gru.input", of_sequences(kinds.gru))
symbolic("aten::gru.data", of_packed_data(kinds.gru))
symbolic("aten::rnn_tanh.input", of_sequences(kinds.rnn_tanh))
symbolic("aten::rnn_tanh.data", of_packed_data(kinds.rnn_tanh))
symbolic("aten::rnn_relu.input", of_sequences(kinds.rnn_relu))
symbolic("aten::rnn_relu.data", of_packed_data(kinds.rnn_relu))

-- ---- one step ----

local function gates(g, input, hidden, w_ih, w_hh, b_ih, b_hh, n)
  local width = sym.dim_size(w_hh, 1) or g:unsupported("weights of an unknown shape")
  local sizes = {n = n}
  for i = 1, n do sizes[i] = width end
  local function parts(x, w, b)
    local y = sym.linear(g, x, w, b)
    return n == 1 and {y} or sym.split(g, y, sizes, sym.axis(g, y, -1))
  end
  return parts(input, w_ih, b_ih), parts(hidden, w_hh, b_hh)
end

symbolic("aten::lstm_cell", function(g, input, hx, w_ih, w_hh, b_ih, b_hh)
  local x, h = gates(g, input, hx[1], w_ih, w_hh, b_ih, b_hh, 4)
  local sum = {}
  for i = 1, 4 do sum[i] = g:op(i == 3 and "Tanh" or "Sigmoid", g:op("Add", x[i], h[i])) end
  local c = g:op("Add", g:op("Mul", sum[2], hx[2]), g:op("Mul", sum[1], sum[3]))
  return g:op("Mul", sum[4], g:op("Tanh", c)), c
end)

symbolic("aten::gru_cell", function(g, input, hx, w_ih, w_hh, b_ih, b_hh)
  local x, h = gates(g, input, hx, w_ih, w_hh, b_ih, b_hh, 3)
  local reset, update = g:op("Sigmoid", g:op("Add", x[1], h[1])), g:op("Sigmoid", g:op("Add", x[2], h[2]))
  local new = g:op("Tanh", g:op("Add", x[3], g:op("Mul", reset, h[3])))
  return g:op("Add", new, g:op("Mul", update, g:op("Sub", hx, new)))
end)

local function rnn_cell(op)
  return function(g, input, hx, w_ih, w_hh, b_ih, b_hh)
    local x, h = gates(g, input, hx, w_ih, w_hh, b_ih, b_hh, 1)
    return g:op(op, g:op("Add", x[1], h[1]))
  end
end

symbolic("aten::rnn_tanh_cell", rnn_cell("Tanh"))
symbolic("aten::rnn_relu_cell", rnn_cell("Relu"))
