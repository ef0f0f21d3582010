public import SutureText

/// Why an archive is not read, and where the fault lies.
public struct ArchiveError: SutureError {
  public enum Cause: Sendable, Equatable {
    case truncated
    case libzip(String)
    case duplicateName(String)
    case badName
    case noLocalHeader
    /// The local header and the central directory disagree on a field.
    case headersDisagree(String)
    case encrypted
    case patched
    case unsupportedMethod(UInt16)
    case overlap(String)
    case outsideFile(end: Int, fileSize: Int)
    case tooManyRecords(Int)
    case tooLarge(Int, limit: Int)
    case sizeLie
    case damagedData
    case shortRecord(Int, Int)
    case checksum(declared: UInt32, computed: UInt32)
  }

  public let source: String
  public let record: String?
  /// Where in the file.
  public let offset: Int?
  public let cause: Cause

  init(_ source: String, record: String? = nil, offset: Int? = nil, _ cause: Cause) {
    (self.source, self.record, self.offset, self.cause) = (source, record, offset, cause)
  }

  public var kind: FailureKind { .unreadable }
  public var place: FailurePlace { FailurePlace(file: source, record: record, byteOffset: offset) }
  public var remedies: [Remedy] { [advice] }

  public var reason: String {
    switch cause {
    case .truncated: "the zip archive has no readable central directory: it is truncated or damaged"
    case .libzip(let text): "the zip archive cannot be read: \(text)"
    case .duplicateName(let other):
      "the name comes twice in the archive (as \(other)), and readers differ on which counts"
    case .badName: "the record's name is not valid UTF-8 or has a NUL in it"
    case .noLocalHeader: "the record has no local header where the central directory says"
    case .headersDisagree(let field): "the local header and the central directory disagree on its \(field)"
    case .encrypted: "the record is encrypted"
    case .patched: "the record is compressed patched data"
    case .unsupportedMethod(let method):
      "its compression method is \(method); stored (0) and deflated (8) are supported"
    case .overlap(let other): "it overlaps the record \(other)"
    case .outsideFile(let end, let size): "it should end at byte \(end), but the file has \(size)"
    case .tooManyRecords(let count): "the archive has \(count) records"
    case .tooLarge(let size, let limit): "it is \(size) bytes long; \(limit) is the limit"
    case .sizeLie: "its sizes cannot be true"
    case .damagedData: "its compressed data is damaged"
    case .shortRecord(let wanted, let got): "it should hold \(wanted) bytes, but ends after \(got)"
    case .checksum(let declared, let computed):
      "it is corrupt: its CRC-32 is \(String(computed, radix: 16)), the archive says \(String(declared, radix: 16))"
    }
  }

  private var advice: Remedy {
    switch cause {
    case .encrypted: "decrypt it first, with unzip for one"
    case .unsupportedMethod: "unpack it and zip it again without compression: zip -0"
    case .truncated, .damagedData, .checksum, .shortRecord, .outsideFile, .libzip, .noLocalHeader:
      "fetch or copy the file again"
    default: "an honest program does not write such an archive: find out where it comes from"
    }
  }
}
