public import SutureText

/// Why bytes are not a JSON document, and where.
public struct JSONError: SutureError, Equatable {
  /// The byte of the document that could not be accepted.
  public let offset: Int
  /// What is wrong there, on one line.
  public let reason: String
  /// The key of the outermost object that comes a second time there; `nil` where something else is wrong.
  public let duplicateMember: String?

  init(_ offset: Int, _ reason: String, duplicateMember: String? = nil) {
    (self.offset, self.reason, self.duplicateMember) = (offset, reason, duplicateMember)
  }

  public var kind: FailureKind { .unreadable }
  public var place: FailurePlace { FailurePlace(byteOffset: offset) }

  static func unexpected(_ byte: UInt8, at offset: Int, expected: String) -> JSONError {
    JSONError(offset, "\(expected) expected, \(spell(byte)) found")
  }

  static func invalidEscape(at offset: Int) -> JSONError { JSONError(offset, "an unknown escape sequence") }

  static func loneSurrogate(at offset: Int) -> JSONError {
    JSONError(offset, "an escaped surrogate without its other half")
  }

  static func unexpectedEnd(at offset: Int) -> JSONError { JSONError(offset, "it ends too early") }

  static func spell(_ byte: UInt8) -> String {
    (0x21...0x7E).contains(byte)
      ? "\"\(Character(Unicode.Scalar(byte)))\""
      : "byte 0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }
}
