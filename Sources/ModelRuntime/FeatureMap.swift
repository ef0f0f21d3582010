public import Tensors

/// Activations: N images of H×W pixels with C channels, stored N×H×W×C.
public struct FeatureMap: Sendable {
  public let batch: Int
  public let height: Int
  public let width: Int
  public let channels: Int
  public var values: [Float]

  /// The largest map that is computed: 2³¹ elements, 8 GiB.
  static let maximumCount = 1 << 31

  /// A map of zeros.
  ///
  /// - Throws: ``ModelError/tooLarge(_:)`` before anything is allocated.
  init(batch: Int, height: Int, width: Int, channels: Int) throws {
    var count = 1
    for size in [batch, height, width, channels] {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard !overflow, product <= Self.maximumCount else {
        throw ModelError.tooLarge(
          "activations of \(batch)×\(channels)×\(height)×\(width) are more than \(Self.maximumCount) elements"
        )
      }
      count = product
    }
    (self.batch, self.height, self.width, self.channels) = (batch, height, width, channels)
    values = [Float](repeating: 0, count: count)
  }

  /// A map from a tensor as PyTorch has it, N×C×H×W, of any floating dtype.
  public init(nchw tensor: Tensor) throws {
    let shape = tensor.shape
    guard shape.count == 4, shape.allSatisfy({ $0 > 0 }) else {
      throw ModelError.wrongInput("an image tensor is N×C×H×W with no size 0; this one is \(shape)")
    }
    try self.init(batch: shape[0], height: shape[2], width: shape[3], channels: shape[1])
    let source = try tensor.floats()
    let area = height * width
    for image in 0..<batch {
      for channel in 0..<channels {
        for pixel in 0..<area {
          values[(image * area + pixel) * channels + channel] =
            source[(image * channels + channel) * area + pixel]
        }
      }
    }
  }

  /// The shape as PyTorch has it.
  public var shape: [Int] { [batch, channels, height, width] }

  public var rowCount: Int { batch * height * width }

  /// The elements in PyTorch's order.
  public var nchw: [Float] {
    var result = [Float](repeating: 0, count: values.count)
    let area = height * width
    for image in 0..<batch {
      for pixel in 0..<area {
        for channel in 0..<channels {
          result[(image * channels + channel) * area + pixel] =
            values[(image * area + pixel) * channels + channel]
        }
      }
    }
    return result
  }

  /// The mean of all elements.
  public var mean: Double { values.reduce(0.0) { $0 + Double($1) } / Double(max(values.count, 1)) }

  /// An image of soft waves and speckle that every run makes alike, normalised as ImageNet images are.
  public static func testImage(size: Int) throws -> FeatureMap {
    var map = try FeatureMap(batch: 1, height: size, width: size, channels: 3)
    var state: UInt32 = 0x2545_F491
    for index in map.values.indices {
      state ^= state << 13
      state ^= state >> 17
      state ^= state << 5
      let (pixel, channel) = (index / 3, index % 3)
      let wave = Float((pixel / size * (3 + channel) + pixel % size * 5) % 97) / 97
      map.values[index] = (0.7 * wave + 0.3 * Float(state >> 8) / 16_777_216) * 4 - 2
    }
    return map
  }
}

/// How far one array is from another.
public struct Difference: Sendable {
  /// The largest absolute difference; NaN where either side has one.
  public let largest: Double
  /// The reference's largest magnitude.
  public let peak: Double

  public init(_ values: [Float], from reference: [Float]) {
    precondition(values.count == reference.count)
    var (largest, peak) = (0.0, 0.0)
    for (value, truth) in zip(values, reference) {
      let difference = (Double(value) - Double(truth)).magnitude
      // max() would lose a NaN, and equal infinities have none.
      if difference.isNaN, value != truth {
        largest = .nan
      } else if difference > largest {
        largest = difference
      }
      if Double(truth).magnitude > peak { peak = Double(truth).magnitude }
    }
    (self.largest, self.peak) = (largest, peak)
  }

  /// The largest difference over the peak.
  public var relative: Double { largest == 0 ? 0 : largest / (peak == 0 ? 1 : peak) }
}
