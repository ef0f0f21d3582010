internal import Glibc
internal import Synchronization

extension OutputFile {
  /// Writes the file that `plan` describes.
  ///
  /// Where the file system can share extents between files, stretches of a source that lie right for it are not copied.
  ///
  /// - Parameter workers: how many threads read, compute and write at once.
  /// - Parameter progress: is told, from any of them, how many more bytes of payload have been written.
  /// - Complexity: O(*n*) in the bytes; memory for some hundred kilobytes a worker.
  public func write(_ plan: OutputPlan, workers: Int, progress: @escaping @Sendable (Int) -> Void) throws {
    let distances = plan.pieces.map(\.payload.distance)
    let isFar = distances.contains { $0 != nil }
    let batches = isFar ? plan.runs(distances) : plan.batches(of: Self.batchSize)
    let checksums = Guarded([UInt32](repeating: 0, count: plan.pieces.count))
    try concurrently(batches.count, workers: isFar ? max(workers, Self.connections) : workers) { index in
      let batch = batches[index]
      if let read = batch.read { read.source.expect(read.range) }
      var region = OutputRegion(self, at: plan.offsets[batch.pieces[0]])
      for (place, number) in batch.pieces.enumerated() {
        if place > 0, number != batch.pieces[place - 1] + 1 {
          try region.flush()
          region = OutputRegion(self, at: plan.offsets[number])
        }
        let piece = plan.pieces[number]
        if let place = piece.payload.place, try region.clone(piece, place) {
          progress(piece.payload.byteCount)
          continue
        }
        let crc32 = try piece.write(to: region, progress: progress)
        if crc32 != 0 { checksums.withLock { $0[number] = crc32 } }
      }
      try region.flush()
    }
    let end = OutputRegion(self, at: plan.endOffset)
    try end.write(plan.checkedEnd(checksums.withLock { $0 }))
    try end.flush()
  }

  /// What a worker takes at a time: enough that small tensors cost no system call each.
  private static let batchSize = 1 << 20

  /// How many answers of a server are read at once: waiting for one costs no processor.
  private static let connections = 6
}

extension OutputPlan {
  /// What a worker takes at a time.
  fileprivate struct Batch {
    /// Their numbers, in the order in which they are written.
    let pieces: [Int]
    /// What is read for them from its start to its end, where that is far away.
    var read: Distance?
  }

  /// Pieces that follow one another and are together about so long.
  fileprivate func batches(of size: Int) -> [Batch] {
    var batches: [Batch] = []
    var start = 0
    for index in pieces.indices {
      let end = index + 1 < pieces.count ? offsets[index + 1] : endOffset
      if end - offsets[start] >= size || index + 1 == pieces.count {
        batches.append(Batch(pieces: Array(start..<(index + 1))))
        start = index + 1
      }
    }
    return batches
  }

  /// Pieces in the order in which they lie in their sources, so that one request asks for many.
  ///
  /// - Parameter distances: what is read for each piece; those for which nothing far is read come first.
  fileprivate func runs(_ distances: [Distance?]) -> [Batch] {
    var runs = [Batch(pieces: pieces.indices.filter { distances[$0] == nil })].filter { !$0.pieces.isEmpty }
    let far = pieces.indices.filter { distances[$0] != nil }
    let sources = Dictionary(grouping: far) { distances[$0].map { ObjectIdentifier($0.source as AnyObject) } }
    for group in sources.values.sorted(by: { $0[0] < $1[0] }) {
      var run: (pieces: [Int], read: Distance)?
      let sorted = group.compactMap { number in distances[number].map { (number, $0) } }
        .sorted { ($0.1.range.lowerBound, $0.0) < ($1.1.range.lowerBound, $1.0) }
      for (number, distance) in sorted {
        if let last = run {
          let (start, end) = (last.read.range.lowerBound, last.read.range.upperBound)
          let longest = max(end, distance.range.upperBound)
          if distance.range.lowerBound - end <= Self.gap, longest - start <= Self.longestRun {
            run = (last.pieces + [number], Distance(source: distance.source, range: start..<longest))
            continue
          }
          runs.append(Batch(pieces: last.pieces, read: last.read))
        }
        run = ([number], distance)
      }
      if let run { runs.append(Batch(pieces: run.pieces, read: run.read)) }
    }
    return runs
  }

  /// Bytes that nobody wants are cheaper than another request.
  private static let gap = 1 << 16
  private static let longestRun = 1 << 25
}

/// A stretch of an output file that one thread writes from its start on.
///
/// Writes shorter than a buffer are gathered.
final class OutputRegion: ByteSink {
  private let output: OutputFile
  private var position: Int
  private var pending: [UInt8] = []

  private static let bufferSize = 1 << 17

  init(_ output: OutputFile, at position: Int) { (self.output, self.position) = (output, position) }

  func write(_ bytes: [UInt8], count: Int) throws {
    if pending.count + count <= Self.bufferSize {
      pending.append(contentsOf: bytes[..<count])
      return
    }
    try flush()
    try output.write(bytes, count: count, at: position)
    position += count
  }

  func flush() throws {
    if pending.isEmpty { return }
    try output.write(pending, count: pending.count, at: position)
    position += pending.count
    pending.removeAll(keepingCapacity: true)
  }

  /// Lets the piece share the extents of the file that its payload lies in; `false` where that cannot be.
  ///
  /// Only whole blocks can be shared, at the same place within a block in both files; what is left at the edges is
  /// copied. A payload whose checksum is wanted has to be read anyway.
  func clone(_ piece: OutputPlan.Piece, _ place: FileRange) throws -> Bool {
    let block = Self.blockSize
    guard output.mayClone.load(ordering: .relaxed), piece.tail == nil, !piece.payload.computesChecksum,
      place.range.count >= Self.leastClone
    else { return false }
    let start = position + pending.count + piece.head.count
    guard start % block == place.range.lowerBound % block else { return false }
    let first = (block - start % block) % block
    let length = (place.range.count - first) / block * block
    let (from, to) = (place.range.lowerBound + first, start + first)
    guard output.share(place.file, from: from, count: length, at: to) else { return false }
    if !piece.head.isEmpty { try write(piece.head, count: piece.head.count) }
    try copy(place.file, place.range.lowerBound..<from)
    try flush()
    position += length
    try copy(place.file, (from + length)..<place.range.upperBound)
    return true
  }

  private func copy(_ file: FileSource, _ range: Range<Int>) throws {
    if range.isEmpty { return }
    let bytes = try file.bytes(range)
    try write(bytes, count: bytes.count)
  }

  /// A multiple of every block size in use; file systems refuse what does not suit them.
  private static let blockSize = 4096
  private static let leastClone = 1 << 16
}
