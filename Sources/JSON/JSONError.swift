public import SutureText

/// Why bytes are not a JSON document, and where.
public struct JSONError: SutureError, Equatable {
  /// What is wrong there.
  public enum Cause: Equatable, Sendable {
    case unexpectedEnd
    case unexpectedByte(UInt8, expected: String)
    case invalidUTF8
    case invalidEscape
    case loneSurrogate
    case controlCharacter(UInt8)
    case leadingZero
    /// - Parameter depth: how many arrays and objects enclose the object that has the key twice.
    case duplicateKey(String, depth: Int)
    case tooDeep(limit: Int)
    case tooManyValues(limit: Int)
    case trailingData
  }

  /// The byte of the document that could not be accepted.
  public let offset: Int
  /// What is wrong there.
  public let cause: Cause

  init(_ offset: Int, _ cause: Cause) { (self.offset, self.cause) = (offset, cause) }

  public var kind: FailureKind { .unreadable }
  public var place: FailurePlace { FailurePlace(byteOffset: offset) }
  public var reason: String { "\(cause)" }
}

extension JSONError.Cause: CustomStringConvertible {
  /// What is wrong, on one line.
  public var description: String {
    switch self {
    case .unexpectedEnd: "it ends too early"
    case .unexpectedByte(let byte, let expected): "\(expected) expected, \(Self.spell(byte)) found"
    case .invalidUTF8: "invalid UTF-8"
    case .invalidEscape: "an unknown escape sequence"
    case .loneSurrogate: "an escaped surrogate without its other half"
    case .controlCharacter(let byte): "an unescaped control character (\(Self.spell(byte)))"
    case .leadingZero: "a number with a leading zero"
    case .duplicateKey(let key, _): "the key \(JSONWriter.text(.string(key))) a second time"
    case .tooDeep(let limit): "more than \(limit) nested arrays and objects"
    case .tooManyValues(let limit): "more than \(limit) values"
    case .trailingData: "more data after the document"
    }
  }

  private static func spell(_ byte: UInt8) -> String {
    (0x21...0x7E).contains(byte)
      ? "\"\(Character(Unicode.Scalar(byte)))\""
      : "byte 0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }
}
