internal import COneDNN

func check(_ status: dnnl_status_t, _ what: String) throws {
  if status != dnnl_success { throw ModelError.engine("\(what) (status \(status.rawValue))") }
}

/// The shape and layout of a memory; a reference, so that its address can be given to C.
final class Description {
  var value = dnnl_memory_desc_t()
  let shape: [Int]

  init(_ shape: [Int], _ tag: dnnl_format_tag_t) throws {
    self.shape = shape
    let dims = shape.map { dnnl_dim_t($0) }
    try check(
      dnnl_memory_desc_init_by_tag(&value, Int32(dims.count), dims, dnnl_f32, tag),
      "no layout for the shape \(shape)")
  }
}

/// A buffer that somebody else owns, seen by oneDNN.
final class Memory {
  let handle: dnnl_memory_t

  init(
    _ description: UnsafePointer<dnnl_memory_desc_t>, _ buffer: UnsafeMutableRawPointer?,
    _ engine: dnnl_engine_t
  )
    throws
  {
    var memory: dnnl_memory_t?
    try check(dnnl_memory_create(&memory, description, engine, buffer), "no memory")
    guard let memory else { throw ModelError.engine("no memory") }
    handle = memory
  }

  convenience init(_ description: Description, _ buffer: UnsafeMutableRawPointer?, _ engine: dnnl_engine_t)
    throws
  {
    try self.init(&description.value, buffer, engine)
  }

  deinit { dnnl_memory_destroy(handle) }
}

/// A compiled operation with its description.
final class Primitive {
  let description: dnnl_primitive_desc_t
  let handle: dnnl_primitive_t

  convenience init(
    descriptor: UnsafeRawPointer, attributes: dnnl_primitive_attr_t?, engine: dnnl_engine_t
  ) throws {
    var description: dnnl_primitive_desc_t?
    try check(
      dnnl_primitive_desc_create(&description, descriptor, attributes, engine, nil),
      "no implementation of a layer")
    try self.init(owning: description)
  }

  init(owning description: dnnl_primitive_desc_t?) throws {
    guard let description else { throw ModelError.engine("no implementation of a layer") }
    var primitive: dnnl_primitive_t?
    let status = dnnl_primitive_create(&primitive, description)
    guard status == dnnl_success, let primitive else {
      dnnl_primitive_desc_destroy(description)
      throw ModelError.engine("a layer cannot be compiled (status \(status.rawValue))")
    }
    (self.description, handle) = (description, primitive)
  }

  deinit {
    dnnl_primitive_destroy(handle)
    dnnl_primitive_desc_destroy(description)
  }
}

/// What follows an operation while its result is still at hand.
final class Attributes {
  let handle: dnnl_primitive_attr_t

  init(gelu: Bool) throws {
    var attributes: dnnl_primitive_attr_t?
    try check(dnnl_primitive_attr_create(&attributes), "no attributes")
    guard let attributes else { throw ModelError.engine("no attributes") }
    handle = attributes
    guard gelu else { return }
    var operations: dnnl_post_ops_t?
    try check(dnnl_post_ops_create(&operations), "no post-operations")
    defer { dnnl_post_ops_destroy(operations) }
    try check(dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_gelu_erf, 0, 0), "no GELU")
    try check(dnnl_primitive_attr_set_post_ops(attributes, operations), "no post-operations")
  }

  deinit { dnnl_primitive_attr_destroy(handle) }
}
