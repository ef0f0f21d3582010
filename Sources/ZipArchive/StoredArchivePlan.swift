public import SutureBytes
internal import SutureText

/// Lays an archive out as `torch.save` does, byte for byte: stored records only, each payload on a multiple of 64
/// bytes, so that torch can map it, find it by arithmetic, and trust `.format_version`.
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
public struct StoredArchivePlan {
  private struct Entry: Sendable {
    let name: [UInt8]
    let offset: Int
    let size: Int
  }

  /// Where each payload begins is a multiple of this.
  public static let alignment = 64

  private let prefix: String?
  private var entries: [Entry] = []
  private var pieces: [OutputPlan.Piece] = []
  private var names = NameIndex()
  /// Where the next record's header goes.
  private var position = 0

  /// An archive whose records all lie under `prefix`, where there is one.
  public init(prefix: String? = nil) { self.prefix = prefix }

  /// Adds a record that is at hand.
  public mutating func add(_ name: String, _ bytes: [UInt8]) throws { try add(name, MemoryPayload(bytes)) }

  /// Adds a record whose bytes come when the file is written.
  ///
  /// - Throws: `ArithmeticOverflow` where no file could be so long.
  public mutating func add(_ name: String, _ payload: some Payload) throws {
    let entry = try entry(name, size: payload.byteCount)
    let descriptorSize = TorchLayout.descriptor(crc32: 0, size: entry.size, offset: entry.offset).count
    let header = TorchLayout.localHeader(name: entry.name, size: entry.size, offset: entry.offset)
    pieces.append(
      .init(head: header, payload, tailSize: descriptorSize) { crc32 in
        TorchLayout.descriptor(crc32: crc32, size: entry.size, offset: entry.offset)
      })
    position = try position.adding(checked: header.count).adding(checked: entry.size)
      .adding(checked: descriptorSize)
    entries.append(entry)
  }

  private mutating func entry(_ name: String, size: Int) throws -> Entry {
    let name = prefix.map { $0 + "/" + name } ?? name
    let bytes = Array(name.utf8)
    guard names.insert(NameHash(name), at: entries.count, isSame: { entries[$0].name == bytes }) == nil else {
      throw Failure(.unreadable, "two records would both be called \(name.quoted())")
    }
    guard bytes.count <= Int(UInt16.max) else {
      throw Failure(.unreadable, "a record's name has \(bytes.count) bytes; 65535 fit")
    }
    return Entry(name: bytes, offset: position, size: size)
  }

  /// The whole archive, closed by the central directory.
  ///
  /// - Parameter identity: the name of a last record of forty digits that stand for all others: a hash of their names,
  ///   and one of their checksums; `nil` for none.
  public func finish(identity: String? = nil) throws -> OutputPlan {
    var rest = self
    let last = try identity.map { try rest.entry($0, size: Self.identitySize) }
    let (entries, position) = (entries, position)
    let end: @Sendable ([UInt32]) -> [UInt8] = { checksums in
      var bytes: [UInt8] = []
      var (all, sums) = (entries, checksums)
      if let last {
        let digits = Self.identity(entries, checksums)
        let crc32 = CRC32.of(digits)
        bytes = TorchLayout.localHeader(name: last.name, size: last.size, offset: last.offset) + digits
        bytes += TorchLayout.descriptor(crc32: crc32, size: last.size, offset: last.offset)
        all.append(last)
        sums.append(crc32)
      }
      let (start, directory) = (position + bytes.count, bytes.count)
      for (entry, crc32) in zip(all, sums) {
        bytes += TorchLayout.centralHeader(
          name: entry.name, crc32: crc32, size: entry.size, offset: entry.offset)
      }
      return bytes + TorchLayout.end(count: all.count, start: start, size: bytes.count - directory)
    }
    // Its length does not depend on the checksums.
    let size = end([UInt32](repeating: 0, count: entries.count)).count
    return try OutputPlan(pieces, endSize: size, end: end)
  }

  private static let identitySize = 40

  private static func identity(_ entries: [Entry], _ checksums: [UInt32]) -> [UInt8] {
    var (names, sums) = (UInt64(0xCBF2_9CE4_8422_2325), UInt64(0))
    for (entry, crc32) in zip(entries, checksums) {
      for byte in entry.name { names = (names ^ UInt64(byte)) &* 0x100_0000_01B3 }
      sums = (sums &* 31) &+ UInt64(crc32)
    }
    return [names, sums].flatMap { value in
      let digits = Array(String(value).utf8)
      return [UInt8](repeating: UInt8(ascii: "0"), count: 20 - digits.count) + digits
    }
  }
}
