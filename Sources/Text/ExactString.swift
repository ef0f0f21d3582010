internal import Glibc

/// A string that equals another only byte for byte.
///
/// Swift's own strings compare by canonical equivalence: `"é"` as one scalar equals `"é"` as two. To PyTorch,
/// zip and JSON these are two names, so whatever looks a name from a file up does it through this.
public struct ExactString: Hashable, Sendable, Comparable {
  public let string: String

  public init(_ string: String) { self.string = string }

  public static func == (one: Self, other: Self) -> Bool {
    guard one.string.utf8.count == other.string.utf8.count else { return false }
    // Strings of Swift's own lie in one piece, and are looked at where they are.
    let isEqual = unsafe one.string.utf8.withContiguousStorageIfAvailable { one in
      unsafe other.string.utf8.withContiguousStorageIfAvailable { other in
        guard let first = one.baseAddress, let second = other.baseAddress else { return true }
        // Copies of a name are often the same text in memory.
        return unsafe first == second || memcmp(first, second, one.count) == 0
      }
    }
    return (isEqual ?? nil) ?? one.string.utf8.elementsEqual(other.string.utf8)
  }

  public func hash(into hasher: inout Hasher) {
    let isDone: Void? = unsafe string.utf8.withContiguousStorageIfAvailable {
      unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0))
    }
    if isDone != nil { return }
    var copy = string
    copy.withUTF8 { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }

  /// Byte order, which is how Rust and Python sort UTF-8 names.
  public static func < (one: Self, other: Self) -> Bool {
    let precedes = unsafe one.string.utf8.withContiguousStorageIfAvailable { one in
      unsafe other.string.utf8.withContiguousStorageIfAvailable { other in
        let count = min(one.count, other.count)
        var place = 0
        while place < count, unsafe one[place] == other[place] { place += 1 }
        return unsafe place < count ? one[place] < other[place] : one.count < other.count
      }
    }
    return (precedes ?? nil) ?? one.string.utf8.lexicographicallyPrecedes(other.string.utf8)
  }
}
