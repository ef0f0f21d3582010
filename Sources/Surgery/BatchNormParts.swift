internal import SutureTensors

/// The vectors of a batch norm, and the bias of the convolution before it, as numbers that are read when they are needed.
///
/// The arithmetic is in double precision, and rounded once at the end.
struct BatchNormParts: Sendable {
  private let biasReader: ElementReader?
  private let mean: ElementReader
  private let variance: ElementReader
  private let gain: ElementReader?
  private let shift: ElementReader?
  private let epsilon: Double

  init(bias: Tensor?, mean: Tensor, variance: Tensor, gain: Tensor?, shift: Tensor?, epsilon: Double) throws {
    biasReader = try bias.map { try ElementReader($0) }
    self.mean = try ElementReader(mean)
    self.variance = try ElementReader(variance)
    self.gain = try gain.map { try ElementReader($0) }
    self.shift = try shift.map { try ElementReader($0) }
    self.epsilon = epsilon
  }

  private var storages: [Storage] {
    [biasReader, mean, variance, gain, shift].compactMap { $0?.storage }
  }

  /// γ/√(σ² + ε) of some channels.
  private func factors(_ channels: Range<Int>) throws -> [Double] {
    let variances = try variance.doubles(channels)
    guard let gain else { return variances.map { 1 / ($0 + epsilon).squareRoot() } }
    return zip(try gain.doubles(channels), variances).map { $0 / ($1 + epsilon).squareRoot() }
  }

  func weight(_ weight: Tensor) throws -> Tensor {
    let reader = try ElementReader(weight)
    let length = weight.shape.first.map { $0 > 0 ? weight.elementCount / $0 : 0 } ?? 0
    return try Tensor(
      dtype: weight.dtype, shape: weight.shape, rowLength: length, label: weight.storage.label,
      from: storages + [reader.storage]
    ) { rows in
      var numbers = try reader.doubles((rows.lowerBound * length)..<(rows.upperBound * length))
      for (row, factor) in try factors(rows).enumerated() {
        for index in (row * length)..<((row + 1) * length) { numbers[index] *= factor }
      }
      return numbers
    }
  }

  func bias(_ channels: Int, _ weight: Tensor) throws -> Tensor {
    try Tensor(
      dtype: weight.dtype, shape: [channels], rowLength: 1, label: weight.storage.label, from: storages
    ) { range in
      let biases = try biasReader?.doubles(range) ?? range.map { _ in 0 }
      let shifts = try shift?.doubles(range) ?? range.map { _ in 0 }
      let (means, factors) = (try mean.doubles(range), try factors(range))
      return range.indices.map { index in
        let place = index - range.lowerBound
        return (biases[place] - means[place]) * factors[place] + shifts[place]
      }
    }
  }
}
