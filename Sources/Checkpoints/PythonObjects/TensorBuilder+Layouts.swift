internal import SuturePickle
internal import SutureTensors

/// The rebuild functions of tensors that are more, or less, than a view of a storage.
///
///     _rebuild_qtensor(storage, offset, size, stride, (torch.per_tensor_affine, scale, zero point), …)
///     _rebuild_qtensor(storage, offset, size, stride, (torch.per_channel_affine, scales, zero points, axis), …)
///     _rebuild_sparse_tensor(layout, (indices, values, size[, is_coalesced]))                    COO
///     _rebuild_sparse_tensor(layout, (compressed indices, plain indices, values, size))          CSR, CSC, BSR, BSC
///     _rebuild_meta_tensor_no_storage(dtype, size, stride, requires_grad)
extension TensorBuilder {
  static let layouts: Set<String> = [
    "torch._utils._rebuild_qtensor", "torch._utils._rebuild_sparse_tensor",
    "torch._utils._rebuild_sparse_csr_tensor", "torch._utils._rebuild_meta_tensor_no_storage",
  ]

  func layoutCall(_ name: String, _ arguments: [PickleID], at id: PickleID) throws -> Tensor {
    switch name {
    case "torch._utils._rebuild_qtensor": try quantized(arguments, at: id)
    case "torch._utils._rebuild_meta_tensor_no_storage": try meta(arguments, at: id)
    default: try sparse(arguments, at: id)
    }
  }

  private func quantized(_ arguments: [PickleID], at id: PickleID) throws -> Tensor {
    guard arguments.count >= 5, let parameters = graph.items(arguments[4]), let scheme = parameters.first,
      let name = graph.globalName(scheme)
    else { throw malformed("a quantized tensor lacks its quantizer", at: id) }
    let quantization: Quantization
    switch (name, parameters.count) {
    case ("torch.per_tensor_affine", 3...):
      guard let scale = graph.double(parameters[1]), let zeroPoint = graph.int(parameters[2]) else {
        throw malformed("a quantized tensor's scale and zero point are not numbers", at: id)
      }
      quantization = .perTensor(scale: scale, zeroPoint: zeroPoint)
    case ("torch.per_channel_affine", 4...), ("torch.per_channel_affine_float_qparams", 4...):
      guard let axis = graph.int(parameters[3]) else {
        throw malformed("a quantized tensor's axis is not a number", at: id)
      }
      quantization = .perChannel(
        scales: try part(parameters[1], at: id), zeroPoints: try part(parameters[2], at: id), axis: axis,
        isFloat: name.hasSuffix("_float_qparams"))
    default: throw unsupported("the quantizer \(name.prefix(60)) with \(parameters.count) values", at: id)
    }
    let tensor = try view(arguments, dtype: nil, layout: .quantized(quantization), at: id)
    guard tensor.dtype.isQuantized else {
      throw malformed("a quantized tensor has elements of \(tensor.dtype)", at: id)
    }
    if case .perChannel(let scales, let zeroPoints, let axis, _) = quantization {
      guard tensor.shape.indices.contains(axis), scales.shape == [tensor.shape[axis]],
        zeroPoints.shape == scales.shape
      else { throw malformed("a quantized tensor's scales do not fit its shape \(tensor.shape)", at: id) }
    }
    return tensor
  }

  private func meta(_ arguments: [PickleID], at id: PickleID) throws -> Tensor {
    guard arguments.count >= 3 else { throw malformed("a meta tensor lacks dtype or size", at: id) }
    let dtype = try dtype(arguments[0], at: id)
    let shape = try ints(arguments[1], "size", at: id)
    return try checked(at: id) { try Tensor(dtype: dtype, shape: shape, layout: .meta) }
  }

  private func sparse(_ arguments: [PickleID], at id: PickleID) throws -> Tensor {
    guard arguments.count == 2, case .object(let layout) = graph[arguments[0]],
      let word = layout.arguments.first.flatMap({ graph.string($0) }),
      graph.globalName(layout.callable) == "torch.serialization._get_layout",
      let format = SparseParts.Format(rawValue: String(word.dropFirst("torch.".count))),
      let values = graph.items(arguments[1]), values.count > format.partNames.count
    else { throw malformed("a sparse tensor's layout and parts are not those that torch writes", at: id) }
    let count = format.partNames.count
    let parts = try values.prefix(count).map { try part($0, at: id) }
    guard parts.dropLast().allSatisfy({ $0.dtype == .int64 || $0.dtype == .int32 }), let last = parts.last
    else {
      throw malformed("a sparse tensor's indices are not integers", at: id)
    }
    let shape = try ints(values[count], "size", at: id)
    let isCoalesced = values.count > count + 1 ? graph.int(values[count + 1]).map { $0 != 0 } : nil
    return try checked(at: id) {
      try Tensor(
        dtype: last.dtype, shape: shape, layout: .sparse(SparseParts(format, parts, isCoalesced: isCoalesced))
      )
    }
  }

  /// A tensor that another consists of; it must be an ordinary one, so that nothing nests.
  private func part(_ id: PickleID, at whole: PickleID) throws -> Tensor {
    guard case .object(let object) = graph[id], let name = graph.globalName(object.callable),
      !Self.layouts.contains(name), isTensor(id), case let tensor = try tensor(id),
      case .strided = tensor.layout
    else { throw malformed("a part of a tensor is not an ordinary tensor", at: whole) }
    return tensor
  }
}

extension PickleGraph {
  /// A number as a double; integers count.
  func double(_ id: PickleID) -> Double? {
    if case .float(let value) = self[id] { return value }
    return int(id).map { Double($0) }
  }
}
