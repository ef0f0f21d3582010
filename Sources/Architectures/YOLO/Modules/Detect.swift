/// A 1×1 convolution for each level, whose outputs are boxes and classes: `Detect(nc, anchors, ch)`.
struct DetectModule: YOLOModule {
  static let name = "Detect"
  static let className = "models.yolo.Detect"
  static let summary = "boxes and classes, level by level; the last layer"
  static let example = "[[11, 14, 17], 1, Detect, [nc, anchors]]"
  static let usage = "it takes [nc, anchors]"
  static let arguments: [ModuleArgument] = [
    .init("classes", .int(1...100_000)), .init("anchors", .anchors),
  ]

  let shownArguments: [ModelValue]
  /// How many channels each level reads.
  private let inputs: [Int]
  private let outputs: Int
  /// levels × anchors × 2.
  private let anchorsShape: [Int]

  init(_ row: ModuleRow) throws {
    guard row.int("classes") == row.file.classes, row.repeats == 1 else { throw row.error(Self.usage) }
    guard row.isLast else { throw row.error("it must be the last layer") }
    let anchors = row.file.anchors
    guard row.inputs.count == anchors.count else {
      throw row.error("it reads \(row.inputs.count) layers, and there are anchors for \(anchors.count)")
    }
    (inputs, outputs) = (row.inputs, row.file.outputsPerPixel)
    anchorsShape = [anchors.count, anchors[0].count / 2, 2]
    shownArguments = row.values + [.list(inputs.map { .int($0) })]
  }

  var channels: Int { inputs.last ?? 0 }

  private func shape(_ level: Int) -> [Int] { [outputs, inputs[level], 1, 1] }

  var tensors: [ModuleTensor] {
    [ModuleTensor("anchors", anchorsShape, isParameter: false)]
      + inputs.indices.flatMap { level in
        [ModuleTensor("m.\(level).weight", shape(level)), ModuleTensor("m.\(level).bias", [outputs])]
      }
  }

  func build(into network: inout some NetworkBuilding, as name: String, of x: [Int]) throws -> [Int] {
    try x.enumerated().map { level, input in
      let start = "\(name).m.\(level)"
      return try network.convolution(start, ConvolutionLayer(start, shape: shape(level)), of: input)
    }
  }
}
