/// How the elements of two tensors of one shape differ.
public struct ValueDifference: Sendable, Equatable {
  /// Whether all bits are the same, and the dtype too.
  public internal(set) var isBitEqual = false
  /// Whether the elements are numbers, so that the rest means something.
  public internal(set) var isNumeric = true
  public internal(set) var elementCount = 0
  /// How many pairs differ in value, those with one NaN included.
  public internal(set) var differing = 0
  /// The largest |a − b|, and where it is; infinite where one of a pair is.
  public internal(set) var maximum = 0.0
  public internal(set) var maximumIndex: [Int]?
  /// The largest |a − b| / |b|, as `torch.testing` has it: infinite where b is 0.
  public internal(set) var maximumRelative = 0.0
  /// The cosine of the angle between the tensors as vectors, over the pairs that are finite; `nil` where one is zero.
  public internal(set) var cosine: Double?
  /// Pairs with a NaN in the first alone, in the second alone, and in both.
  public internal(set) var nanInFirst = 0
  public internal(set) var nanInSecond = 0
  public internal(set) var nanInBoth = 0
  /// How many pairs are not close; `nil` where no tolerance was given.
  public internal(set) var notClose: Int?

  public init() {}

  /// Whether the values count as equal: close where there is a tolerance, the same bits otherwise.
  public var passed: Bool { notClose.map { $0 == 0 } ?? isBitEqual }
}
