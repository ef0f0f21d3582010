internal import SutureNumbers

/// How many elements are no finite numbers, and where the first of them is.
public struct NonFinite: Sendable, Equatable {
  public fileprivate(set) var nanCount = 0
  public fileprivate(set) var infinityCount = 0
  /// The first one's index along each axis; `nil` where all are finite.
  public fileprivate(set) var firstIndex: [Int]?
  public fileprivate(set) var firstIsNaN = false

  public var isEmpty: Bool { firstIndex == nil }
}

extension Tensor {
  /// Counts NaNs and infinities, reading every element once.
  ///
  /// A complex number counts as NaN where one of its parts is, else as infinite where one is. Tensors of integers and
  /// tensors without elements have none.
  public func nonFinite() throws -> NonFinite {
    guard var search = NonFiniteSearch(self) else { return NonFinite() }
    var place = 0
    try forEachChunk { buffer, count in
      search.look(at: buffer, 0..<count, from: place)
      place += count / dtype.byteCount
    }
    return search.found
  }

  /// The index along each axis of the element that row-major order puts at `place`.
  package func index(ofPlace place: Int) -> [Int] {
    var rest = place
    var index = [Int](repeating: 0, count: shape.count)
    for axis in shape.indices.reversed() {
      index[axis] = rest % shape[axis]
      rest /= shape[axis]
    }
    return index
  }
}

/// Counts the elements of a tensor that are no finite numbers, stretch by stretch in any order.
package struct NonFiniteSearch: Sendable {
  private let tensor: Tensor
  private let format: FloatFormat
  private let width: Int
  private var counts = NonFinite()
  private var first: Int?

  /// `nil` for a tensor that has no such elements, whatever its bytes are.
  package init?(_ tensor: Tensor) {
    guard tensor.hasElements, let codec = tensor.dtype.codec, case .float(let format) = codec.number else {
      return nil
    }
    (self.tensor, self.format, width) = (tensor, format, codec.width)
  }

  /// Looks at the elements that lie in `range` of `bytes`.
  ///
  /// - Parameter place: where row-major order puts the first of them.
  package mutating func look(at bytes: [UInt8], _ range: Range<Int>, from place: Int) {
    format.forEachNonFinite(in: bytes, range, width: width) { index, isNaN in
      if isNaN { counts.nanCount += 1 } else { counts.infinityCount += 1 }
      note(place + index, isNaN)
    }
  }

  /// Adds what another search has found among other elements of the same tensor.
  package mutating func add(_ other: Self) {
    counts.nanCount += other.counts.nanCount
    counts.infinityCount += other.counts.infinityCount
    if let first = other.first { note(first, other.counts.firstIsNaN) }
  }

  private mutating func note(_ place: Int, _ isNaN: Bool) {
    if let first, first <= place { return }
    (first, counts.firstIsNaN) = (place, isNaN)
  }

  /// Whether nothing was found.
  package var isEmpty: Bool { first == nil }

  /// What was found of all that was looked at.
  package var found: NonFinite {
    var found = counts
    found.firstIndex = first.map(tensor.index(ofPlace:))
    return found
  }
}
