internal import SutureBytes

/// Stretches of another storage's bytes, one after another.
struct JoinedContents: StorageContents {
  private let base: any StorageContents
  /// Ascending and apart.
  private let ranges: [Range<Int>]
  let byteCount: Int

  init(_ base: any StorageContents, ranges: [Range<Int>]) {
    (self.base, self.ranges) = (base, ranges)
    byteCount = ranges.reduce(0) { $0 + $1.count }
  }

  var isVerified: Bool { base.isVerified }

  var givesParts: Bool { base.givesParts }

  var isRandomAccess: Bool { base.isRandomAccess }

  func deferVerification() { base.deferVerification() }

  func verifyWhileReading() { base.verifyWhileReading() }

  func verify() throws { try base.verify() }

  func extents(_ range: Range<Int>) -> [FileExtent] {
    var (found, position) = ([FileExtent](), 0)
    for part in ranges {
      let common = range.clamped(to: position..<(position + part.count))
      let start = part.lowerBound - position
      if !common.isEmpty { found += base.extents((start + common.lowerBound)..<(start + common.upperBound)) }
      position += part.count
    }
    return found
  }

  func losses(_ counts: inout LossCounts) -> [LossCount] { base.losses(&counts) }

  var origin: Int { base.origin + (ranges.first?.lowerBound ?? 0) }

  /// Bytes whose checksum is that of a larger whole have to be read.
  var place: FileRange? {
    guard ranges.count == 1, base.givesParts, let place = base.place else { return nil }
    let start = place.range.lowerBound
    return FileRange(place.file, (start + ranges[0].lowerBound)..<(start + ranges[0].upperBound))
  }

  var distance: Distance? {
    guard base.givesParts, let first = ranges.first, let last = ranges.last else { return base.distance }
    return base.distance?.part(first.lowerBound..<last.upperBound)
  }

  func forEachChunk(_ body: (_ buffer: [UInt8], _ count: Int) throws -> Void) throws -> UInt32? {
    // One pass, which verifies all of the base, is better than two.
    if !base.givesParts { return try pickFromBase(body) }
    for range in ranges {
      try withBuffer(min(Storage.chunkSize, range.count)) { buffer in
        var position = range.lowerBound
        while position < range.upperBound {
          let count = min(Storage.chunkSize, range.upperBound - position)
          try base.read(position..<(position + count), into: &buffer)
          try body(buffer, count)
          position += count
        }
      }
    }
    return nil
  }

  private func pickFromBase(_ body: (_ buffer: [UInt8], _ count: Int) throws -> Void) throws -> UInt32? {
    var position = 0
    var rest = ranges[...]
    try withBuffer(Storage.chunkSize) { picked in
      _ = try base.forEachChunk { buffer, count in
        let chunk = position..<(position + count)
        position += count
        while let range = rest.first, range.lowerBound < chunk.upperBound {
          let common = range.clamped(to: chunk)
          if common == chunk {
            try body(buffer, count)
          } else if !common.isEmpty {
            let start = common.lowerBound - chunk.lowerBound
            picked.replaceSubrange(0..<common.count, with: buffer[start..<(start + common.count)])
            try body(picked, common.count)
          }
          if range.upperBound > chunk.upperBound { break }
          rest.removeFirst()
        }
      }
    }
    return nil
  }

  func read(_ range: Range<Int>, into buffer: inout [UInt8]) throws {
    if ranges.count == 1 {
      let start = ranges[0].lowerBound
      return try base.read((start + range.lowerBound)..<(start + range.upperBound), into: &buffer)
    }
    var position = 0
    var filled = 0
    for part in ranges {
      let common = range.clamped(to: position..<(position + part.count))
      if !common.isEmpty {
        let start = part.lowerBound + common.lowerBound - position
        try withBuffer(common.count) { piece in
          try base.read(start..<(start + common.count), into: &piece)
          buffer.replaceSubrange(filled..<(filled + common.count), with: piece[..<common.count])
        }
        filled += common.count
      }
      position += part.count
    }
  }
}
