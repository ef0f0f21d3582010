/// How much a pickle stream may ask for.
///
/// The defaults leave a hundredfold room over the largest checkpoints known. None of them allows an allocation
/// that the stream's own length does not justify.
public struct PickleLimits: Sendable, Equatable {
  /// How long a pickle may be, in bytes.
  public var streamBytes = 1 << 30
  /// How many opcodes may run.
  public var opcodes = 50_000_000
  /// How many values may be made.
  public var values = 5_000_000
  /// How many memo slots may be filled.
  public var memo = 10_000_000
  /// How deep MARKs may nest.
  public var marks = 1_000_000
  /// How long the name of a class or function may be, in bytes.
  public var globalName = 4096
  /// How many digits a number written in decimals may have; Python's own limit.
  public var decimalDigits = 4300

  public init() {}
}
