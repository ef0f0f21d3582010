extension OutputPlan {
  /// What a worker takes at a time.
  struct Batch {
    /// Their numbers, in the order in which they are written.
    let pieces: [Int]
    /// Where in the file it begins and ends: the first of the pieces and the last may lie beyond with a part of their payload.
    let range: Range<Int>
    /// What is read for them from its start to its end, where that is far away.
    var read: Distance?
    /// What of the piece is written, where that is scattered over it.
    var tile: PayloadTile?
  }

  /// The payloads that are so long that parts of them may be written, by their number.
  func passes() -> [Int: PayloadParts] {
    var passes: [Int: PayloadParts] = [:]
    for number in longPieces {
      guard let pass = pieces[number].payload.sharedPass() else { continue }
      passes[number] = PayloadParts(
        pass, count: payloadRanges[number].count, wantsChecksum: pieces[number].tail != nil)
    }
    return passes
  }

  private var longPieces: [Int] { payloadRanges.indices.filter { payloadRanges[$0].count >= Self.batchSize } }

  /// The payloads that are made in tiles, by their number: those that nothing stands about, and whose checksum nobody wants.
  func tiles(for threads: Int) -> [Int: [PayloadTile]] {
    var tiles: [Int: [PayloadTile]] = [:]
    for number in longPieces {
      let piece = pieces[number]
      guard piece.head.isEmpty, piece.tail == nil, piece.tailSize == 0 else { continue }
      let parts = piece.payload.tiles(for: threads)
      if !parts.isEmpty { tiles[number] = parts }
    }
    return tiles
  }

  /// Pieces that follow one another, those that may be cut at multiples of a size; each tile by itself.
  func batches(cutting passes: [Int: PayloadParts], tiles: [Int: [PayloadTile]] = [:]) -> [Batch] {
    var batches: [Batch] = []
    var (first, start) = (0, 0)
    func close(_ last: Int, at end: Int) {
      batches.append(Batch(pieces: Array(first...last), range: start..<end))
      start = end
    }
    for index in pieces.indices {
      let payload = payloadRanges[index]
      let end = index + 1 < pieces.count ? offsets[index + 1] : endOffset
      if let parts = tiles[index] {
        if first < index { close(index - 1, at: payload.lowerBound) }
        for tile in parts { batches.append(Batch(pieces: [index], range: payload, tile: tile)) }
        (first, start) = (index + 1, end)
        continue
      }
      if passes[index] != nil {
        var cut = (max(payload.lowerBound, start) / Self.partSize + 1) * Self.partSize
        while cut < payload.upperBound {
          close(index, at: cut)
          first = index
          cut += Self.partSize
        }
      }
      if index + 1 == pieces.count || passes[index] == nil && end - start >= Self.batchSize {
        close(index, at: end)
        first = index + 1
      }
    }
    return batches
  }

  /// Enough that small tensors cost no system call each.
  private static let batchSize = 1 << 20
  /// Few enough that all threads end at about the same time, many enough that none waits for another.
  private static let partSize = 1 << 21

  /// Pieces in the order in which they lie in their sources, so that one request asks for many.
  ///
  /// - Parameter distances: what is read for each piece; those for which nothing far is read come first.
  func runs(_ distances: [Distance?]) -> [Batch] {
    func batch(_ pieces: [Int], _ read: Distance? = nil) -> Batch {
      Batch(pieces: pieces, range: offsets[pieces[0]]..<endOffset, read: read)
    }
    let near = pieces.indices.filter { distances[$0] == nil }
    var runs = near.isEmpty ? [] : [batch(near)]
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
          runs.append(batch(last.pieces, last.read))
        }
        run = ([number], distance)
      }
      if let run { runs.append(batch(run.pieces, run.read)) }
    }
    return runs
  }

  /// Bytes that nobody wants are cheaper than another request.
  private static let gap = 1 << 16
  private static let longestRun = 1 << 25
}
