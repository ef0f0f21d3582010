internal import CSutureOneDNN
internal import SutureArchitectures

/// A compiled operation with its description.
@safe final class Primitive {
  let description: dnnl_primitive_desc_t
  let handle: dnnl_primitive_t
  /// How many bytes it needs while it runs.
  let scratchpadByteCount: Int

  convenience init(
    _ descriptor: UnsafeRawPointer, _ attributes: Attributes, _ dnnl: OneDNN
  ) throws {
    try unsafe self.init(
      owning: made("there is no implementation of it for this processor") {
        unsafe dnnl_primitive_desc_create(&$0, descriptor, attributes.handle, dnnl.engine, nil)
      })
  }

  init(owning description: dnnl_primitive_desc_t) throws {
    var primitive: dnnl_primitive_t?
    let status = unsafe dnnl_primitive_create(&primitive, description)
    guard status == dnnl_success, let primitive = unsafe primitive else {
      unsafe dnnl_primitive_desc_destroy(description)
      throw ModelError.engine("a layer cannot be compiled (status \(status.rawValue))")
    }
    unsafe (self.description, handle) = unsafe (description, primitive)
    let scratchpad = unsafe dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0)
    scratchpadByteCount = unsafe scratchpad.map { unsafe dnnl_memory_desc_get_size($0) } ?? 0
  }

  deinit {
    unsafe dnnl_primitive_destroy(handle)
    unsafe dnnl_primitive_desc_destroy(description)
  }

  /// How it wants its weights to lie.
  func weightsLayout() throws -> Layout {
    guard let wanted = unsafe dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0) else {
      throw ModelError.engine("it does not say how weights are to lie")
    }
    return unsafe Layout(wanted.pointee)
  }

  /// It and the memories that it works on.
  func bound(
    to memories: [(Int32, Layout, UnsafeMutableRawPointer)], scratchpad: UnsafeMutableRawPointer,
    _ dnnl: OneDNN
  ) throws -> Execution {
    var memories = unsafe memories
    if scratchpadByteCount > 0,
      let layout = unsafe dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0)
    {
      unsafe memories.append((DNNL_ARG_SCRATCHPAD, Layout(layout.pointee), scratchpad))
    }
    return unsafe Execution(self, try memories.map { unsafe ($0, try Memory($1, $2, dnnl)) })
  }
}

/// A buffer that somebody else owns, seen by oneDNN.
@safe final class Memory {
  let handle: dnnl_memory_t

  init(_ layout: Layout, _ buffer: UnsafeMutableRawPointer, _ dnnl: OneDNN) throws {
    unsafe handle = try unsafe made("it cannot see a buffer") {
      unsafe dnnl_memory_create(&$0, &layout.value, dnnl.engine, buffer)
    }
  }

  deinit { unsafe dnnl_memory_destroy(handle) }
}

/// A primitive with its arguments, ready to run again and again.
@safe final class Execution {
  private let primitive: Primitive
  private let memories: [Memory]
  private let arguments: [dnnl_exec_arg_t]

  init(_ primitive: Primitive, _ memories: [(argument: Int32, memory: Memory)]) {
    self.primitive = primitive
    self.memories = memories.map(\.memory)
    unsafe arguments = unsafe memories.map {
      unsafe dnnl_exec_arg_t(arg: $0.argument, memory: $0.memory.handle)
    }
  }

  func callAsFunction(_ dnnl: OneDNN) throws {
    try unsafe check(
      dnnl_primitive_execute(primitive.handle, dnnl.stream, Int32(arguments.count), arguments),
      "a layer cannot be computed")
  }
}
