internal import CSutureOneDNN
internal import SutureArchitectures

/// oneDNN's engine for this processor, and the stream that its primitives run in.
@safe final class OneDNN: @unchecked Sendable {
  // A network runs under a lock, one primitive after the other.
  let engine: dnnl_engine_t
  let stream: dnnl_stream_t

  /// - Throws: ``ModelError``, where this machine has no oneDNN too.
  init() throws {
    if let missing = unsafe suture_onednn_open() {
      throw ModelError.withoutOneDNN(unsafe String(cString: missing))
    }
    let engine = try unsafe made("no engine for this processor") {
      unsafe dnnl_engine_create(&$0, dnnl_cpu, 0)
    }
    unsafe stream = try unsafe made("no stream for this processor") {
      unsafe dnnl_stream_create(&$0, engine, dnnl_stream_default_flags.rawValue)
    }
    unsafe self.engine = unsafe engine
  }

  deinit {
    unsafe dnnl_stream_destroy(stream)
    unsafe dnnl_engine_destroy(engine)
  }
}

/// What a function of oneDNN gives through a pointer.
func made(
  _ what: String, _ make: (inout OpaquePointer?) -> dnnl_status_t
) throws -> OpaquePointer {
  var handle: OpaquePointer?
  try unsafe check(make(&handle), what)
  guard let handle = unsafe handle else { throw ModelError.engine(what) }
  return unsafe handle
}

func check(_ status: dnnl_status_t, _ what: @autoclosure () -> String) throws {
  if status != dnnl_success { throw ModelError.engine("\(what()) (status \(status.rawValue))") }
}

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

/// What follows an operation while its result is still at hand.
@safe final class Attributes {
  let handle: dnnl_primitive_attr_t

  /// - Parameters:
  ///   - accumulates: whether the result is added to what the output holds, before the activation.
  ///   - scale: what the result is multiplied by first.
  init(_ activation: Activation = .none, accumulates: Bool = false, scale: Float = 1) throws {
    let attributes = try unsafe made("no attributes") { unsafe dnnl_primitive_attr_create(&$0) }
    unsafe handle = unsafe attributes
    // One buffer serves all layers.
    try unsafe check(
      dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user), "no scratchpad of ours")
    if scale != 1 {
      try unsafe check(
        dnnl_primitive_attr_set_output_scales(attributes, 1, 0, [scale]), "no scale of the output")
    }
    let operations = try unsafe made("no post-operations") { unsafe dnnl_post_ops_create(&$0) }
    defer { unsafe dnnl_post_ops_destroy(operations) }
    if accumulates { try unsafe check(dnnl_post_ops_append_sum(operations, 1), "no sum") }
    for step in activation.steps {
      try unsafe check(
        dnnl_post_ops_append_eltwise(operations, step.scale, step.kind, step.alpha, step.beta),
        "no \(activation)")
    }
    try unsafe check(dnnl_primitive_attr_set_post_ops(attributes, operations), "no post-operations")
  }

  deinit { unsafe dnnl_primitive_attr_destroy(handle) }
}

extension Activation {
  /// An operation of oneDNN, times `scale`.
  fileprivate struct Step {
    let kind: dnnl_alg_kind_t
    var alpha: Float = 0
    var beta: Float = 0
    var scale: Float = 1
  }

  /// What oneDNN does to each element, one after the other.
  fileprivate var steps: [Step] {
    switch self {
    case .none: []
    case .gelu: [Step(kind: dnnl_eltwise_gelu_erf)]
    case .geluTanh: [Step(kind: dnnl_eltwise_gelu_tanh)]
    case .quickGELU: [Step(kind: dnnl_eltwise_swish, alpha: 1.702)]
    case .silu: [Step(kind: dnnl_eltwise_swish, alpha: 1)]
    case .relu: [Step(kind: dnnl_eltwise_relu)]
    case .relu6: [Step(kind: dnnl_eltwise_clip, beta: 6)]
    case .leakyReLU(let slope): [Step(kind: dnnl_eltwise_relu, alpha: Float(slope))]
    case .hardswish: [Step(kind: dnnl_eltwise_hardswish)]
    case .mish: [Step(kind: dnnl_eltwise_mish)]
    case .elu(let alpha): [Step(kind: dnnl_eltwise_elu, alpha: Float(alpha))]
    case .celu(let alpha):
      [
        Step(kind: dnnl_eltwise_linear, alpha: Float(1 / alpha)),
        Step(kind: dnnl_eltwise_elu, alpha: 1, scale: Float(alpha)),
      ]
    case .selu:
      [Step(kind: dnnl_eltwise_elu, alpha: Float(Self.seluAlpha), scale: Float(Self.seluScale))]
    case .sigmoid: [Step(kind: dnnl_eltwise_logistic)]
    case .tanh: [Step(kind: dnnl_eltwise_tanh)]
    case .softplus(let beta):
      [
        Step(kind: dnnl_eltwise_linear, alpha: Float(beta)),
        Step(kind: dnnl_eltwise_soft_relu, scale: Float(1 / beta)),
      ]
    case .hardtanh(let min, let max): [Step(kind: dnnl_eltwise_clip, alpha: Float(min), beta: Float(max))]
    case .hardsigmoid:
      [
        Step(kind: dnnl_eltwise_linear, alpha: 1.0 / 6, beta: 0.5),
        Step(kind: dnnl_eltwise_clip, beta: 1),
      ]
    case .logSigmoid: [Step(kind: dnnl_eltwise_logsigmoid)]
    }
  }
}
