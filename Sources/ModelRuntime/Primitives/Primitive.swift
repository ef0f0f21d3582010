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
    var description: dnnl_primitive_desc_t?
    try unsafe check(
      dnnl_primitive_desc_create(&description, descriptor, attributes.handle, dnnl.engine, nil),
      "there is no implementation of it for this processor")
    try unsafe self.init(owning: description)
  }

  init(owning description: dnnl_primitive_desc_t?) throws {
    guard let description = unsafe description else {
      throw ModelError.engine("it gave no implementation of a layer")
    }
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

  private func scratchpadLayout() -> Layout? {
    unsafe dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0).map {
      unsafe Layout($0.pointee)
    }
  }

  /// What oneDNN calls the implementation, such as "brg:avx512_core".
  var implementation: String {
    var name: UnsafePointer<CChar>?
    let status = unsafe withUnsafeMutablePointer(to: &name) {
      unsafe dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, $0)
    }
    guard status == dnnl_success, let name = unsafe name else { return "" }
    return unsafe String(cString: name)
  }

  /// It and the memories that it works on.
  func bound(
    to memories: [(Int32, Layout, UnsafeMutableRawPointer)], scratchpad: UnsafeMutableRawPointer,
    _ dnnl: OneDNN
  ) throws -> Execution {
    var memories = unsafe memories
    if scratchpadByteCount > 0, let layout = scratchpadLayout() {
      unsafe memories.append((DNNL_ARG_SCRATCHPAD, layout, scratchpad))
    }
    return unsafe Execution(self, try memories.map { unsafe ($0, try Memory($1, $2, dnnl)) })
  }
}

/// A buffer that somebody else owns, seen by oneDNN.
@safe final class Memory {
  let handle: dnnl_memory_t

  init(_ layout: Layout, _ buffer: UnsafeMutableRawPointer, _ dnnl: OneDNN) throws {
    var memory: dnnl_memory_t?
    try unsafe check(
      dnnl_memory_create(&memory, &layout.value, dnnl.engine, buffer), "it cannot see a buffer")
    guard let memory = unsafe memory else { throw ModelError.engine("it cannot see a buffer") }
    unsafe handle = unsafe memory
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
