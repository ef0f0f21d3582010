/// Why a pickle stream could not be read, and where.
public struct PickleError: Error, Equatable, CustomStringConvertible {
  public enum Reason: Equatable, Sendable {
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
  public let reason: Reason

  /// The same error of a stream that begins at `start` of a file.
  public func moved(by start: Int) -> PickleError {
    PickleError(offset: offset + start, opcode: opcode, reason: reason)
  }

  /// Whether the stream asks for more than it may; ``PickleLimits`` can be raised.
  public var isLimit: Bool { if case .limitExceeded = reason { true } else { false } }

  /// Whether the stream ended too early.
  var isShort: Bool {
    switch reason {
    case .truncated, .noStop: true
    default: false
    }
  }

  public var description: String { "byte \(offset)\(opcode.map { ", \($0)" } ?? ""): \(explanation)" }

  private var explanation: String {
    switch reason {
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
