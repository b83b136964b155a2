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

local function recurrent(g, c)
  if type(c.params) ~= "table" then return g:unsupported("a list of weights that is computed") end
  if c.train and c.dropout ~= 0 and c.layers > 1 then return g:unsupported("dropout between layers, as in training") end
  local per = c.has_biases and 4 or 2
  if c.params.n ~= c.layers * c.directions * per then return g:unsupported("a recurrent layer with projections") end
  c.hidden = sym.dim_size(c.params[2], 1) or g:unsupported("weights of an unknown shape")
  local rank = sym.need_rank(g, c.input)
  if rank ~= 3 then return g:unsupported("a sequence without its batch") end
  local x = c.batch_first and sym.transpose(g, c.input, {1, 0, 2}) or c.input
  local finals = {}
  for layer = 0, c.layers - 1 do
    local w, r, b = layer_weights(g, c, layer)
    local attrs = {hidden_size_i = c.hidden, outputs = #c.states + 1}
    if c.directions == 2 then attrs.direction_s = "bidirectional" end
    for k, v in pairs(c.attrs or {}) do attrs[k] = v end
    local states = {}
    for i, s in ipairs(c.states) do states[i] = layer_state(g, c, s, layer) end
    local out = {g:op(c.op, x, w, r, b, nil, states, attrs)}
    for i = 1, #c.states do
      finals[i] = finals[i] or {}
      finals[i][layer + 1] = out[i + 1]
    end
    x = joined(g, c, out[1])
  end
  if c.batch_first then x = sym.transpose(g, x, {1, 0, 2}) end
  for i = 1, #c.states do finals[i] = sym.concat(g, finals[i], 0) end
  return x, table.unpack(finals)
end

symbolic("aten::lstm.input", function(g, input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first)
  return recurrent(g, {
    op = "LSTM", order = {0, 3, 1, 2}, input = input, states = {hx[1], hx[2]}, params = params, has_biases = has_biases,
    layers = num_layers, dropout = dropout, train = train, directions = bidirectional and 2 or 1, batch_first = batch_first,
  })
end)

symbolic("aten::gru.input", function(g, input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first)
  return recurrent(g, {
    op = "GRU", order = {1, 0, 2}, input = input, states = {hx}, params = params, has_biases = has_biases,
    layers = num_layers, dropout = dropout, train = train, directions = bidirectional and 2 or 1, batch_first = batch_first,
    attrs = {linear_before_reset_i = 1},
  })
end)

local function rnn(activation)
  return function(g, input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first)
    local both = bidirectional and {activation, activation} or {activation}
    return recurrent(g, {
      op = "RNN", input = input, states = {hx}, params = params, has_biases = has_biases, layers = num_layers,
      dropout = dropout, train = train, directions = bidirectional and 2 or 1, batch_first = batch_first,
      attrs = {activations_s = both},
    })
  end
end

symbolic("aten::rnn_tanh.input", rnn("Tanh"))
symbolic("aten::rnn_relu.input", rnn("Relu"))
