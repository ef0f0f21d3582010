internal import SutureBytes
public import SutureText

/// A typed, strided view of a storage.
///
/// Copying one copies no elements.
public struct Tensor: Sendable {
  /// All of it, so that a copy is one reference.
  private let fields: Fields

  private final class Fields: Sendable {
    let storage: Storage
    let dtype: DType
    let shape: [Int]
    /// `nil` where they are those of a row-major tensor, as nearly all are.
    let strides: [Int]?
    let offset: Int
    let elementCount: Int
    let layout: TensorLayout
    let lazyBits: LazyBits
    let sharedShape: [Int]?

    init(
      _ storage: Storage, _ dtype: DType, _ shape: [Int], _ strides: [Int]?, _ offset: Int,
      _ elementCount: Int,
      _ layout: TensorLayout, _ lazyBits: LazyBits, _ sharedShape: [Int]?
    ) {
      (self.storage, self.dtype, self.shape, self.strides) = (storage, dtype, shape, strides)
      (self.offset, self.elementCount, self.layout) = (offset, elementCount, layout)
      (self.lazyBits, self.sharedShape) = (lazyBits, sharedShape)
    }
  }

  public var storage: Storage { fields.storage }
  public var dtype: DType { fields.dtype }
  public var shape: [Int] { fields.shape }
  /// How many elements apart neighbours along each dimension lie.
  public var strides: [Int] { fields.strides ?? Shape.rowMajorStrides(shape) }
  /// The first element's index in the storage.
  public var offset: Int { fields.offset }
  /// How many elements the shape holds.
  public var elementCount: Int { fields.elementCount }
  public var layout: TensorLayout { fields.layout }
  /// What torch would do to the elements before it uses them.
  public var lazyBits: LazyBits { fields.lazyBits }
  /// The sizes counted in numbers, where several share an element and these do not end where rows do.
  private var sharedShape: [Int]? { fields.sharedShape }

  /// A view that lies wholly within `storage`.
  ///
  /// - Throws: ``TensorError`` where it does not, or where a number is negative or overflows.
  public init(
    _ storage: Storage, dtype: DType, shape: [Int], strides: [Int], offset: Int,
    layout: TensorLayout = .strided, lazyBits: LazyBits = [], packedShape: [Int]? = nil
  ) throws(TensorError) {
    try self.init(
      storage, dtype, shape, Shape.areRowMajor(strides, of: shape) ? nil : strides, offset, layout, lazyBits,
      packedShape)
  }

  /// - Parameter strides: `nil` where they are those of a row-major tensor.
  private init(
    _ storage: Storage, _ dtype: DType, _ shape: [Int], _ strides: [Int]?, _ offset: Int,
    _ layout: TensorLayout, _ lazyBits: LazyBits, _ packedShape: [Int]?
  ) throws(TensorError) {
    guard lazyBits.suits(dtype) else { throw .noSuchBits(dtype) }
    if let strides, strides.count != shape.count {
      throw .rankMismatch(shape: shape, strides: strides)
    }
    guard shape.count <= Self.maximumRank else { throw .tooManyDimensions(shape.count) }
    guard shape.allSatisfy({ $0 >= 0 }) else { throw .negative("size", shape) }
    if let strides, !strides.allSatisfy({ $0 >= 0 }) { throw .negative("stride", strides) }
    guard offset >= 0 else { throw .negative("storage offset", [offset]) }
    let elementCount: Int
    do {
      elementCount = try Shape.elementCount(shape)
      _ = try elementCount.multiplied(checked: dtype.byteCount)
      let extent = try strides.map { try Shape.extent(shape, strides: $0) } ?? elementCount
      if extent > 0 {
        let needed = try offset.adding(checked: extent).multiplied(checked: dtype.byteCount)
        if needed > storage.byteCount {
          throw TensorError.outOfBounds(needed: needed, available: storage.byteCount, storage: storage.label)
        }
      }
    } catch let error as TensorError {
      throw error
    } catch {
      throw .overflow(shape: shape, strides: strides ?? [])
    }
    fields = Fields(
      storage, dtype, shape, strides, offset, elementCount, layout, lazyBits, packedShape)
  }

  /// A tensor that no elements of its own are stored of: a sparse one, or one of the meta device.
  ///
  /// - Throws: ``TensorError`` where a size is negative or the sizes overflow.
  public init(dtype: DType, shape: [Int], layout: TensorLayout) throws(TensorError) {
    guard shape.count <= Self.maximumRank else { throw .tooManyDimensions(shape.count) }
    guard shape.allSatisfy({ $0 >= 0 }) else { throw .negative("size", shape) }
    let elementCount: Int
    do {
      elementCount = try Shape.elementCount(shape)
      _ = try elementCount.multiplied(checked: dtype.byteCount)
      _ = try Shape.contiguousStrides(shape)
    } catch { throw .overflow(shape: shape, strides: []) }
    fields = Fields(Storage([], label: ""), dtype, shape, nil, 0, elementCount, layout, [], nil)
  }

  /// Whether the elements can be read one by one from the storage.
  public var hasElements: Bool {
    switch layout {
    case .strided, .quantized: true
    case .sparse, .meta: false
    }
  }

  /// A row-major view of a whole storage.
  public init(_ storage: Storage, dtype: DType, shape: [Int], packedShape: [Int]? = nil) throws(TensorError) {
    // Of an empty tensor the strides may overflow where the sizes do not.
    if shape.contains(0) {
      do { _ = try Shape.contiguousStrides(shape) } catch { throw .overflow(shape: shape, strides: []) }
    }
    try self.init(storage, dtype, shape, nil, 0, .strided, [], packedShape)
  }

  /// A row-major float32 tensor in memory.
  public init(floats: [Float], shape: [Int]) throws(TensorError) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(floats.count * 4)
    for value in floats { bytes.append(littleEndian: value.bitPattern) }
    try self.init(Storage(bytes), dtype: .float32, shape: shape)
  }

  /// The sizes counted in numbers of less than a byte; `nil` where an element is one number.
  public var packedShape: [Int]? {
    guard let packing = dtype.packing else { return nil }
    return sharedShape
      ?? (shape.isEmpty ? nil : shape.dropLast() + [shape[shape.count - 1] &* packing.numbers])
  }

  /// torch's own limit is 64 in its kernels; no file needs more.
  public static let maximumRank = 64

  /// How many bytes the elements take once they lie side by side.
  public var byteCount: Int { elementCount * dtype.byteCount }

  /// Whether the elements lie one after another in row-major order.
  public var isContiguous: Bool { fields.strides.map { Shape.isContiguous(shape, strides: $0) } ?? true }

  /// The bytes of the storage between the first and the last element of the view; empty where it has none.
  public var byteExtent: Range<Int> {
    // The initializer has proven that this does not overflow.
    let extent = fields.strides.map { (try? Shape.extent(shape, strides: $0)) ?? 0 } ?? elementCount
    if extent == 0 || !hasElements { return 0..<0 }
    return (offset * dtype.byteCount)..<((offset + extent) * dtype.byteCount)
  }

  /// The bytes that the view spans, counted from the start of the storage that its own is perhaps a slice of.
  public var extentInWhole: Range<Int> {
    let extent = byteExtent
    return (extent.lowerBound + storage.placeInWhole)..<(extent.upperBound + storage.placeInWhole)
  }

  /// The views that hold what it is made of: none of a meta tensor, one for each part of a sparse one, and those of
  /// the scales and zero points beside a tensor that is quantized by channel.
  public var views: [Tensor] {
    switch layout {
    case .strided, .quantized(.perTensor): [self]
    case .quantized(.perChannel(let scales, let zeroPoints, _, _)): [self, scales, zeroPoints]
    case .sparse(let sparse): sparse.parts.map(\.tensor)
    case .meta: []
    }
  }

  /// The storages of all ``views``.
  public var storages: [Storage] { views.map(\.storage) }

  /// Whether the elements are exactly the bytes of the storage, from the first to the last, in order.
  public var coversStorage: Bool {
    isContiguous && byteExtent == 0..<storage.byteCount && lazyBits.isEmpty && hasElements
  }

  /// The same elements, each stored one only once: axes along which it repeats have size 1.
  public func withoutRepeats() throws(TensorError) -> Tensor {
    guard hasElements, strides.contains(0) else { return self }
    let sizes = zip(shape, strides).map { $1 == 0 ? min($0, 1) : $0 }
    return try Tensor(
      storage, dtype: dtype, shape: sizes, strides: strides, offset: offset, lazyBits: lazyBits)
  }

  /// How many bytes the file holds for it when it is sparse: those of its parts.
  public var storedByteCount: Int {
    switch layout {
    case .strided, .quantized: byteCount
    case .sparse(let sparse): sparse.parts.reduce(0) { $0 &+ $1.tensor.byteCount }
    case .meta: 0
    }
  }
}

/// Why numbers from a file do not describe a tensor.
public enum TensorError: SutureError, Equatable {
  case rankMismatch(shape: [Int], strides: [Int])
  case tooManyDimensions(Int)
  case negative(String, [Int])
  case overflow(shape: [Int], strides: [Int])
  case outOfBounds(needed: Int, available: Int, storage: String)
  case notConvertible(DType, to: DType)
  case expandsTooFar(byteCount: Int, stored: Int)
  case noElements(String)
  case noSuchBits(DType)
  case notDense(String)
  /// Even its edges are more than anyone reads.
  case tooManyToShow(Int)

  public var kind: FailureKind { .unreadable }

  public var finding: FindingKind? {
    switch self {
    case .rankMismatch, .negative, .overflow, .outOfBounds: .bounds
    case .tooManyDimensions, .expandsTooFar, .tooManyToShow: .limit
    case .notConvertible, .noElements, .noSuchBits, .notDense: nil
    }
  }

  public var reason: String {
    switch self {
    case .rankMismatch(let shape, let strides):
      "it has \(shape.count) sizes but \(strides.count) strides"
    case .tooManyDimensions(let count): "it has \(count) dimensions; \(Tensor.maximumRank) are supported"
    case .negative(let what, let values): "its \(what) is negative: \(values)"
    case .overflow(let shape, let strides): "sizes \(shape) with strides \(strides) overflow 64 bits"
    case .outOfBounds(let needed, let available, let storage):
      "it needs \(needed) bytes of storage \(storage), which has \(available)"
    case .expandsTooFar(let byteCount, let stored):
      "it repeats \(stored) stored bytes until they are \(byteCount): written in full it would be a bomb"
    case .noElements(let kind): "it is a \(kind) tensor, which has no elements to read one by one"
    case .noSuchBits(let dtype): "it has a negative or conjugate bit, which \(dtype) tensors cannot have"
    case .tooManyToShow(let count):
      "even its edges are \(count) elements, and no more than a million are shown"
    case .notDense(let reason): "its zeros cannot be written out: \(reason)"
    case .notConvertible(let from, let to): "\(from) elements cannot be read as \(to)"
    }
  }
}

extension Sequence<Tensor> {
  /// The views of all tensors, in their order.
  package var views: [Tensor] {
    var views: [Tensor] = []
    views.reserveCapacity(underestimatedCount)
    for tensor in self {
      // Nearly all tensors are one, which needs no list of its own.
      if case .strided = tensor.layout { views.append(tensor) } else { views += tensor.views }
    }
    return views
  }
}
