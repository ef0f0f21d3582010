internal import SutureArchitectures
internal import SutureTensors

/// A linear map of each pixel's channels, as `nn.Linear` on N×H×W×C.
struct Linear: Sendable {
  /// [out, in].
  let weight: Parameter
  let bias: Parameter
  let inputs: Int
  let outputs: Int
  var activation = Activation.none

  init(_ start: String, in dict: StateDict, inputs: Int, outputs: Int, activation: Activation = .none) throws
  {
    weight = try Parameter(start + ".weight", in: dict, shape: [outputs, inputs])
    bias = try Parameter(start + ".bias", in: dict, shape: [outputs])
    (self.inputs, self.outputs, self.activation) = (inputs, outputs, activation)
  }

  func output(for x: MapShape) throws -> MapShape {
    guard x.channels == inputs else {
      throw ModelError.wrongInput("it takes \(inputs) channels and is given \(x.channels)")
    }
    return MapShape(batch: x.batch, height: x.height, width: x.width, channels: outputs)
  }
}
