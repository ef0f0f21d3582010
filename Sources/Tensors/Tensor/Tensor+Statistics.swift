internal import SutureNumbers

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
    var (count, zeros, nans, infinities) = (0, 0, 0, 0)
    var (least, largest) = (Double.infinity, -Double.infinity)
    // Welford's recurrence: one pass, no cancellation.
    var (mean, squares) = (0.0, 0.0)
    try forEachChunk { buffer, byteCount in
      for value in codec.decode(buffer, count: byteCount / dtype.byteCount) {
        guard value.isFinite else {
          if value.isNaN { nans += 1 } else { infinities += 1 }
          continue
        }
        count += 1
        if value == 0 { zeros += 1 }
        least = min(least, value)
        largest = max(largest, value)
        let delta = value - mean
        mean += delta / Double(count)
        squares += delta * (value - mean)
      }
    }
    let isEmpty = count == 0
    return TensorStatistics(
      minimum: isEmpty ? nil : least, maximum: isEmpty ? nil : largest, mean: isEmpty ? nil : mean,
      deviation: isEmpty ? nil : (squares / Double(count)).squareRoot(), zeroCount: zeros, nanCount: nans,
      infinityCount: infinities)
  }
}
