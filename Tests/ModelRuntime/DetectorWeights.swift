import SutureArchitectures
import SutureTensors
import TestSupport

@testable import SutureModelRuntime

/// Random weights for the layers of a model file.
struct DetectorWeights {
  private(set) var dict = StateDict()
  private var generator: Seeded

  init(_ file: ModelFile, seed: UInt64) throws {
    generator = Seeded(seed)
    let layers = try LayerParser(file).layers
    for layer in layers {
      let start = "model.\(layer.index)."
      func each(_ add: (String) throws -> Void) rethrows {
        if layer.repeats == 1 { return try add(start) }
        for copy in 0..<layer.repeats { try add("\(start)\(copy).") }
      }
      switch layer.module {
      case .convNeXtBlock(_, let configuration):
        let backbone = try Weights.random(
          depths: configuration.depths, dims: configuration.dims, classes: nil, &generator)
        for entry in backbone.entries { try dict.append(start + entry.name, entry.tensor) }
      case .convolution(let shape): try each { try add(shape, $0) }
      case .bottleneck(let shape): try each { try add(shape, $0) }
      case .c3(let shape):
        try add(shape.entry, start + "cv1.")
        try add(shape.entry, start + "cv2.")
        try add(shape.exit, start + "cv3.")
        for copy in 0..<shape.repeats { try add(shape.bottleneck, "\(start)m.\(copy).") }
      case .concat, .upsample: break
      case .detect:
        let outputs = file.anchors[0].count / 2 * (file.classes + 5)
        for (level, source) in layer.sources.enumerated() {
          try add("\(start)m.\(level).weight", [outputs, layers[source].channels, 1, 1])
          try add("\(start)m.\(level).bias", [outputs])
        }
      }
    }
  }

  private mutating func add(_ name: String, _ shape: [Int], around center: Float = 0) throws {
    let count = shape.reduce(1, *)
    let scale = shape.count > 1 ? 1.5 / Float(count / shape[0]).squareRoot() : 0.2
    let values = (0..<count).map { _ in center + scale * Float.random(in: -1...1, using: &generator) }
    try dict.append(name, try Tensor(floats: values, shape: shape))
  }

  private mutating func add(_ shape: DetectorLayer.ConvolutionShape, _ start: String) throws {
    let weight = [shape.outputs, shape.inputs / shape.groups, shape.kernel, shape.kernel]
    try add(start + "conv.weight", weight)
    for (name, center) in [("weight", 1), ("bias", 0), ("running_mean", 0), ("running_var", 1)]
      as [(String, Float)]
    {
      try add("\(start)bn.\(name)", [shape.outputs], around: center)
    }
  }

  private mutating func add(_ shape: DetectorLayer.BottleneckShape, _ start: String) throws {
    try add(shape.first, start + "cv1.")
    try add(shape.second, start + "cv2.")
  }
}
