internal import SutureBytes
internal import SutureNumbers

/// What a cast did; what was too large is counted by the storages, and ``StateDict/overflows`` tells it.
public struct DTypeCast: Sendable {
  public let stateDict: StateDict
  /// The names of the tensors that have another dtype now.
  public let names: [String]
}

extension StateDict {
  /// The state dict with its real floating-point tensors in another dtype, as `Tensor.to(dtype)` gives them.
  ///
  /// Nothing is computed until the elements are read. Names that share a storage still do, where all of them are cast.
  ///
  /// - Parameter isKept: whether the tensor of that name stays as it is.
  public func cast(to dtype: DType, keeping isKept: (String) -> Bool) throws -> DTypeCast {
    try cast { isKept(entries[$0].name) ? nil : dtype }
  }

  /// The state dict with each real floating-point tensor in the dtype that `target` has for its place.
  ///
  /// - Parameter target: gives a floating dtype, or `nil` where the tensor at that index stays as it is.
  public func cast(to target: (Int) -> DType?) throws -> DTypeCast {
    let targets = try entries.enumerated().map { index, entry -> Change? in
      guard let dtype = target(index) else { return nil }
      guard let format = dtype.floatFormat else { throw TensorError.notConvertible(dtype, to: dtype) }
      guard let source = entry.tensor.dtype.floatFormat, entry.tensor.isCastable, entry.tensor.dtype != dtype
      else { return nil }
      return Change(
        dtypes: [entry.tensor.dtype, dtype], conversion: FloatCast(from: source, to: format), to: dtype)
    }
    var sources: [[DType]: [Tensor]] = [:]
    for (entry, change) in zip(entries, targets) {
      if let change { sources[change.dtypes, default: []].append(entry.tensor) }
    }
    if sources.isEmpty { return DTypeCast(stateDict: self, names: []) }
    // What is viewed as one dtype is packed by itself, so that each element of a storage is a number of that dtype.
    let packings = sources.mapValues { StoragePacking($0.flatMap(\.castViews)) }
    var storages: [ConvertedID: Storage] = [:]
    var names: [String] = []
    let result = try mapTensors { place in
      let entry = entries[place]
      guard let change = targets[place], let packing = packings[change.dtypes] else { return entry.tensor }
      names.append(entry.name)
      let (dtype, conversion) = (change.to, change.conversion)
      return try entry.tensor.mapCastViews(to: dtype) { view in
        let packed = try packing(view)
        let id = ConvertedID(storage: ObjectIdentifier(packed.storage), dtypes: change.dtypes)
        let storage =
          storages[id]
          ?? Storage(
            ConvertedContents(
              packed.storage, from: view.dtype.byteCount, to: dtype.byteCount,
              counting: LossCount(dtype, isComputed: false)
            ) {
              conversion.convert($0, count: $1, into: &$2)
            }, label: packed.storage.label)
        storages[id] = storage
        return try Tensor(
          storage, dtype: dtype, shape: packed.shape, strides: packed.strides,
          offset: packed.offset, lazyBits: packed.lazyBits)
      }
    }
    return DTypeCast(stateDict: result, names: names)
  }

  /// A storage, read as numbers of one dtype and made those of another.
  private struct ConvertedID: Hashable {
    let storage: ObjectIdentifier
    let dtypes: [DType]
  }

  /// What becomes of a tensor.
  private struct Change {
    /// From which, and to which.
    let dtypes: [DType]
    let conversion: FloatCast
    let to: DType
  }
}

extension Tensor {
  /// Whether it holds real floating-point numbers, or none at all of them.
  fileprivate var isCastable: Bool {
    guard dtype.floatFormat != nil else { return false }
    if case .quantized = layout { return false }
    return true
  }

  /// The views whose elements are numbers of the tensor's own dtype: of a sparse tensor, its values.
  fileprivate var castViews: [Tensor] {
    switch layout {
    case .strided: [self]
    case .sparse(let sparse): sparse.parts.suffix(1).map(\.tensor)
    case .quantized, .meta: []
    }
  }

  fileprivate func mapCastViews(to dtype: DType, _ change: (Tensor) throws -> Tensor) throws -> Tensor {
    switch layout {
    case .strided: return try change(self)
    case .sparse: return try mapViews { view in view.dtype == self.dtype ? try change(view) : view }
    case .meta: return try Tensor(dtype: dtype, shape: shape, layout: .meta)
    case .quantized: return self
    }
  }
}
