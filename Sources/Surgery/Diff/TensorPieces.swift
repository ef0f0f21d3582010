internal import SutureTensors

/// A shape cut into pieces that are small, and whose elements follow one another in row-major order.
///
/// So two tensors are read side by side in memory that does not depend on their size, however they lie in their files.
struct TensorPieces: Sequence, IteratorProtocol {
  struct Piece {
    let start: [Int]
    let counts: [Int]
    /// The place of its first element in row-major order.
    let first: Int
  }

  private let shape: [Int]
  /// The axes from `axis + 1` on are taken whole, those before it one index at a time.
  private let axis: Int
  private let step: Int
  private var start: [Int]
  private var first = 0
  private var isDone: Bool

  /// - Parameter limit: about how many elements a piece may have; an axis of 1 is never cut.
  init(_ shape: [Int], limit: Int) {
    self.shape = shape
    start = [Int](repeating: 0, count: shape.count)
    // The shape is that of a tensor, whose element count is known not to overflow.
    isDone = shape.contains(0)
    var inner = isDone ? 0 : shape.dropFirst().reduce(1, *)
    var axis = 0
    while axis < shape.count - 1, inner > limit {
      axis += 1
      inner /= shape[axis]
    }
    self.axis = axis
    step = shape.isEmpty || isDone ? 1 : Swift.max(1, Swift.min(shape[axis], limit / Swift.max(inner, 1)))
  }

  mutating func next() -> Piece? {
    if isDone { return nil }
    if shape.isEmpty {
      isDone = true
      return Piece(start: [], counts: [], first: 0)
    }
    var counts = shape
    for outer in 0..<axis { counts[outer] = 1 }
    counts[axis] = Swift.min(step, shape[axis] - start[axis])
    let piece = Piece(start: start, counts: counts, first: first)
    first += counts.reduce(1, *)
    start[axis] += step
    var carry = axis
    while start[carry] >= shape[carry] {
      if carry == 0 {
        isDone = true
        break
      }
      start[carry] = 0
      carry -= 1
      start[carry] += 1
    }
    return piece
  }
}

extension Tensor {
  /// The elements of a piece of the shape, side by side.
  func bytes(_ piece: TensorPieces.Piece) throws -> [UInt8] {
    // Within the extent that the tensor's own initializer has proven.
    let place = zip(piece.start, strides).reduce(offset) { $0 + $1.0 * $1.1 }
    return try Tensor(
      storage, dtype: dtype, shape: piece.counts, strides: strides, offset: place, lazyBits: lazyBits
    ).contiguousBytes()
  }
}
