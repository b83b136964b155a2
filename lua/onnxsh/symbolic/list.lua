-- Lists that stay lists: those of numbers are vectors, those of tensors sequences of ONNX. prim::append and its like are
-- what becomes of operators that write to a list: they return the list behind the write.

local function is_sequence(x) return type(x) == "userdata" and x:type():kind() == "sequence" end

-- A list as one value.
local function whole(g, list)
  if type(list) ~= "table" then return list end
  if list.n == 0 then return g:unsupported("an empty list") end
  if type(list[1]) == "userdata" and sym.rank(list[1]) ~= 0 then return sym.sequence(g, list) end
  for i = 1, list.n do
    if type(list[i]) == "userdata" and sym.rank(list[i]) ~= 0 then return sym.sequence(g, list) end
  end
  return sym.vector(g, list)
end

local function one(g, x, like) return sym.reshape(g, sym.cast_to(g, x, sym.dtype(like)), {1}) end

local function index(g, i) return sym.value(g, i, "int64") end

-- ---- reading ----

local function item(g, list, i)
  list = whole(g, list)
  if is_sequence(list) then return g:op("SequenceAt", list, index(g, i)) end
  if g:opset() < 11 then return g:unsupported("an item by a computed number needs opset 11") end
  return g:op("Gather", list, index(g, i), {axis_i = 0})
end

symbolic("aten::__getitem__.t", {params = {"list", "idx"}}, item)

symbolic("aten::len.t", function(g, a)
  if type(a) == "table" then return g:constant(a.n, "int64") end
  return g:op(is_sequence(a) and "SequenceLength" or "Size", a)
end)

symbolic("aten::len.Tensor", function(g, t) return sym.value(g, sym.size(g, t, 0), "int64") end)

symbolic("aten::list.t", function(g, l) return whole(g, l) end)

symbolic("aten::__contains__.int_list", function(g, l, item_)
  local same = g:op("Equal", whole(g, l), sym.value(g, item_, "int64"))
  return g:op("Greater", sym.reduce(g, "ReduceMax", sym.cast(g, same, "int32"), {0}, false), g:constant(0, "int32"))
end)

-- ---- the list behind a write ----

symbolic("prim::append", function(g, list, x)
  if type(list) == "table" and list.n == 0 then
    if sym.rank(x) == 0 then return one(g, x, x) end
    return sym.sequence(g, {x, n = 1})
  end
  list = whole(g, list)
  if is_sequence(list) then return g:op("SequenceInsert", list, sym.value(g, x)) end
  return g:op("Concat", list, one(g, x, list), {axis_i = 0})
end)

symbolic("prim::insert", function(g, list, i, x)
  list = whole(g, list)
  if not is_sequence(list) then return g:unsupported("an insertion into a list of numbers whose length is not known") end
  return g:op("SequenceInsert", list, sym.value(g, x), index(g, i))
end)

symbolic("prim::extend", function(g, list, more)
  if type(list) == "table" and list.n == 0 then return whole(g, more) end
  list = whole(g, list)
  if not is_sequence(list) then return g:op("Concat", list, whole(g, more), {axis_i = 0}) end
  if type(more) ~= "table" then return g:unsupported("a list that is extended by one whose length is not known") end
  for i = 1, more.n do list = g:op("SequenceInsert", list, more[i]) end
  return list
end)

symbolic("prim::pop", function(g, list, i)
  list = whole(g, list)
  if not is_sequence(list) then return g:unsupported("pop of a list of numbers whose length is not known") end
  local at = index(g, i)
  return g:op("SequenceAt", list, at), g:op("SequenceErase", list, at)
end)

symbolic("prim::Delete", function(g, list, i) return g:op("SequenceErase", whole(g, list), index(g, i)) end)

symbolic("prim::_set_item", function(g, list, i, x)
  list = whole(g, list)
  if not is_sequence(list) then
    return g:op("ScatterElements", list, one(g, index(g, i), index(g, i)), one(g, x, list), {axis_i = 0})
  end
  local k, rest = sym.maybe_scalar(i), g:op("SequenceErase", list, index(g, i))
  if k == -1 then return g:op("SequenceInsert", rest, x) end
  if not k then
    local at = index(g, i)
    local from_end = g:op("Add", at, g:op("SequenceLength", list))
    at = g:op("Where", g:op("Less", at, g:constant(0, "int64")), from_end, at)
    return g:op("SequenceInsert", rest, x, at)
  end
  return g:op("SequenceInsert", rest, x, g:constant(k < 0 and k + 1 or k, "int64"))
end)
