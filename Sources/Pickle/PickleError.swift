public import SutureText

/// Why a pickle stream could not be read, and where.
public struct PickleError: SutureError, Equatable {
  /// The offset of the opcode in the stream.
  public let offset: Int
  public let reason: String
  /// Whether the stream asks for more than it may; ``PickleLimits`` can be raised.
  public var isLimit: Bool { limit != nil }
  /// The name of the limit, such as `values`.
  public var limit: String?
  /// How many bytes are wanted of a stream that ends too early; `nil` where something else is wrong.
  var needed: Int?

  public var kind: FailureKind { .unreadable }
  public var place: FailurePlace { FailurePlace(byteOffset: offset) }

  public var remedies: [Remedy] {
    guard let limit else { return [] }
    return [
      "a bomb, or not a checkpoint", .setting("limit", value: "\(limit)=N", "allows more"),
      .setting("limit", value: "help", "lists the names"),
    ]
  }
}
