import SutureArchitectures
import SutureTensors
import TestSupport

/// Random weights, with values such as training leaves.
enum Weights {
  /// A ConvNeXt under facebookresearch's names.
  static func random(
    depths: [Int], dims: [Int], classes: Int?, _ generator: inout Seeded
  ) throws -> StateDict {
    let configuration = ConvNeXtConfiguration(depths: depths, dims: dims, inputChannels: 3)
    var tensors = configuration.backboneKeys.map {
      (name: NamingScheme.facebookresearch.name($0) ?? "", shape: configuration.shape(of: $0))
    }
    if let classes {
      tensors += [("norm.weight", [dims[3]]), ("norm.bias", [dims[3]])]
      tensors += [("head.weight", [classes, dims[3]]), ("head.bias", [classes])]
    }
    return try random(tensors, gain: 1, &generator)
  }

  /// What the layers of a model file read, but for the anchors.
  static func random(for file: ModelFile, seed: UInt64) throws -> StateDict {
    var generator = Seeded(seed)
    let read = file.expectedTensors().filter { $0.isRead && !$0.name.hasSuffix(".anchors") }
    return try random(read.map { ($0.name, $0.shape) }, gain: 1.5, &generator)
  }

  static func random(
    _ tensors: [(name: String, shape: [Int])], gain: Float, _ generator: inout Seeded
  ) throws -> StateDict {
    try StateDict(
      tensors.map { name, shape in
        let count = shape.reduce(1, *)
        let scale = shape.count > 1 ? gain / Float(count / shape[0]).squareRoot() : 0.2
        let values = (0..<count).map { _ in
          center(name, shape) + scale * Float.random(in: -1...1, using: &generator)
        }
        return .init(name: name, tensor: try Tensor(floats: values, shape: shape))
      })
  }

  private static func center(_ name: String, _ shape: [Int]) -> Float {
    if name.hasSuffix("gamma") { return 0.3 }
    return shape.count == 1 && (name.hasSuffix("weight") || name.hasSuffix("running_var")) ? 1 : 0
  }
}
