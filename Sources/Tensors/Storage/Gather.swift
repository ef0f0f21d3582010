internal import SutureBytes
internal import SutureNumbers

/// Puts the elements of a view that is not contiguous in row-major order, in memory that does not depend on its size.
///
/// The result comes in bands of some megabytes. What a band is made of may lie anywhere in the storage: it is read in pieces, of
/// which enough is wanted, into a window that stays in the nearer caches, and from there each element goes to its place.
struct Gather {
  private let tensor: Tensor
  private let contents: any StorageContents
  /// Whether another sees to the checksum of what is read.
  private let readsAside: Bool
  private let size: Int
  private let outputStrides: [Int]
  /// The axes along which the storage is walked, those on which neighbours lie nearest first.
  private let order: [Int]
  /// How many bytes of the result are held at a time.
  private let bandSize: Int

  /// How many bytes of the storage are held at a time.
  private static let window = 1 << 20
  /// How many bytes a cache fetches at least.
  private static let line = 1 << 6
  /// Asking for a piece costs as much as reading so many bytes.
  private static let asking = 1 << 12
  private static let long = 1 << 18
  /// The more of the result is held, the longer are the pieces that its elements lie in.
  private static let bands = [1 << 22, 1 << 24, 1 << 26]

  /// - Parameter readsAside: whether another sees to the checksum of what is read.
  init(_ tensor: Tensor, readsAside: Bool = false) throws {
    (self.tensor, size, contents) = (tensor, tensor.dtype.byteCount, tensor.storage.contents)
    self.readsAside = readsAside
    outputStrides = try Shape.contiguousStrides(tensor.shape)
    order = Self.order(tensor)
    bandSize = Self.bandSize(tensor, outputStrides, order)
  }

  /// The axes along which a storage is walked, those on which neighbours lie nearest first.
  static func order(_ tensor: Tensor) -> [Int] {
    tensor.shape.indices.filter { tensor.shape[$0] > 1 && tensor.strides[$0] > 0 }
      .sorted { tensor.strides[$0] < tensor.strides[$1] }
  }

  /// The least size with which little more is read than with a larger one.
  private static func bandSize(_ tensor: Tensor, _ outputStrides: [Int], _ order: [Int]) -> Int {
    let size = tensor.dtype.byteCount
    let costs = bands.map { band -> (band: Int, cost: Double) in
      let counts = Cut(tensor.shape, outputStrides, size: size, band: band).counts
      return (band, cost(of: counts, tensor, order))
    }
    let least = costs.map(\.cost).min() ?? 0
    return costs.first { $0.cost <= 1.2 * least }?.band ?? bands[0]
  }

  /// What it costs to read a box, as a multiple of reading as many bytes in one go.
  static func cost(of counts: [Int], _ tensor: Tensor, _ order: [Int]) -> Double {
    let piece = Run(counts, tensor, order).piece
    let wanted = piece.wanted * piece.run * tensor.dtype.byteCount
    // Of what is long the processor fetches ahead also what nobody wants.
    let others = (piece.reach - wanted) / (piece.reach >= long ? 3 : 1)
    return Double(wanted + others + asking) / Double(wanted)
  }

  /// How many bytes of a box are read in one go.
  static func pieceSize(of counts: [Int], _ tensor: Tensor, _ order: [Int]) -> Int {
    Run(counts, tensor, order).piece.reach
  }

  /// How the index space is cut into runs of the result that fit a band: axes behind `axis` are taken whole, those before it
  /// one index at a time.
  struct Cut {
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
    /// How many bytes it is with those.
    private(set) var reach = 0
    private let size: Int

    var byteCount: Int { extent * size }

    /// - Parameter room: how many bytes it may take.
    init(_ counts: [Int], _ tensor: Tensor, _ order: [Int], room: Int = window) {
      size = tensor.dtype.byteCount
      reach = size
      for axis in order {
        let (count, stride) = (counts[axis], tensor.strides[axis])
        // What lies further apart is asked for by itself.
        if (stride - extent) * size > asking { return }
        let next = extent + (count - 1) * stride
        if next * size > room {
          run = max(1, min(count, (room / size - extent) / stride + 1))
          reach = (extent + (run - 1) * stride) * size
          return
        }
        (extent, wanted, inner) = (next, wanted * count, inner + 1)
        reach = byteCount
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
    var band: [UInt8] = []
    var window: [UInt8] = []
    var piece: [UInt8] = []
  }

  /// Lends buffers of which the band has at least `size` bytes.
  ///
  /// They are kept for the next tile as long as another is being made: the system would have to clear them again.
  private static func withBuffers(_ size: Int, _ body: (inout Buffers) throws -> Void) rethrows {
    var buffers = spare.withLock { spare in
      spare.users += 1
      return spare.buffers.popLast() ?? Buffers()
    }
    if buffers.band.count < size { buffers.band = newBuffer(size > heap ? max(size, apart) : size) }
    defer {
      spare.withLock { spare in
        spare.users -= 1
        spare.buffers = spare.users == 0 ? [] : spare.buffers + [buffers]
      }
    }
    try body(&buffers)
  }

  /// Larger ones are not taken from the heap, whose large pages a virtual machine may have to fetch from its host one by one.
  ///
  /// They are asked for as if they were so large that the system gives them by themselves: what is not touched is not there.
  private static let heap = 1 << 23
  private static let apart = 33 << 20

  private static let spare = Guarded<(users: Int, buffers: [Buffers])>((0, []))

  func forEachChunk(_ body: (_ buffer: [UInt8], _ count: Int) throws -> Void) throws {
    if !contents.givesParts { try contents.verify() }
    try Self.withBuffers(min(tensor.byteCount, bandSize)) { buffers in
      try forEachBand { block in
        try fill(block, origin: block.start, &buffers)
        try body(buffers.band, block.counts.reduce(1, *) * size)
      }
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

  /// What of the result is put together at a time, so that the lines of the cache that it goes to are written whole.
  private struct Run {
    /// The axes along which it reaches on which neighbours lie further apart in the storage than is read in one piece, the
    /// innermost first.
    var axes: [Int] = []
    /// What is read in one go for it.
    var piece: Piece

    init(_ counts: [Int], _ tensor: Tensor, _ order: [Int]) {
      piece = Piece(counts, tensor, order)
      var (filled, pieces) = (tensor.dtype.byteCount, 1)
      for axis in tensor.shape.indices.reversed() where counts[axis] > 1 && filled < line {
        let (count, least) = (counts[axis], (line - 1) / filled + 1)
        // Of a few lines all are taken, since those at the ends are shared with what stands beside.
        let taken = count <= 4 * least ? count : least
        if let place = order.firstIndex(of: axis),
          place > piece.inner || place == piece.inner && piece.run < min(count, least)
        {
          axes.append(axis)
          pieces *= taken
        }
        filled *= taken
        if taken < count { break }
      }
      if pieces > 1 { piece = Piece(counts, tensor, order, room: window / pieces) }
    }
  }

  /// Puts a block in its place of the band, in parts whose pieces fit the window together.
  private func fill(_ block: Block, origin: [Int], _ buffers: inout Buffers) throws {
    let run = Run(block.counts, tensor, order)
    let piece = run.piece
    let outer = order.dropFirst(piece.inner)
    if let axis = outer.first, piece.run > 1, piece.run < block.counts[axis] {
      return try cut(block, axis, into: piece.run, origin, &buffers)
    }
    let pieces = outer.reduce(1) { $0 * block.counts[$1] }
    // What fills lines stays together.
    let cuttable = outer.filter { block.counts[$0] > 1 }
    let longest = cuttable.last { !run.axes.contains($0) } ?? run.axes.last { cuttable.contains($0) }
    if let axis = longest, pieces * piece.byteCount > Self.window {
      let others = pieces / block.counts[axis] * piece.byteCount
      let lines = max(1, Self.line / size)
      let most = max(1, Self.window / others)
      return try cut(block, axis, into: most > lines ? most / lines * lines : most, origin, &buffers)
    }
    try copy(block, piece, Array(outer), origin, &buffers)
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
    // Pieces that begin at the same place of a page would have the same few places in a cache.
    if (step * size) % (1 << 8) == 0, !outer.isEmpty { step += Self.line / size }
    let room = step * size
    for axis in outer {
      steps[axis] = step
      step *= block.counts[axis]
    }
    // Pieces may overlap, and be more together than what they are taken from.
    if buffers.window.count < step * size { buffers.window = newBuffer(step * size) }
    try read(piece, apart: room, from: first, outer.map { (block.counts[$0], tensor.strides[$0]) }, &buffers)
    let target = axes.reduce(0) { $0 + (block.start[$1] - origin[$1]) * outputStrides[$1] }
    let box = axes.map {
      StridedCopy.Axis(count: block.counts[$0], step: steps[$0], stride: outputStrides[$0])
    }
    StridedCopy.copy(box, size: size, from: buffers.window, at: 0, to: &buffers.band, at: target)
  }

  /// - Parameters:
  ///   - room: how many bytes of the window each piece gets.
  ///   - axes: the pieces: how many there are along each axis, and how many elements apart, the nearest first.
  private func read(
    _ piece: Piece, apart room: Int, from first: Int, _ axes: [(count: Int, stride: Int)],
    _ buffers: inout Buffers
  ) throws {
    let count = piece.byteCount
    func range(_ element: Int) -> Range<Int> { (element * size)..<(element * size + count) }
    if axes.allSatisfy({ $0.count == 1 }) {
      return try read(range(first), into: &buffers.window)
    }
    if buffers.piece.count < count { buffers.piece = newBuffer(count) }
    var index = [Int](repeating: 0, count: axes.count)
    var (element, place) = (first, 0)
    while true {
      try read(range(element), into: &buffers.piece)
      StridedCopy.copy(
        count, size: 1, from: buffers.piece, at: 0, step: 1, to: &buffers.window, at: place, step: 1)
      place += room
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

  private func read(_ range: Range<Int>, into buffer: inout [UInt8]) throws {
    precondition(range.lowerBound >= 0 && range.upperBound <= contents.byteCount)
    if readsAside {
      try contents.readAside(range, into: &buffer)
    } else {
      try contents.read(range, into: &buffer)
    }
  }
}
