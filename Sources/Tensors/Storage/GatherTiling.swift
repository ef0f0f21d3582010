internal import SutureBytes

/// How a large view that is not contiguous is cut, so that several threads put it in order and each reads little twice.
///
/// A band of the result has a few elements each of what may be all of the storage. A tile has some of every axis instead: what lies
/// together in the storage as far as there is room, and at least short stretches of what lies together in the result.
struct GatherTiling {
  private let tensor: Tensor
  private let outputStrides: [Int]
  /// How many indices of each axis a tile has; those at the end have what is left.
  let counts: [Int]
  /// Whether the checksum of what is stored is compared beside, not of what tiles read.
  private let readsAside: Bool

  /// What is put in order at a time at most, by each thread.
  private static let largest = 31 << 20
  /// Less is no work for two.
  private static let least = 1 << 22
  /// Of a tile of these lengths stretches of the result are tried.
  private static let stretches = [1 << 14, 1 << 15, 1 << 16, 1 << 17, 1 << 18]
  /// The system holds what is written in blocks so large, where they are written at once.
  private static let block = 1 << 18
  /// What writing less than a block at a time costs more.
  private static let scattered = 3.0
  /// Writing a stretch costs as much more as reading so many bytes.
  private static let asking = 1 << 13
  /// Of shorter pieces the checksum is not computed as they are read.
  private static let noted = 1 << 16

  /// - Parameters:
  ///   - largest: how many bytes a tile has at most.
  ///   - least: how many two tiles have at least.
  /// - Returns: `nil` where the elements lie in order, are few, or repeat what is stored.
  init?(_ tensor: Tensor, threads: Int, largest: Int = largest, least: Int = least) {
    guard case .strided = tensor.layout, tensor.hasElements, !tensor.isContiguous,
      tensor.byteCount >= 2 * least, tensor.byteCount <= tensor.byteExtent.count,
      let strides = try? Shape.contiguousStrides(tensor.shape)
    else { return nil }
    (self.tensor, outputStrides) = (tensor, strides)
    let order = Gather.order(tensor)
    // Less for less: what memory a tile is the first to take the system has to clear.
    let rooms = [2, 1].map { max(least, min(largest, tensor.byteCount / ($0 * max(1, threads)))) }
    let candidates = rooms.flatMap { room in
      [Gather.Cut(tensor.shape, strides, size: tensor.dtype.byteCount, band: room).counts]
        + Self.stretches.map { Self.counts(tensor, order, room: room, stretch: $0) }
    }.map { Self.evened($0, tensor, order, threads) }
    let costs = candidates.map { Self.cost(of: $0, tensor, order, threads) }
    counts = zip(candidates, costs).min { $0.1 < $1.1 }?.0 ?? tensor.shape
    readsAside = Gather.pieceSize(of: counts, tensor, order) < Self.noted
  }

  /// What a tile costs, as a multiple of reading as many bytes in one go.
  private static func cost(of counts: [Int], _ tensor: Tensor, _ order: [Int], _ threads: Int) -> Double {
    let size = tensor.dtype.byteCount
    let reading = Gather.cost(of: counts, tensor, order)
    // What is no block as a whole, since stretches end where they end; others that write to the file wait for it.
    let isWhole = zip(counts, tensor.shape).drop { $0.0 == 1 }.dropFirst().allSatisfy { $0.0 == $0.1 }
    let length = stretch(counts, tensor.shape) * size
    let scattered = Self.scattered * min(1, Double(block) / Double(length)) + Double(asking) / Double(length)
    let writing = isWhole ? 0 : scattered
    let clearing = min(1, Double(counts.reduce(size * threads, *)) / Double(tensor.byteCount))
    return reading + writing + clearing
  }

  /// The indices of a tile that takes so many bytes, in stretches of the result that are at least so long.
  private static func counts(_ tensor: Tensor, _ order: [Int], room: Int, stretch: Int) -> [Int] {
    let shape = tensor.shape
    var counts = [Int](repeating: 1, count: shape.count)
    var held = tensor.dtype.byteCount
    for axis in shape.indices.reversed() where held < stretch {
      let wanted = min(shape[axis], (stretch - 1) / held + 1)
      counts[axis] = wanted > shape[axis] / 2 && shape[axis] * held <= room ? shape[axis] : wanted
      held *= counts[axis]
    }
    for axis in order where held < room {
      held /= counts[axis]
      counts[axis] = max(counts[axis], min(shape[axis], room / held))
      held *= counts[axis]
    }
    return counts
  }

  /// Tiles of about the same size, and as many for each thread.
  private static func evened(_ counts: [Int], _ tensor: Tensor, _ order: [Int], _ threads: Int) -> [Int] {
    let shape = tensor.shape
    var cuts = shape.indices.map { (shape[$0] - 1) / counts[$0] + 1 }
    let all = cuts.reduce(1, *)
    if all > threads, let axis = order.last(where: { cuts[$0] > 1 }) {
      let others = all / cuts[axis]
      let more = (cuts[axis]..<(cuts[axis] + threads)).first { $0 * others % threads == 0 }
      cuts[axis] = min(shape[axis], more ?? cuts[axis])
    }
    return shape.indices.map { (shape[$0] - 1) / cuts[$0] + 1 }
  }

  /// How many elements of a box lie one after another in the whole: it has a part only of one axis, and all of those behind.
  private static func stretch(_ sizes: [Int], _ shape: [Int]) -> Int {
    sizes[(shape.indices.last { sizes[$0] != shape[$0] } ?? 0)...].reduce(1, *)
  }

  var tiles: [PayloadTile] {
    var boxes = [TensorBox(whole: tensor.shape)]
    for axis in tensor.shape.indices where counts[axis] < tensor.shape[axis] {
      boxes = boxes.flatMap { box in
        stride(from: 0, to: tensor.shape[axis], by: counts[axis]).map { first in
          var (start, sizes) = (box.start, box.sizes)
          (start[axis], sizes[axis]) = (first, min(counts[axis], tensor.shape[axis] - first))
          return TensorBox(start: start, sizes: sizes)
        }
      }
    }
    return checks
      + boxes.map { box in
        PayloadTile(byteCount: box.sizes.reduce(tensor.dtype.byteCount, *)) {
          try forEachStretch(of: box, $0)
        }
      }
  }

  /// What compares the checksum of what is stored, if it has one, and gives nothing out.
  ///
  /// Tiles read tens of thousands of short stretches. To put their checksums together costs more than to read all once more in
  /// long ones, and those come from a disk in its order.
  private var checks: [PayloadTile] {
    let contents = tensor.storage.contents
    guard readsAside, contents.recordsChecksum, contents.givesParts, contents.isRandomAccess else {
      return []
    }
    return stride(from: 0, to: contents.byteCount, by: Self.least).map { first in
      PayloadTile(byteCount: 0) { _ in
        let end = min(contents.byteCount, first + Self.least)
        try withBuffer(Storage.chunkSize) { buffer in
          for start in stride(from: first, to: end, by: Storage.chunkSize) where !contents.isVerified {
            try contents.read(start..<min(end, start + Storage.chunkSize), into: &buffer)
          }
        }
      }
    }
  }

  private func forEachStretch(of box: TensorBox, _ body: PayloadTile.Receiver) throws {
    let (shape, size) = (tensor.shape, tensor.dtype.byteCount)
    let part = try shape.indices.reduce(tensor) { view, axis in
      try view.sliced(box.start[axis]..<(box.start[axis] + box.sizes[axis]), axis: axis)
    }
    let partial = shape.indices.last { box.sizes[$0] != shape[$0] } ?? 0
    let length = Self.stretch(box.sizes, shape) * size
    let first = shape.indices.reduce(0) { $0 + box.start[$1] * outputStrides[$1] } * size
    var done = 0
    try part.forEachChunk(readsAside: readsAside) { buffer, count in
      var position = 0
      while position < count {
        var (stretch, within) = (done + position).quotientAndRemainder(dividingBy: length)
        let taken = min(count - position, length - within)
        for axis in (0..<partial).reversed() {
          within += stretch % box.sizes[axis] * outputStrides[axis] * size
          stretch /= box.sizes[axis]
        }
        try body(buffer, position..<(position + taken), first + within)
        position += taken
      }
      done += count
    }
  }
}
