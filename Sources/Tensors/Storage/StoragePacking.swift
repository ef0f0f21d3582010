/// Leaves out of every storage the bytes that no tensor views, so that a view of a few elements does not drag a large
/// storage along.
///
/// What shared a storage still does: views that overlap, a matrix and its transpose, slices side by side. Only the gaps
/// go, and offsets move.
package struct StoragePacking {
  private var places: StoragePlaces
  private var packed: [Packed] = []

  private struct Packed {
    let storage: Storage
    /// The stretches of the whole storage that are kept, ascending, and where each begins in the packed one.
    let kept: [(range: Range<Int>, start: Int)]

    /// The last stretch that begins at `place` or before.
    func stretch(at place: Int) -> (range: Range<Int>, start: Int)? {
      var (low, high) = (0, kept.count)
      while low < high {
        let middle = (low + high) / 2
        if kept[middle].range.lowerBound <= place { low = middle + 1 } else { high = middle }
      }
      return low == 0 ? nil : kept[low - 1]
    }
  }

  /// - Parameter keepsUnused: whether storages stay as they are; parts of one become views of it all the same.
  public init(_ tensors: some Sequence<Tensor>, keepsUnused: Bool = false) {
    var uses: [Use] = []
    let views = tensors.views
    places = StoragePlaces(capacity: views.count)
    for view in views {
      let whole = view.storage.whole
      let place = places.note(whole, at: uses.count) ?? uses.count
      if place == uses.count { uses.append(Use(whole: whole)) }
      // In place: a storage may have as many views as a file has tensors, and a copy each would be a square of them.
      uses[place].add(view.extentInWhole, width: view.dtype.byteCount)
    }
    packed.reserveCapacity(uses.count)
    for use in uses {
      let ranges = keepsUnused ? [0..<use.whole.byteCount] : use.stretches
      var start = 0
      let kept = ranges.map { range in
        defer { start += range.count }
        return (range: range, start: start)
      }
      packed.append(Packed(storage: use.whole.joining(ranges), kept: kept))
    }
  }

  /// How many bytes all packed storages have together.
  public var byteCount: Int { packed.reduce(0) { $0 &+ $1.storage.byteCount } }

  /// The same tensor on its packed storage.
  ///
  /// - Precondition: `tensor` is one of those that this was made of.
  public func callAsFunction(_ tensor: Tensor) throws -> Tensor { try tensor.mapViews(view) }

  private func view(_ view: Tensor) throws(TensorError) -> Tensor {
    guard let place = places.place(of: view.storage.whole) else { return view }
    let packed = packed[place]
    let extent = view.extentInWhole
    var offset = 0
    if !extent.isEmpty, let kept = packed.stretch(at: extent.lowerBound) {
      offset = (kept.start + extent.lowerBound - kept.range.lowerBound) / view.dtype.byteCount
    }
    if packed.storage === view.storage, offset == view.offset || extent.isEmpty { return view }
    return try Tensor(
      packed.storage, dtype: view.dtype, shape: view.shape, strides: view.strides, offset: offset,
      layout: view.layout, lazyBits: view.lazyBits)
  }

  /// What of a storage is viewed, and how wide its widest elements are.
  private struct Use {
    let whole: Storage
    /// Most storages have one view.
    private var first: Range<Int>?
    private var others: [Range<Int>] = []
    private var width = 1

    init(whole: Storage) { self.whole = whole }

    mutating func add(_ extent: Range<Int>, width: Int) {
      self.width = max(self.width, width)
      if extent.isEmpty { return }
      if first == nil { first = extent } else { others.append(extent) }
    }

    /// The union of the extents.
    ///
    /// Each stretch moves by a multiple of the widest element, so that offsets stay whole numbers of elements.
    var stretches: [Range<Int>] {
      guard let first else { return [] }
      var result: [Range<Int>] = []
      var length = 0
      for extent in ([first] + others).sorted(by: { $0.lowerBound < $1.lowerBound }) {
        let padding = ((extent.lowerBound - length) % width + width) % width
        let start = extent.lowerBound - padding
        if let last = result.last, start <= last.upperBound {
          length += max(0, extent.upperBound - last.upperBound)
          result[result.count - 1] = last.lowerBound..<max(last.upperBound, extent.upperBound)
        } else {
          result.append(start..<extent.upperBound)
          length += extent.upperBound - start
        }
      }
      return result
    }
  }
}

extension Tensor {
  /// The tensor with each of the views that hold its elements replaced; see ``views``.
  func mapViews<E: Error>(_ change: (Tensor) throws(E) -> Tensor) throws -> Tensor {
    switch layout {
    case .meta: return self
    case .strided, .quantized(.perTensor): return try change(self)
    case .quantized(.perChannel(let scales, let zeroPoints, let axis, let isFloat)):
      let view = try change(self)
      let quantization = Quantization.perChannel(
        scales: try change(scales), zeroPoints: try change(zeroPoints), axis: axis, isFloat: isFloat)
      return try Tensor(
        view.storage, dtype: dtype, shape: shape, strides: strides, offset: view.offset,
        layout: .quantized(quantization), lazyBits: lazyBits)
    case .sparse(let sparse):
      let parts = try sparse.parts.map { try change($0.tensor) }
      return try Tensor(
        dtype: parts.last?.dtype ?? dtype, shape: shape,
        layout: .sparse(SparseParts(sparse.format, parts, isCoalesced: sparse.isCoalesced)))
    }
  }
}
