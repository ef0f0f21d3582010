public import SutureText

/// Why a pickle stream could not be read, and where.
public struct PickleError: SutureError, Equatable {
  public enum Cause: Equatable, Sendable {
    /// The stream ends inside an opcode or before STOP.
    case truncated(needed: Int, available: Int)
    case noStop
    case unknownOpcode(UInt8)
    /// EXT1, NEXT_BUFFER and their like, which refer to things outside the file.
    case unsupportedOpcode
    case stackUnderflow
    case missingMark
    case oddItemCount
    case notInMemo(Int)
    case wrongOperand(expected: String, found: String)
    case invalidText
    case badNumber(String)
    case negativeLength(Int)
    case unsupportedProtocol(Int)
    case frameBoundary
    case limitExceeded(String, Int)
  }

  /// The offset of the opcode in the stream.
  public let offset: Int
  /// The opcode's name, where there is one.
  public let opcode: String?
  public let cause: Cause

  /// Whether the stream asks for more than it may; ``PickleLimits`` can be raised.
  public var isLimit: Bool { if case .limitExceeded = cause { true } else { false } }

  /// Whether the stream ended too early.
  var isShort: Bool {
    switch cause {
    case .truncated, .noStop: true
    default: false
    }
  }

  public var kind: FailureKind { .unreadable }
  public var place: FailurePlace { FailurePlace(byteOffset: offset) }
  public var reason: String { (opcode.map { "\($0): " } ?? "") + explanation }

  public var remedies: [Remedy] {
    guard isLimit else { return [] }
    return [
      "a bomb, or not a checkpoint", .setting("limit", value: "NAME=N", "allows more"),
      .setting("limit", value: "help", "lists the names"),
    ]
  }

  private var explanation: String {
    switch cause {
    case .truncated(let needed, let available):
      "the stream ends: \(needed == Int.max ? "more" : String(needed)) bytes wanted, \(available) left"
    case .noStop: "the stream ends without STOP"
    case .unknownOpcode(let byte): "0x\(String(byte, radix: 16)) is no pickle opcode"
    case .unsupportedOpcode: "this opcode refers to data outside the file"
    case .stackUnderflow: "the stack is empty"
    case .missingMark: "there is no MARK on the stack"
    case .oddItemCount: "a key has no value"
    case .notInMemo(let key): "memo slot \(key) was never filled"
    case .wrongOperand(let expected, let found): "\(expected) expected, found \(found)"
    case .invalidText: "the text is not valid UTF-8"
    case .badNumber(let text): "\"\(text)\" is not a number"
    case .negativeLength(let length): "the length is \(length)"
    case .unsupportedProtocol(let version): "protocol \(version) is unknown; 0 to 5 are supported"
    case .frameBoundary: "a frame ends inside an opcode"
    case .limitExceeded(let what, let limit): "more than \(limit) \(what)"
    }
  }
}
