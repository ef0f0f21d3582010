public import Bytes

/// Writes an archive in the layout of `torch.save`, byte for byte: stored records only, each payload on a multiple
/// of 64 bytes, so that torch can map it, find it by arithmetic, and trust `.format_version`.
///
///     for each record
///       PK 3 4   version 0, flags 0x0808, method 0, time 0, date 0, CRC 0, sizes 0, name length, extra length
///       name, extra field: [1, the true sizes or offset, past 4 GiB], "FB" and as many Z as the alignment takes
///       payload
///       PK 7 8   CRC, size, size: 32 bits, or 64 past 4 GiB. An empty record has none, and the flags 0x0800
///     for each record
///       PK 1 2   the same, with the true CRC, sizes and the offset of its header
///     PK 6 6     64-bit end record and PK 6 7, its locator, always
///     PK 5 6     end record
public final class StoredArchiveWriter {
  private struct Entry {
    let name: [UInt8]
    let offset: Int
    let size: Int
    let crc32: UInt32
  }

  /// Where each payload begins is a multiple of this.
  public static let alignment = 64

  private let output: OutputFile
  private let prefix: String
  private var entries: [Entry] = []
  private var names: Set<ExactString> = []

  /// Begins an archive whose records all lie under `prefix`.
  public init(_ output: OutputFile, prefix: String) { (self.output, self.prefix) = (output, prefix) }

  /// Adds a record that is at hand.
  public func add(_ name: String, _ bytes: [UInt8]) throws {
    try add(name, size: bytes.count) { sink in try sink(bytes, bytes.count) }
  }

  /// Adds a record whose bytes come piece by piece; the CRC is computed as they pass.
  ///
  /// - Parameter body: calls its argument with buffers and how many of their bytes count, `size` in all.
  public func add(
    _ name: String, size: Int,
    _ body: (_ sink: (_ buffer: [UInt8], _ count: Int) throws -> Void) throws -> Void
  ) throws {
    let name = Array("\(prefix)/\(name)".utf8)
    precondition(
      names.insert(ExactString(String(decoding: name, as: UTF8.self))).inserted, "a record is added twice")
    let offset = output.byteCount
    try output.write(TorchLayout.localHeader(name: name, size: size, offset: offset))
    var checksum = CRC32()
    var written = 0
    try body { buffer, count in
      checksum.update(buffer, count: count)
      try output.write(buffer, count: count)
      written += count
    }
    guard written == size else {
      throw WrongSize(record: String(decoding: name, as: UTF8.self), declared: size, written: written)
    }
    try output.write(TorchLayout.descriptor(crc32: checksum.value, size: size, offset: offset))
    entries.append(Entry(name: name, offset: offset, size: size, crc32: checksum.value))
  }

  /// Forty digits that stand for the records so far: a hash of their names, and one of their checksums.
  public var serializationID: String {
    var (names, checksums) = (UInt64(0xCBF2_9CE4_8422_2325), UInt64(0))
    for entry in entries {
      for byte in entry.name { names = (names ^ UInt64(byte)) &* 0x100_0000_01B3 }
      checksums = (checksums &* 31) &+ UInt64(entry.crc32)
    }
    return [names, checksums].map { value in
      let digits = String(value)
      return String(repeating: "0", count: 20 - digits.count) + digits
    }.joined()
  }

  /// Writes the central directory.
  ///
  /// The archive is whole then.
  public func finish() throws {
    let start = output.byteCount
    for entry in entries {
      try output.write(
        TorchLayout.centralHeader(
          name: entry.name, crc32: entry.crc32, size: entry.size, offset: entry.offset))
    }
    try output.write(TorchLayout.end(count: entries.count, start: start, size: output.byteCount - start))
  }
}

/// A record got another number of bytes than was promised.
public struct WrongSize: Error, CustomStringConvertible {
  public let record: String
  public let declared: Int
  public let written: Int
  public var description: String { "\(record) should get \(declared) bytes, but got \(written)" }
}
