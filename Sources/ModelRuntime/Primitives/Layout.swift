internal import CSutureOneDNN

/// The shape, element type and layout of a memory; a reference, so that its address can be given to C.
final class Layout {
  var value: dnnl_memory_desc_t
  let byteCount: Int

  init(_ shape: [Int], _ tag: dnnl_format_tag_t, _ type: dnnl_data_type_t = dnnl_f32) throws {
    let dims = shape.map { dnnl_dim_t($0) }
    var value = dnnl_memory_desc_t()
    try unsafe check(
      dnnl_memory_desc_init_by_tag(&value, Int32(dims.count), dims, type, tag),
      "no layout for the shape \(shape)")
    self.value = value
    byteCount = unsafe tag == dnnl_format_tag_any ? 0 : dnnl_memory_desc_get_size(&value)
  }

  /// A matrix within a larger one.
  init(_ shape: [Int], strides: [Int], _ type: dnnl_data_type_t = dnnl_f32) throws {
    let (dims, steps) = (shape.map { dnnl_dim_t($0) }, strides.map { dnnl_dim_t($0) })
    var value = dnnl_memory_desc_t()
    try unsafe check(
      dnnl_memory_desc_init_by_strides(&value, Int32(dims.count), dims, type, steps),
      "no layout for the shape \(shape)")
    self.value = value
    byteCount = unsafe dnnl_memory_desc_get_size(&value)
  }

  init(_ value: dnnl_memory_desc_t) {
    self.value = value
    var copy = value
    byteCount = unsafe dnnl_memory_desc_get_size(&copy)
  }

  /// How many bytes an element has.
  var elementByteCount: Int { value.data_type == dnnl_bf16 ? 2 : 4 }

  func isEqual(_ other: Layout) -> Bool { unsafe dnnl_memory_desc_equal(&value, &other.value) != 0 }
}
