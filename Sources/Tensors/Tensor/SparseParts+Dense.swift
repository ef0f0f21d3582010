internal import SutureNumbers

extension Tensor {
  /// How large a sparse tensor may become when its zeros are written out.
  public static let maximumDenseByteCount = 1 << 32

  /// A sparse tensor with its zeros written out, as `Tensor.to_dense()` gives it; any other as it is.
  ///
  /// Holds the whole result in memory. Compressed layouts are understood in two dimensions.
  ///
  /// - Throws: ``TensorError`` where an index lies outside of the shape or comes twice: their sum is not a matter of
  ///   bytes.
  public func dense() throws -> Tensor {
    guard case .sparse(let sparse) = layout else { return self }
    guard byteCount <= Self.maximumDenseByteCount else {
      throw TensorError.notDense("in full it would take \(byteCount) bytes")
    }
    let values = sparse.parts[sparse.parts.count - 1].tensor
    guard values.byteCount <= Self.maximumDenseByteCount else {
      throw TensorError.notDense("its values would take \(values.byteCount) bytes")
    }
    var canvas = Canvas(shape: shape, elementSize: dtype.byteCount, values: try values.contiguousBytes())
    switch sparse.format {
    case .coo: try canvas.fill(coordinates: sparse.parts[0].tensor, values: values.shape)
    case .csr, .csc, .bsr, .bsc:
      try canvas.fill(
        compressed: sparse.parts[0].tensor, plain: sparse.parts[1].tensor, values: values.shape,
        byColumn: sparse.format == .csc || sparse.format == .bsc)
    }
    return try Tensor(Storage(canvas.bytes, label: ""), dtype: dtype, shape: shape)
  }

  /// The elements of an index tensor.
  fileprivate func integers() throws -> [Int] {
    guard let integers = dtype.codec?.integers(try contiguousBytes()) else {
      throw TensorError.notConvertible(dtype, to: .int64)
    }
    return integers
  }
}

/// The zeros onto which the stored values are put.
private struct Canvas {
  var bytes: [UInt8]
  private let shape: [Int]
  private let elementSize: Int
  private let values: [UInt8]
  private var taken: [Bool]

  init(shape: [Int], elementSize: Int, values: [UInt8]) {
    (self.shape, self.elementSize, self.values) = (shape, elementSize, values)
    let count = shape.reduce(1, *)
    bytes = [UInt8](repeating: 0, count: count * elementSize)
    taken = [Bool](repeating: false, count: count)
  }

  /// `indices` has a row for each of the leading axes; the axes after them are stored in full.
  mutating func fill(coordinates indices: Tensor, values valueShape: [Int]) throws {
    guard indices.shape.count == 2, indices.shape[0] <= shape.count,
      valueShape == [indices.shape[1]] + shape.dropFirst(indices.shape[0])
    else { throw TensorError.notDense("its parts do not fit its shape \(shape)") }
    let (axes, count) = (indices.shape[0], indices.shape[1])
    let block = shape.dropFirst(axes).reduce(1, *)
    let index = try indices.integers()
    for entry in 0..<count {
      var place = 0
      for axis in 0..<axes {
        place = place * shape[axis] + (try inside(index[axis * count + entry], shape[axis]))
      }
      try put(entry * block, count: block, at: place * block)
    }
  }

  mutating func fill(compressed: Tensor, plain: Tensor, values valueShape: [Int], byColumn: Bool) throws {
    let block = valueShape.count == 3 ? [valueShape[1], valueShape[2]] : [1, 1]
    guard shape.count == 2, plain.shape.count == 1, valueShape.count == 1 || valueShape.count == 3,
      valueShape[0] == plain.shape[0], block.allSatisfy({ $0 > 0 }), shape[0] % block[0] == 0,
      shape[1] % block[1] == 0
    else { throw TensorError.notDense("it has batches, or its parts do not fit its shape \(shape)") }
    let grid = [shape[0] / block[0], shape[1] / block[1]]
    let (starts, others) = (try compressed.integers(), try plain.integers())
    guard starts.count == (byColumn ? grid[1] : grid[0]) + 1, starts[0] == 0,
      starts[starts.count - 1] == others.count
    else { throw TensorError.notDense("its compressed indices do not cover its values") }
    for line in 0..<(starts.count - 1) {
      guard starts[line] <= starts[line + 1], starts[line + 1] <= others.count else {
        throw TensorError.notDense("its compressed indices do not ascend")
      }
      for entry in starts[line]..<starts[line + 1] {
        let other = try inside(others[entry], byColumn ? grid[0] : grid[1])
        let (row, column) = byColumn ? (other, line) : (line, other)
        for inner in 0..<block[0] {
          try put(
            (entry * block[0] + inner) * block[1], count: block[1],
            at: (row * block[0] + inner) * shape[1] + column * block[1])
        }
      }
    }
  }

  private func inside(_ index: Int, _ size: Int) throws -> Int {
    guard (0..<size).contains(index) else {
      throw TensorError.notDense("its index \(index) lies outside of \(size)")
    }
    return index
  }

  /// Copies `count` values from the index `start` to the elements from `place` on.
  private mutating func put(_ start: Int, count: Int, at place: Int) throws {
    for element in 0..<count {
      guard !taken[place + element] else {
        throw TensorError.notDense("it has several values for one index: coalesce() it in PyTorch")
      }
      taken[place + element] = true
    }
    let source = (start * elementSize)..<((start + count) * elementSize)
    bytes.replaceSubrange((place * elementSize)..<((place + count) * elementSize), with: values[source])
  }
}
