internal import CSutureOneDNN
internal import SutureArchitectures

/// What follows an operation while its result is still at hand.
@safe final class Attributes {
  let handle: dnnl_primitive_attr_t

  /// - Parameter accumulates: whether the result is added to what the output holds, before the activation.
  init(_ activation: Activation = .none, accumulates: Bool = false) throws {
    var attributes: dnnl_primitive_attr_t?
    try unsafe check(dnnl_primitive_attr_create(&attributes), "no attributes")
    guard let attributes = unsafe attributes else { throw ModelError.engine("no attributes") }
    unsafe handle = unsafe attributes
    // One buffer serves all layers.
    try unsafe check(
      dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user), "no scratchpad of ours")
    var operations: dnnl_post_ops_t?
    try unsafe check(dnnl_post_ops_create(&operations), "no post-operations")
    defer { unsafe dnnl_post_ops_destroy(operations) }
    if accumulates { try unsafe check(dnnl_post_ops_append_sum(operations, 1), "no sum") }
    switch activation {
    case .none: break
    case .gelu:
      try unsafe check(dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_gelu_erf, 0, 0), "no GELU")
    case .silu:
      try unsafe check(dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_swish, 1, 0), "no SiLU")
    }
    try unsafe check(dnnl_primitive_attr_set_post_ops(attributes, operations), "no post-operations")
  }

  deinit { unsafe dnnl_primitive_attr_destroy(handle) }
}
