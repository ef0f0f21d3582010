internal import SutureTensors

/// Where a weight has its output channels.
enum OutputAxis {
  case first
  /// In groups of so many inputs with so many outputs each.
  case second(inputs: Int, outputs: Int)

  /// How many there are along the second axis.
  var outputs: Int? { if case .second(_, let outputs) = self { outputs } else { nil } }

  /// Which channel a row along the first axis has at an index of the second.
  func channel(_ row: Int, _ index: Int) -> Int {
    switch self {
    case .first: row
    case .second(let inputs, let outputs): row / inputs * outputs + index
    }
  }
}

/// The vectors of a batch norm, and the bias of the convolution before it, as numbers that are read when they are needed.
///
/// The arithmetic is in double precision, and rounded once at the end.
struct BatchNormParts: Sendable {
  let biasReader: ElementReader?
  let mean: ElementReader
  let variance: ElementReader
  let gain: ElementReader?
  let shift: ElementReader?
  let epsilon: Double

  private var storages: [Storage] {
    [biasReader, mean, variance, gain, shift].compactMap { $0?.storage }
  }

  /// γ/√(σ² + ε) of some channels.
  private func factors(_ channels: Range<Int>, _ reading: NumberReading) throws -> [Double] {
    let variances = try variance.doubles(channels, reading)
    guard let gain else { return variances.map { 1 / ($0 + epsilon).squareRoot() } }
    return zip(try gain.doubles(channels, reading), variances).map { $0 / ($1 + epsilon).squareRoot() }
  }

  func weight(_ weight: Tensor, _ axis: OutputAxis, _ channels: Int) throws -> Tensor {
    let reader = try ElementReader(weight)
    let length = weight.shape.first.map { $0 > 0 ? weight.elementCount / $0 : 0 } ?? 0
    // How many elements of a row have one factor.
    let run = axis.outputs.map { length / $0 } ?? length
    return try Tensor(
      dtype: weight.dtype, shape: weight.shape, rowLength: length, label: weight.storage.label,
      from: storages + [reader.storage]
    ) { rows, reading in
      var numbers = try reader.doubles((rows.lowerBound * length)..<(rows.upperBound * length), reading)
      if run == 0 { return numbers }
      let range = axis.outputs == nil ? rows : 0..<channels
      let factors = try factors(range, reading)
      for (place, row) in rows.enumerated() {
        for index in 0..<length {
          let channel = axis.channel(row, index / run)
          numbers[place * length + index] *= factors[channel - range.lowerBound]
        }
      }
      return numbers
    }
  }

  func bias(_ channels: Int, like tensor: Tensor) throws -> Tensor {
    try Tensor(
      dtype: tensor.dtype, shape: [channels], rowLength: 1, label: tensor.storage.label, from: storages
    ) { range, reading in
      let biases = try biasReader?.doubles(range, reading) ?? range.map { _ in 0 }
      let shifts = try shift?.doubles(range, reading) ?? range.map { _ in 0 }
      let (means, factors) = (try mean.doubles(range, reading), try factors(range, reading))
      return range.indices.map { index in
        let place = index - range.lowerBound
        return (biases[place] - means[place]) * factors[place] + shifts[place]
      }
    }
  }
}
