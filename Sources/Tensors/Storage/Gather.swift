internal import SutureBytes
internal import SutureNumbers

/// Puts the elements of a view that is not contiguous in row-major order, in memory that does not depend on its size.
///
/// The result comes in bands of some megabytes. What a band is made of may lie anywhere in the storage, so its index
/// space is halved until each part spans few enough bytes, of which enough are wanted, to read them in one piece.
struct Gather {
  private let tensor: Tensor
  private let size: Int
  private let outputStrides: [Int]

  /// How many bytes of the result are held at a time, and how many of the storage.
  private static let window = 1 << 22
  /// What is read in one piece however little of it is wanted: a read costs about as much as so many bytes.
  private static let cheap = 1 << 13

  init(_ tensor: Tensor) throws {
    (self.tensor, size) = (tensor, tensor.dtype.byteCount)
    outputStrides = try Shape.contiguousStrides(tensor.shape)
  }

  /// A part of the index space: where it begins, and how many indices of each axis it has.
  private struct Block {
    var start: [Int]
    var counts: [Int]
  }

  func forEachChunk(_ body: (_ buffer: [UInt8], _ count: Int) throws -> Void) throws {
    if !tensor.storage.givesParts { try tensor.storage.verify() }
    var band = [UInt8](repeating: 0, count: min(tensor.byteCount, Self.window))
    var window = [UInt8](repeating: 0, count: min(tensor.byteExtent.count, Self.window))
    try forEachBand { block in
      try fill(&band, from: block, origin: block.start, window: &window)
      try body(band, block.counts.reduce(1, *) * size)
    }
  }

  /// Cuts the index space into runs of the result that fit the buffer.
  private func forEachBand(_ body: (Block) throws -> Void) throws {
    let shape = tensor.shape
    // The axes from `axis + 1` on are taken whole, those before it one index at a time.
    var axis = 0
    while axis < shape.count - 1, outputStrides[axis] * size > Self.window { axis += 1 }
    let step = max(1, min(shape[axis], Self.window / (outputStrides[axis] * size)))
    var start = [Int](repeating: 0, count: shape.count)
    while true {
      var counts = shape
      for outer in 0..<axis { counts[outer] = 1 }
      counts[axis] = min(step, shape[axis] - start[axis])
      try body(Block(start: start, counts: counts))
      start[axis] += step
      var carry = axis
      while start[carry] >= shape[carry] {
        if carry == 0 { return }
        start[carry] = 0
        carry -= 1
        start[carry] += 1
      }
    }
  }

  private func fill(_ band: inout [UInt8], from block: Block, origin: [Int], window: inout [UInt8]) throws {
    let axes = tensor.shape.indices
    let spans = axes.map { (block.counts[$0] - 1) * tensor.strides[$0] }
    let extent = spans.reduce(1, +) * size
    let wanted = axes.reduce(size) { tensor.strides[$1] == 0 ? $0 : $0 * block.counts[$1] }
    let isDense = extent <= Self.cheap || wanted >= extent / 8
    if extent <= Self.window && isDense { return try copy(block, extent, into: &band, origin, &window) }
    guard let axis = axes.max(by: { spans[$0] < spans[$1] }), spans[axis] > 0 else { return }
    var (first, second) = (block, block)
    first.counts[axis] /= 2
    second.start[axis] += first.counts[axis]
    second.counts[axis] -= first.counts[axis]
    try fill(&band, from: first, origin: origin, window: &window)
    try fill(&band, from: second, origin: origin, window: &window)
  }

  /// Reads the bytes that a block spans, and puts its elements where they belong in the band.
  private func copy(
    _ block: Block, _ extent: Int, into band: inout [UInt8], _ origin: [Int], _ window: inout [UInt8]
  ) throws {
    let axes = tensor.shape.indices
    let first = axes.reduce(tensor.offset) { $0 + block.start[$1] * tensor.strides[$1] } * size
    try tensor.storage.read(first..<(first + extent), into: &window)
    let target = axes.reduce(0) { $0 + (block.start[$1] - origin[$1]) * outputStrides[$1] }
    // The longest axis is the inner loop; the others are an odometer.
    guard let inner = axes.max(by: { block.counts[$0] < block.counts[$1] }) else { return }
    var index = [Int](repeating: 0, count: axes.count)
    var (from, to) = (0, target)
    while true {
      StridedCopy.copy(
        block.counts[inner], size: size, from: window, at: from, step: tensor.strides[inner], to: &band,
        at: to,
        step: outputStrides[inner])
      var axis = axes.count - 1
      while axis >= 0 {
        if axis != inner {
          index[axis] += 1
          from += tensor.strides[axis]
          to += outputStrides[axis]
          if index[axis] < block.counts[axis] { break }
          from -= tensor.strides[axis] * block.counts[axis]
          to -= outputStrides[axis] * block.counts[axis]
          index[axis] = 0
        }
        axis -= 1
      }
      if axis < 0 { return }
    }
  }
}
