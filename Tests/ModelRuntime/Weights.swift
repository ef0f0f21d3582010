import SutureTensors
import TestSupport

/// Random weights under facebookresearch's names.
enum Weights {
  static func random(
    depths: [Int], dims: [Int], classes: Int?, _ generator: inout Seeded
  ) throws -> StateDict {
    var dict = StateDict()
    func add(_ name: String, _ shape: [Int], around center: Float = 0) throws {
      let count = shape.reduce(1, *)
      let scale = shape.count > 1 ? 1 / Float(count / shape[0]).squareRoot() : 0.2
      let values = (0..<count).map { _ in center + scale * Float.random(in: -1...1, using: &generator) }
      try dict.append(name, try Tensor(floats: values, shape: shape))
    }
    for stage in 0..<4 {
      let (width, input) = (dims[stage], stage == 0 ? 3 : dims[stage - 1])
      let (norm, convolution, kernel) = stage == 0 ? (1, 0, 4) : (0, 1, 2)
      try add("downsample_layers.\(stage).\(convolution).weight", [width, input, kernel, kernel])
      try add("downsample_layers.\(stage).\(convolution).bias", [width])
      try add("downsample_layers.\(stage).\(norm).weight", [stage == 0 ? width : input], around: 1)
      try add("downsample_layers.\(stage).\(norm).bias", [stage == 0 ? width : input])
      for block in 0..<depths[stage] {
        let start = "stages.\(stage).\(block)."
        try add(start + "gamma", [width], around: 0.3)
        try add(start + "dwconv.weight", [width, 1, 7, 7])
        try add(start + "dwconv.bias", [width])
        try add(start + "norm.weight", [width], around: 1)
        try add(start + "norm.bias", [width])
        try add(start + "pwconv1.weight", [4 * width, width])
        try add(start + "pwconv1.bias", [4 * width])
        try add(start + "pwconv2.weight", [width, 4 * width])
        try add(start + "pwconv2.bias", [width])
      }
    }
    guard let classes else { return dict }
    try add("norm.weight", [dims[3]], around: 1)
    try add("norm.bias", [dims[3]])
    try add("head.weight", [classes, dims[3]])
    try add("head.bias", [classes])
    return dict
  }
}
