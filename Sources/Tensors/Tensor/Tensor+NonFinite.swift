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
    guard hasElements, let codec = dtype.codec, case .float(let format) = codec.number else {
      return NonFinite()
    }
    var result = NonFinite()
    var first: Int?
    var position = 0
    try forEachChunk { buffer, count in
      format.forEachNonFinite(in: buffer, count: count, width: codec.width) { place, isNaN in
        if isNaN { result.nanCount += 1 } else { result.infinityCount += 1 }
        if first == nil { (first, result.firstIsNaN) = (position + place, isNaN) }
      }
      position += count / dtype.byteCount
    }
    result.firstIndex = first.map(index(ofPlace:))
    return result
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
