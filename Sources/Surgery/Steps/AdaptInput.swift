internal import SutureJSON
internal import SutureTensors
internal import SutureText

/// Gives a convolution that takes 3 channels, or a multiple of them, or 1, another number of input channels.
///
/// The rule is timm's `adapt_input_conv`: for one channel the weights are summed, in threes where the input was folded
/// into depth; for *n* the three are repeated, cut to *n* and scaled by 3/*n*, so that a grey image gives what it gave. One
/// channel, of which timm says nothing, is repeated and divided by *n*, for the same reason.
public struct AdaptInput: Step {
  let patterns: [String]
  let channels: Int

  /// - Parameter patterns: fit the convolution's weight.
  public init(_ patterns: String..., channels: Int) { self.init(patterns, channels: channels) }

  public init(_ patterns: [String], channels: Int) { (self.patterns, self.channels) = (patterns, channels) }

  public static let schema = StepSchema(
    "adapt-input", .tensors, "Make convolutions of 3 input channels, or 1, take N, as timm does.",
    operand: .operand(.patterns, "PATTERN"), fields: [.required("channels", .integer, "N", after: "=")],
    example: #"{adapt-input: "downsample_layers.0.0.weight", channels: 1}"#,
    on: "downsample_layers.0.0.weight [96,3,4,4]")

  public init(_ record: StepRecord) throws {
    let value = try record.require("channels")
    let channels = try value.integer()
    if !Self.possible.contains(channels) { throw value.error(Self.limits) }
    self.init(try record.operand.strings(), channels: channels)
  }

  public var record: StepRecord {
    StepRecord("adapt-input", .strings(patterns), [("channels", .integer(channels))])
  }

  public func summary(_: ResolvedFields) -> String {
    "adapt input of \(quoted(patterns)) to \(Format.plural(channels, "channel"))"
  }

  private static let possible = 1...(1 << 16)
  private static let limits = "needs 1 to \(possible.upperBound) channels"

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    if !Self.possible.contains(channels) { throw SurgeryError(.badPattern, Self.limits) }
    return try .transforming(patterns, &draft) { entry in
      try entry.requireNumbers()
      let shape = entry.tensor.shape
      guard shape.count >= 3, shape[1] > 0 else {
        throw entry.doesNotFit("a convolution's weight is [out, in, kernel…]")
      }
      let old = shape[1]
      if channels == old { return entry.tensor }
      guard channels == 1 ? old <= 3 || old % 3 == 0 : old == 3 || old == 1 else {
        throw entry.doesNotFit("only 3 channels or 1 can be made \(channels), and it has \(old)")
      }
      return try adapted(entry.tensor)
    }
  }

  private func adapted(_ tensor: Tensor) throws -> Tensor {
    let old = tensor.shape[1]
    // An image folded into depth has its three channels once for each pixel.
    let pixels = max(old / 3, 1)
    let new = channels == 1 ? pixels : channels
    let kernel = tensor.shape[2...].reduce(1, *)
    let reader = try ElementReader(tensor)
    var shape = tensor.shape
    shape[1] = new
    // torch scales float32 by a float32.
    let scale = Double(Float(Double(old) / Double(new)))
    return try Tensor(
      dtype: tensor.dtype, shape: shape, rowLength: new * kernel, label: tensor.storage.label,
      from: [reader.storage]
    ) { rows, reading in
      let weights = try reader.doubles(
        (rows.lowerBound * old * kernel)..<(rows.upperBound * old * kernel), reading)
      var result: [Double] = []
      result.reserveCapacity(rows.count * new * kernel)
      for row in 0..<rows.count {
        let start = row * old * kernel
        for channel in 0..<new {
          for place in 0..<kernel {
            if channels == 1 {
              let first = channel * (old / pixels)
              let summed = first..<(first + old / pixels)
              result.append(summed.reduce(0) { $0 + weights[start + $1 * kernel + place] })
            } else {
              result.append(weights[start + channel % old * kernel + place] * scale)
            }
          }
        }
      }
      return result
    }
  }
}
