public import SutureNumbers

/// What the numbers of a tensor are like.
public struct TensorStatistics: Sendable, Equatable {
  /// The least and the largest of the finite elements; `nil` where there is none.
  public let minimum: Double?
  public let maximum: Double?
  /// Of the finite elements.
  public let mean: Double?
  /// The population's, as `Tensor.std(correction=0)` gives it.
  public let deviation: Double?
  public let zeroCount: Int
  public let nanCount: Int
  public let infinityCount: Int
  /// How the finite elements lie, in up to 64 bins; `nil` where there is none.
  public let histogram: Histogram?
}

extension Tensor {
  /// Whether ``statistics()`` understands the elements: real numbers, and integers that mean themselves.
  public var hasStatistics: Bool { hasElements && dtype.codec?.width == 1 }

  /// Reads every element once.
  ///
  /// - Throws: ``TensorError/notConvertible(_:to:)`` for complex numbers and for bits without a meaning.
  public func statistics() throws -> TensorStatistics {
    guard let codec = dtype.codec, codec.width == 1 else {
      throw TensorError.notConvertible(dtype, to: .float64)
    }
    var summary = NumberSummary()
    try forEachChunk { buffer, byteCount in
      summary.add(buffer, count: byteCount / dtype.byteCount, as: codec)
    }
    return TensorStatistics(
      minimum: summary.minimum, maximum: summary.maximum, mean: summary.mean, deviation: summary.deviation,
      zeroCount: summary.zeroCount, nanCount: summary.nanCount, infinityCount: summary.infinityCount,
      histogram: summary.histogram())
  }
}
