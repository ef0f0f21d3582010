internal import SutureBytes
internal import SutureNumbers

/// Puts the elements of a view that is not contiguous in row-major order, in memory that does not depend on its size.
///
/// The result comes in bands of some megabytes. What a band is made of may lie anywhere in the storage: it is read in pieces, of
/// which enough is wanted, into a window that stays in the nearer caches, and from there each element goes to its place.
struct Gather {
  private let tensor: Tensor
  private let size: Int
  private let outputStrides: [Int]
  /// The axes along which the storage is walked, those on which neighbours lie nearest first.
  private let order: [Int]
  /// How many bytes of the result are held at a time.
  private let bandSize: Int

  /// How many bytes of the storage are held at a time.
  private static let window = 1 << 20
  /// What is read in one piece however little of it is wanted.
  private static let cheap = 1 << 13
  /// How many bytes a cache fetches at least.
  private static let line = 1 << 6
  /// Asking for a piece costs as much as reading so many bytes.
  private static let asking = 1 << 11
  /// The more of the result is held, the longer are the pieces that its elements lie in.
  private static let bands = [1 << 22, 1 << 24, 1 << 26]

  init(_ tensor: Tensor) throws {
    (self.tensor, size) = (tensor, tensor.dtype.byteCount)
    outputStrides = try Shape.contiguousStrides(tensor.shape)
    order = tensor.shape.indices.filter { tensor.shape[$0] > 1 && tensor.strides[$0] > 0 }
      .sorted { tensor.strides[$0] < tensor.strides[$1] }
    bandSize = Self.bandSize(tensor, outputStrides, order)
  }

  /// The least size with which little more is read than with a larger one.
  private static func bandSize(_ tensor: Tensor, _ outputStrides: [Int], _ order: [Int]) -> Int {
    let size = tensor.dtype.byteCount
    let costs = bands.map { band -> (band: Int, cost: Double) in
      let counts = Cut(tensor.shape, outputStrides, size: size, band: band).counts
      let piece = Piece(counts, tensor, order)
      return (band, Double(piece.byteCount + asking) / Double(piece.wanted * size))
    }
    let least = costs.map(\.cost).min() ?? 0
    return costs.first { $0.cost <= 1.5 * least }?.band ?? bands[0]
  }

  /// How the index space is cut into runs of the result that fit a band: axes behind `axis` are taken whole, those before it
  /// one index at a time.
  private struct Cut {
    var axis = 0
    let step: Int
    /// How many indices of each axis the first run has.
    let counts: [Int]

    init(_ shape: [Int], _ outputStrides: [Int], size: Int, band: Int) {
      while axis < shape.count - 1, outputStrides[axis] * size > band { axis += 1 }
      step = max(1, min(shape[axis], band / (outputStrides[axis] * size)))
      var counts = shape
      for outer in 0..<axis { counts[outer] = 1 }
      counts[axis] = step
      self.counts = counts
    }
  }

  /// What is read in one go of a block: the inner of its axes whole.
  private struct Piece {
    /// How many of the axes in `order`.
    var inner = 0
    /// How many elements it spans, and how many of them are wanted.
    var extent = 1
    var wanted = 1
    /// How many indices of the next axis lie near enough to be read with it; 1 where each is read by itself.
    var run = 1
    private let size: Int

    var byteCount: Int { extent * size }

    /// - Parameter room: how many bytes it may take.
    init(_ counts: [Int], _ tensor: Tensor, _ order: [Int], room: Int = window) {
      size = tensor.dtype.byteCount
      for axis in order {
        let (count, stride) = (counts[axis], tensor.strides[axis])
        let next = extent + (count - 1) * stride
        if next * size > room || (next * size > cheap && wanted * count < next / 8) {
          let reach = min(wanted * 8 >= stride ? room : cheap, room)
          run = max(1, min(count, (reach / size - extent) / stride + 1))
          return
        }
        (extent, wanted, inner) = (next, wanted * count, inner + 1)
      }
    }
  }

  /// A part of the index space: where it begins, and how many indices of each axis it has.
  private struct Block {
    var start: [Int]
    var counts: [Int]
  }

  /// What is held while the elements are put in order.
  private struct Buffers {
    var band: [UInt8]
    var window: [UInt8] = []
    var piece: [UInt8] = []
  }

  func forEachChunk(_ body: (_ buffer: [UInt8], _ count: Int) throws -> Void) throws {
    if !tensor.storage.givesParts { try tensor.storage.verify() }
    var buffers = Buffers(band: [UInt8](repeating: 0, count: min(tensor.byteCount, bandSize)))
    try forEachBand { block in
      try fill(block, origin: block.start, &buffers)
      try body(buffers.band, block.counts.reduce(1, *) * size)
    }
  }

  private func forEachBand(_ body: (Block) throws -> Void) throws {
    let shape = tensor.shape
    let cut = Cut(shape, outputStrides, size: size, band: bandSize)
    var start = [Int](repeating: 0, count: shape.count)
    while true {
      var counts = cut.counts
      counts[cut.axis] = min(cut.step, shape[cut.axis] - start[cut.axis])
      try body(Block(start: start, counts: counts))
      start[cut.axis] += cut.step
      var carry = cut.axis
      while start[carry] >= shape[carry] {
        if carry == 0 { return }
        start[carry] = 0
        carry -= 1
        start[carry] += 1
      }
    }
  }

  /// Puts a block in its place of the band, in parts whose pieces fit the window together.
  private func fill(_ block: Block, origin: [Int], _ buffers: inout Buffers) throws {
    var piece = Piece(block.counts, tensor, order)
    var side = order.filter { block.counts[$0] > 1 }.min { outputStrides[$0] < outputStrides[$1] }
    if let axis = side, let place = order.firstIndex(of: axis) {
      let together = min(block.counts[axis], max(1, Self.line / size))
      let isFar = place > piece.inner || place == piece.inner && piece.run < together
      if isFar, outrunsCaches(piece, block) {
        piece = Piece(block.counts, tensor, order, room: Self.window / together)
      } else {
        side = nil
      }
    }
    let outer = order.dropFirst(piece.inner)
    if let axis = outer.first, piece.run > 1, piece.run < block.counts[axis] {
      return try cut(block, axis, into: piece.run, origin, &buffers)
    }
    let pieces = outer.reduce(1) { $0 * block.counts[$1] }
    // What fills lines stays together.
    let cuttable = outer.filter { block.counts[$0] > 1 }
    let longest = cuttable.last { $0 != side } ?? cuttable.last
    if let axis = longest, pieces * piece.byteCount > Self.window {
      let others = pieces / block.counts[axis] * piece.byteCount
      return try cut(block, axis, into: max(1, Self.window / others), origin, &buffers)
    }
    try copy(block, piece, Array(outer), origin, &buffers)
  }

  /// Whether the elements of a piece go to more lines than the caches keep until the next piece has what stands beside them.
  ///
  /// Then pieces are to be shorter, so that as many are held together as fill a line.
  private func outrunsCaches(_ piece: Piece, _ block: Block) -> Bool {
    let step = outputStrides[order[0]] * size
    // Lines that far apart share few places of a cache, which has room for 16 or so in each.
    let kept = step % (1 << 16) == 0 && block.counts[order[0]] > 32 ? 1 << 20 : 1 << 24
    return piece.wanted * piece.run * Self.line >= kept
  }

  /// Fills a block in parts of so many indices of an axis.
  private func cut(_ block: Block, _ axis: Int, into run: Int, _ origin: [Int], _ buffers: inout Buffers)
    throws
  {
    var part = block
    for first in stride(from: 0, to: block.counts[axis], by: run) {
      part.start[axis] = block.start[axis] + first
      part.counts[axis] = min(run, block.counts[axis] - first)
      try fill(part, origin: origin, &buffers)
    }
  }

  /// Reads the pieces of a block one behind the other, and puts their elements where they belong in the band.
  private func copy(
    _ block: Block, _ piece: Piece, _ outer: [Int], _ origin: [Int], _ buffers: inout Buffers
  ) throws {
    let axes = tensor.shape.indices
    let first = axes.reduce(tensor.offset) { $0 + block.start[$1] * tensor.strides[$1] }
    var steps = tensor.strides
    var step = piece.extent
    for axis in outer {
      steps[axis] = step
      step *= block.counts[axis]
    }
    // Pieces may overlap, and be more together than what they are taken from.
    if buffers.window.count < step * size { buffers.window = [UInt8](repeating: 0, count: step * size) }
    try read(piece, from: first, outer.map { (block.counts[$0], tensor.strides[$0]) }, &buffers)
    let target = axes.reduce(0) { $0 + (block.start[$1] - origin[$1]) * outputStrides[$1] }
    let box = axes.map {
      StridedCopy.Axis(count: block.counts[$0], step: steps[$0], stride: outputStrides[$0])
    }
    StridedCopy.copy(box, size: size, from: buffers.window, at: 0, to: &buffers.band, at: target)
  }

  /// - Parameter axes: the pieces: how many there are along each axis, and how many elements apart, the nearest first.
  private func read(
    _ piece: Piece, from first: Int, _ axes: [(count: Int, stride: Int)], _ buffers: inout Buffers
  ) throws {
    let count = piece.byteCount
    func range(_ element: Int) -> Range<Int> { (element * size)..<(element * size + count) }
    if axes.allSatisfy({ $0.count == 1 }) {
      return try tensor.storage.read(range(first), into: &buffers.window)
    }
    if buffers.piece.count < count { buffers.piece = [UInt8](repeating: 0, count: count) }
    var index = [Int](repeating: 0, count: axes.count)
    var (element, place) = (first, 0)
    while true {
      try tensor.storage.read(range(element), into: &buffers.piece)
      StridedCopy.copy(
        count, size: 1, from: buffers.piece, at: 0, step: 1, to: &buffers.window, at: place, step: 1)
      place += count
      var axis = 0
      while axis < axes.count {
        index[axis] += 1
        element += axes[axis].stride
        if index[axis] < axes[axis].count { break }
        element -= axes[axis].stride * axes[axis].count
        index[axis] = 0
        axis += 1
      }
      if axis == axes.count { return }
    }
  }
}
