-- torchvision's own operators, whose schemas PyTorch's table does not have.

local function schema(text) return {schema = text} end

-- ONNX suppresses per batch and class and gives rows (batch, class, box), best first, as torchvision does. Corners are
-- (x, y) here and (y, x) there, which changes no overlap.
symbolic("torchvision::nms", schema("torchvision::nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"),
  function(g, dets, scores, iou_threshold)
    if g:opset() < 10 then return g:unsupported("nms needs opset 10") end
    local boxes = sym.unsqueeze(g, sym.cast(g, dets, "float32"), 0)
    local weights = sym.unsqueeze(g, sym.cast(g, scores, "float32"), {0, 1})
    local most = g:constant({math.maxinteger}, "int64", {1})
    local rows = g:op("NonMaxSuppression", boxes, weights, most, g:constant({sym.scalar(iou_threshold)}, "float32", {1}))
    return g:op("Gather", rows, g:constant(2, "int64"), {axis_i = 1})
  end)

-- rois are (image, x1, y1, x2, y2).
local function regions(g, rois)
  local image = g:op("Gather", rois, g:constant(0, "int64"), {axis_i = 1})
  return sym.slice(g, rois, {1}, {1}, {5}), sym.cast(g, image, "int64")
end

symbolic("torchvision::roi_align", schema("torchvision::roi_align(Tensor input, Tensor rois, float spatial_scale, " ..
  "SymInt pooled_height, SymInt pooled_width, int sampling_ratio, bool aligned) -> Tensor"),
  function(g, input, rois, spatial_scale, pooled_height, pooled_width, sampling_ratio, aligned)
    if g:opset() < 10 then return g:unsupported("roi_align needs opset 10") end
    if aligned and g:opset() < 16 then return g:unsupported("an aligned roi_align needs opset 16") end
    local mode = g:opset() >= 16 and (aligned and "half_pixel" or "output_half_pixel") or nil
    local boxes, image = regions(g, rois)
    return g:op("RoiAlign", input, boxes, image, {spatial_scale_f = spatial_scale, output_height_i = pooled_height,
      output_width_i = pooled_width, sampling_ratio_i = math.max(sampling_ratio, 0), coordinate_transformation_mode_s = mode})
  end)

-- The second result says which element won, for gradients.
symbolic("torchvision::roi_pool", schema("torchvision::roi_pool(Tensor input, Tensor rois, float spatial_scale, " ..
  "SymInt pooled_height, SymInt pooled_width) -> (Tensor, Tensor)"),
  function(g, input, rois, spatial_scale, pooled_height, pooled_width)
    return g:op("MaxRoiPool", input, rois, {pooled_shape_i = {pooled_height, pooled_width}, spatial_scale_f = spatial_scale}), nil
  end)

symbolic("torchvision::deform_conv2d", schema("torchvision::deform_conv2d(Tensor input, Tensor weight, Tensor offset, " ..
  "Tensor mask, Tensor bias, SymInt stride_h, SymInt stride_w, SymInt pad_h, SymInt pad_w, SymInt dilation_h, " ..
  "SymInt dilation_w, SymInt groups, SymInt offset_groups, bool use_mask) -> Tensor"),
  function(g, input, weight, offset, mask, bias, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups,
           offset_groups, use_mask)
    if g:opset() < 19 then return g:unsupported("deform_conv2d needs opset 19") end
    return g:op("DeformConv", input, weight, offset, bias, use_mask and mask or nil, {strides_i = {stride_h, stride_w},
      pads_i = {pad_h, pad_w, pad_h, pad_w}, dilations_i = {dilation_h, dilation_w}, group_i = groups,
      offset_group_i = offset_groups})
  end)
