internal import CSutureOneDNN
internal import SutureArchitectures

/// A compiled operation with its description.
final class Primitive {
  let description: dnnl_primitive_desc_t
  let handle: dnnl_primitive_t
  /// How many bytes it needs while it runs.
  let scratchpadByteCount: Int

  convenience init(
    _ descriptor: UnsafeRawPointer, _ attributes: Attributes, _ dnnl: OneDNN
  ) throws {
    var description: dnnl_primitive_desc_t?
    try check(
      dnnl_primitive_desc_create(&description, descriptor, attributes.handle, dnnl.engine, nil),
      "there is no implementation of it for this processor")
    try self.init(owning: description)
  }

  init(owning description: dnnl_primitive_desc_t?) throws {
    guard let description else { throw ModelError.engine("it gave no implementation of a layer") }
    var primitive: dnnl_primitive_t?
    let status = dnnl_primitive_create(&primitive, description)
    guard status == dnnl_success, let primitive else {
      dnnl_primitive_desc_destroy(description)
      throw ModelError.engine("a layer cannot be compiled (status \(status.rawValue))")
    }
    (self.description, handle) = (description, primitive)
    let scratchpad = dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0)
    scratchpadByteCount = scratchpad.map { dnnl_memory_desc_get_size($0) } ?? 0
  }

  deinit {
    dnnl_primitive_destroy(handle)
    dnnl_primitive_desc_destroy(description)
  }

  /// How it wants its weights to lie.
  func weightsLayout() throws -> Layout {
    guard let wanted = dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0) else {
      throw ModelError.engine("it does not say how weights are to lie")
    }
    return Layout(wanted.pointee)
  }

  private func scratchpadLayout() -> Layout? {
    dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0).map { Layout($0.pointee) }
  }

  /// What oneDNN calls the implementation, such as "brg:avx512_core".
  var implementation: String {
    var name: UnsafePointer<CChar>?
    let status = withUnsafeMutablePointer(to: &name) {
      dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, $0)
    }
    guard status == dnnl_success, let name else { return "" }
    return String(cString: name)
  }

  /// It and the memories that it works on.
  func bound(
    to memories: [(Int32, Layout, UnsafeMutableRawPointer)], scratchpad: UnsafeMutableRawPointer,
    _ dnnl: OneDNN
  ) throws -> Execution {
    var memories = memories
    if scratchpadByteCount > 0, let layout = scratchpadLayout() {
      memories.append((DNNL_ARG_SCRATCHPAD, layout, scratchpad))
    }
    return Execution(self, try memories.map { ($0, try Memory($1, $2, dnnl)) })
  }
}

/// A buffer that somebody else owns, seen by oneDNN.
final class Memory {
  let handle: dnnl_memory_t

  init(_ layout: Layout, _ buffer: UnsafeMutableRawPointer, _ dnnl: OneDNN) throws {
    var memory: dnnl_memory_t?
    try check(dnnl_memory_create(&memory, &layout.value, dnnl.engine, buffer), "it cannot see a buffer")
    guard let memory else { throw ModelError.engine("it cannot see a buffer") }
    handle = memory
  }

  deinit { dnnl_memory_destroy(handle) }
}

/// A primitive with its arguments, ready to run again and again.
final class Execution {
  private let primitive: Primitive
  private let memories: [Memory]
  private let arguments: [dnnl_exec_arg_t]

  init(_ primitive: Primitive, _ memories: [(argument: Int32, memory: Memory)]) {
    self.primitive = primitive
    self.memories = memories.map(\.memory)
    arguments = memories.map { dnnl_exec_arg_t(arg: $0.argument, memory: $0.memory.handle) }
  }

  func callAsFunction(_ dnnl: OneDNN) throws {
    try check(
      dnnl_primitive_execute(primitive.handle, dnnl.stream, Int32(arguments.count), arguments),
      "a layer cannot be computed")
  }
}
