internal import Glibc
internal import SutureText

extension OutputFile {
  /// Writes the file that `plan` describes.
  ///
  /// Long payloads are cut, so that all threads have work until the end however few there are. Where the file system can share
  /// extents between files, stretches of a source that lie right for it are not copied.
  ///
  /// - Parameter workers: how many threads read, compute and write at once.
  /// - Parameter progress: is told, from any of them, how many more bytes of payload have been written.
  /// - Complexity: O(*n*) in the bytes; memory for some hundred kilobytes a worker.
  public func write(_ plan: OutputPlan, workers: Int, progress: @escaping @Sendable (Int) -> Void) throws {
    let distances = plan.pieces.map(\.payload.distance)
    let isFar = distances.contains { $0 != nil }
    let passes = isFar ? [:] : plan.passes()
    let batches =
      isFar ? plan.runs(distances) : plan.batches(cutting: passes, tiles: plan.tiles(for: workers))
    let checksums = Guarded([UInt32](repeating: 0, count: plan.pieces.count))
    try concurrently(batches.count, workers: isFar ? max(workers, Self.connections) : workers) { index in
      let batch = batches[index]
      if let tile = batch.tile { return try write(tile, at: batch.range.lowerBound, progress) }
      if let read = batch.read { read.source.expect(read.range) }
      var region = OutputRegion(self, at: batch.range.lowerBound)
      for (place, number) in batch.pieces.enumerated() {
        if place > 0, number != batch.pieces[place - 1] + 1 {
          try region.flush()
          region = OutputRegion(self, at: plan.offsets[number])
        }
        let piece = plan.pieces[number]
        let payload = plan.payloadRanges[number]
        let part = passes[number] == nil ? payload : payload.clamped(to: batch.range)
        if part.lowerBound == payload.lowerBound { try region.write(piece.head, count: piece.head.count) }
        let crc32 = try region.write(
          piece, (part.lowerBound - payload.lowerBound)..<(part.upperBound - payload.lowerBound),
          passes[number], progress)
        if let crc32 {
          if crc32 != 0 { checksums.withLock { $0[number] = crc32 } }
          let tail = try piece.checkedTail(crc32)
          if part.upperBound == payload.upperBound {
            try region.write(tail, count: tail.count)
          } else {
            try write(tail, 0..<tail.count, at: payload.upperBound)
          }
        } else if part.upperBound == payload.upperBound {
          // Another thread has a part of it still, and writes what stands behind it.
          try region.flush()
          region = OutputRegion(self, at: payload.upperBound + piece.tailSize)
        }
      }
      try region.flush()
    }
    let end = OutputRegion(self, at: plan.endOffset)
    try end.write(plan.checkedEnd(checksums.withLock { $0 }))
    try end.flush()
  }

  /// Writes what a tile has of a payload that begins at `offset`.
  private func write(_ tile: PayloadTile, at offset: Int, _ progress: (Int) -> Void) throws {
    var written = 0
    try tile.forEachStretch { buffer, range, place in
      try write(buffer, range, at: offset + place)
      written += range.count
      progress(range.count)
    }
    guard written == tile.byteCount else { throw Failure.wrongSize(tile.byteCount, written) }
  }

  /// How many answers of a server are read at once: waiting for one costs no processor.
  private static let connections = 6
}
