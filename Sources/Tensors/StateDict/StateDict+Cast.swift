internal import SutureBytes
internal import SutureNumbers

/// What a cast did.
public struct DTypeCast: Sendable {
  public let stateDict: StateDict
  /// The names of the tensors that have another dtype now.
  public let names: [String]
  private let conversions: [(names: [String], contents: ConvertedContents)]

  fileprivate init(
    stateDict: StateDict, names: [String], conversions: [(names: [String], contents: ConvertedContents)]
  ) {
    (self.stateDict, self.names, self.conversions) = (stateDict, names, conversions)
  }

  /// How many finite numbers became infinite, NaN or the largest there is, since the new dtype has nothing beyond, and
  /// in which tensors; known once they have been read.
  ///
  /// Elements that lie between those of a view count too.
  public var overflows: [(names: [String], count: Int)] {
    conversions.compactMap { $0.contents.lossCount > 0 ? ($0.names, $0.contents.lossCount) : nil }
  }
}

extension StateDict {
  /// The state dict with its real floating-point tensors in another dtype, as `Tensor.to(dtype)` gives them.
  ///
  /// Nothing is computed until the elements are read. Names that share a storage still do, where all of them are cast.
  ///
  /// - Parameter isKept: whether the tensor of that name stays as it is.
  public func cast(to dtype: DType, keeping isKept: (String) -> Bool) throws -> DTypeCast {
    guard let target = dtype.floatFormat else { throw TensorError.notConvertible(dtype, to: dtype) }
    var sources: [DType: [Tensor]] = [:]
    func isCast(_ entry: Entry) -> Bool {
      entry.tensor.isCastable && entry.tensor.dtype != dtype && !isKept(entry.name)
    }
    for entry in entries where isCast(entry) { sources[entry.tensor.dtype, default: []].append(entry.tensor) }

    // What is viewed as one dtype is packed by itself, so that each element of a storage is a number of that dtype.
    let packings = sources.mapValues { StoragePacking($0.flatMap(\.castViews)) }
    var storages: [ObjectIdentifier: (storage: Storage, contents: ConvertedContents, names: [String])] = [:]
    var order: [ObjectIdentifier] = []
    var result = StateDict()
    result.metadata = metadata
    var names: [String] = []
    for entry in entries {
      guard isCast(entry), let source = entry.tensor.dtype.floatFormat,
        let packing = packings[entry.tensor.dtype]
      else {
        try result.append(entry.name, entry.tensor)
        continue
      }
      let conversion = FloatCast(from: source, to: target)
      names.append(entry.name)
      let tensor = try entry.tensor.mapCastViews(to: dtype) { view in
        let packed = try packing(view)
        let id = ObjectIdentifier(packed.storage)
        if storages[id] == nil {
          let contents = ConvertedContents(packed.storage, from: view.dtype.byteCount, to: dtype.byteCount) {
            conversion.convert($0, count: $1, into: &$2)
          }
          storages[id] = (Storage(contents, label: packed.storage.label), contents, [])
          order.append(id)
        }
        storages[id]?.names.append(entry.name)
        return try Tensor(
          storages[id]?.storage ?? packed.storage, dtype: dtype, shape: packed.shape, strides: packed.strides,
          offset: packed.offset, lazyBits: packed.lazyBits)
      }
      try result.append(entry.name, tensor)
    }
    return DTypeCast(
      stateDict: result, names: names,
      conversions: order.compactMap { storages[$0] }.map { ($0.names, $0.contents) })
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
