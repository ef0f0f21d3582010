internal import SutureTensors

/// Scales and shifts each channel by the statistics of training, as `nn.BatchNorm2d` in evaluation.
struct BatchNorm: Sendable {
  let weight: Parameter
  let bias: Parameter
  let mean: Parameter
  let variance: Parameter

  let epsilon: Double

  /// YOLOv5 sets it on every batch norm; no state dict holds it.
  static let usualEpsilon = 1e-3

  init(_ start: String, in dict: StateDict, channels: Int, epsilon: Double = usualEpsilon) throws {
    self.epsilon = epsilon
    weight = try Parameter(start + ".weight", in: dict, shape: [channels])
    bias = try Parameter(start + ".bias", in: dict, shape: [channels])
    mean = try Parameter(start + ".running_mean", in: dict, shape: [channels])
    variance = try Parameter(start + ".running_var", in: dict, shape: [channels])
  }

  var parameters: [Parameter] { [weight, bias, mean, variance] }

  /// What each channel is multiplied by, and what is then added.
  func folded() throws -> (scale: [Double], shift: [Double]) {
    let (weight, bias) = (try self.weight.values(), try self.bias.values())
    let (mean, variance) = (try self.mean.values(), try self.variance.values())
    let scale = weight.indices.map { Double(weight[$0]) / (Double(variance[$0]) + epsilon).squareRoot() }
    return (scale, scale.indices.map { Double(bias[$0]) - Double(mean[$0]) * scale[$0] })
  }
}
