internal import SutureBytes
internal import SutureText

/// The elements of a tensor in row-major order, of which other tensors have a rectangle each.
///
///     a piece, its runs marked          the whole, row-major
///     . . . .                           . . . . . . . . . . . .
///     . a a a   runs of 3 elements:     . . . . . a a a . b b b
///     . b b b                             one after another in the piece, apart in the whole
///
/// A run reaches along the last axis of which the piece has a part only, and over all axes behind that. What is held in
/// memory is a chunk of the whole, and as much of one piece.
struct PiecedContents: StorageContents {
  /// A rectangle, and who has it: several, where each has a copy.
  struct Part: Sendable {
    let box: TensorBox
    let tensors: [Tensor]
    /// Where each comes from.
    let sources: [String]
  }

  private let parts: [PlacedPart]
  /// The pieces put together, for whoever asks for a range of them.
  private let gathered: ComputedContents

  /// - Parameters:
  ///   - parts: tile `shape`.
  ///   - name: what the tensor is called in an error.
  init(_ parts: [Part], dtype: DType, shape: [Int], name: String) throws {
    let strides = try Shape.contiguousStrides(shape)
    let placed = try parts.map { try PlacedPart($0, shape, strides, size: dtype.byteCount, name: name) }
      .sorted { $0.first < $1.first }
    self.parts = placed
    let count = try Shape.elementCount(shape).multiplied(checked: dtype.byteCount)
    gathered = ComputedContents(
      byteCount: count, unit: dtype.byteCount, from: placed.flatMap(\.storages)
    ) { range, buffer in
      for part in placed { try part.fill(&buffer, with: range) }
    }
  }

  var byteCount: Int { gathered.byteCount }

  var isVerified: Bool { gathered.isVerified }

  var givesParts: Bool { gathered.givesParts }

  func verifyWhileReading() { gathered.verifyWhileReading() }

  func verify() throws { try gathered.verify() }

  func extents(_ range: Range<Int>) -> [FileExtent] { parts.flatMap(\.extents) }

  func losses(_ counts: inout LossCounts) -> [LossCount] { gathered.losses(&counts) }

  func forEachChunk(_ body: (_ buffer: [UInt8], _ count: Int) throws -> Void) throws -> UInt32? {
    // What lies one after another in the whole is streamed, and so read only once where a checksum is to be compared.
    guard parts.allSatisfy(\.isStreamed) else { return try gathered.forEachChunk(body) }
    for part in parts { try part.reader.tensor.forEachChunk(body) }
    return nil
  }

  func read(_ range: Range<Int>, into buffer: inout [UInt8]) throws {
    try gathered.read(range, into: &buffer)
  }
}

/// A part, and where in the whole it lies.
private struct PlacedPart: Sendable {
  /// The place of its first element in the whole, counted in elements.
  let first: Int
  private let end: Int
  private let box: TensorBox
  let reader: ElementReader
  private let source: String
  /// Who has the same.
  private let copies: [(reader: ElementReader, source: String)]
  private let name: String
  private let size: Int
  /// How many elements follow one another in the whole as well.
  private let run: Int
  /// The sizes of the axes before, and how many elements of the whole apart their neighbours lie.
  private let outer: [(size: Int, stride: Int)]

  init(_ part: PiecedContents.Part, _ shape: [Int], _ strides: [Int], size: Int, name: String) throws {
    let box = part.box
    let partial = shape.indices.last { box.sizes[$0] != shape[$0] } ?? 0
    run = box.sizes[min(partial, shape.count)...].reduce(1, *)
    outer = (0..<partial).map { (box.sizes[$0], strides[$0]) }
    first = shape.indices.reduce(0) { $0 + box.start[$1] * strides[$1] }
    end = first + outer.reduce(0) { $0 + ($1.size - 1) * $1.stride } + run
    reader = try ElementReader(part.tensors[0])
    source = part.sources[0]
    copies = try zip(part.tensors, part.sources).dropFirst().map { (try ElementReader($0), $1) }
    (self.box, self.size, self.name) = (box, size, name)
  }

  private var readers: [ElementReader] { [reader] + copies.map(\.reader) }

  var storages: [Storage] { readers.map(\.storage) }

  var extents: [FileExtent] { readers.flatMap { $0.tensor.extents(0..<$0.tensor.byteCount) } }

  /// Whether it is one stretch of the whole, and nothing has to be compared with it.
  var isStreamed: Bool { copies.isEmpty && end - first == run }

  private var runCount: Int { outer.reduce(1) { $0 * $1.size } }

  /// Where in the whole a run begins.
  private func start(of index: Int) -> Int {
    var (rest, place) = (index, first)
    for axis in outer.reversed() {
      place += rest % axis.size * axis.stride
      rest /= axis.size
    }
    return place
  }

  /// The first run that ends behind an element of the whole, as all later ones do.
  private func run(endingBehind element: Int) -> Int {
    var (low, high) = (0, runCount)
    while low < high {
      let middle = (low + high) / 2
      if start(of: middle) + run > element { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// Puts what it has of `range`, which is counted in bytes of the whole, where it belongs in `buffer`.
  func fill(_ buffer: inout [UInt8], with range: Range<Int>) throws {
    let wanted = (range.lowerBound / size)..<(range.upperBound / size)
    guard first < wanted.upperBound, end > wanted.lowerBound else { return }
    let (from, behind) = (run(endingBehind: wanted.lowerBound), run(endingBehind: wanted.upperBound - 1))
    // The run that the range ends in counts, where it ends in one.
    let isWithin = behind < runCount && start(of: behind) < wanted.upperBound
    let runs = from..<(isWithin ? behind + 1 : behind)
    if runs.isEmpty { return }
    // What of the first and of the last run lies in the range, which may cut them.
    let low = max(wanted.lowerBound - start(of: runs.lowerBound), 0)
    let high = min(wanted.upperBound - start(of: runs.upperBound - 1), run)
    let elements = (runs.lowerBound * run + low)..<((runs.upperBound - 1) * run + high)
    try withBuffer(elements.count * size) { piece in
      try reader.read(elements, into: &piece)
      try compare(piece, elements)
      for index in runs {
        let place = start(of: index)
        let common = (place..<(place + run)).clamped(to: wanted)
        let from = (index * run + common.lowerBound - place - elements.lowerBound) * size
        let to = common.lowerBound * size - range.lowerBound
        buffer.replaceSubrange(
          to..<(to + common.count * size), with: piece[from..<(from + common.count * size)])
      }
    }
  }

  /// Throws where another copy of these elements is not what the first one is.
  private func compare(_ bytes: [UInt8], _ elements: Range<Int>) throws {
    for (reader, other) in copies {
      try withBuffer(elements.count * size) { copy in
        try reader.read(elements, into: &copy)
        guard bytes.isSame(as: copy, count: elements.count * size) else {
          throw Failure(
            .unreadable, at: FailurePlace(path: name),
            "its part \(box) is in \(source) and in \(other), and they differ",
            remedies: ["one of them is of another step or another run: fetch all again, from the same place"])
        }
      }
    }
  }
}
