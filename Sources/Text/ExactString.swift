/// A string that equals another only byte for byte.
///
/// Swift's own strings compare by canonical equivalence: `"é"` as one scalar equals `"é"` as two. To PyTorch,
/// zip and JSON these are two names, so whatever looks a name from a file up does it through this.
public struct ExactString: Hashable, Sendable, Comparable {
  public let string: String

  public init(_ string: String) { self.string = string }

  public static func == (one: Self, other: Self) -> Bool {
    guard one.string.utf8.count == other.string.utf8.count else { return false }
    var (one, other) = (one.string, other.string)
    return one.withUTF8 { one in
      other.withUTF8 { other in unsafe one.elementsEqual(other) }
    }
  }

  public func hash(into hasher: inout Hasher) {
    var copy = string
    copy.withUTF8 { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }

  /// Byte order, which is how Rust and Python sort UTF-8 names.
  public static func < (one: Self, other: Self) -> Bool {
    one.string.utf8.lexicographicallyPrecedes(other.string.utf8)
  }
}
