/// One entry of an archive.
public struct Record: Sendable {
  public enum Method: Sendable, Equatable { case stored, deflated }

  public let name: String
  /// How many bytes the contents have.
  public let size: Int
  /// How many bytes they take in the file.
  public let compressedSize: Int
  public let crc32: UInt32
  public let method: Method
  /// Where the payload begins in the file; `nil` in an archive that is far away, of which the local header is read when
  /// the payload is.
  public let payloadOffset: Int?

  /// The CRC-32 of the contents; `nil` where the archive has 0, which says nothing.
  ///
  /// torch leaves it 0 where it was told to record none, and with `skip_data` for storages that are filled later.
  public var checksum: UInt32? { crc32 == 0 && size > 0 ? nil : crc32 }

  /// Where its contents begin in the file as they are; `nil` where they do not lie there so.
  public var start: Int? { method == .stored ? payloadOffset : nil }

  let index: Int
  let headerOffset: Int
  /// Where the next record begins, or the file ends.
  var end: Int

  /// What the record takes of the file.
  var extent: Range<Int> { headerOffset..<end }
}
