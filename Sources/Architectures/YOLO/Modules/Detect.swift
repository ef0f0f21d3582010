internal import SutureNumbers

/// A 1×1 convolution for each level, whose outputs are boxes and classes: `Detect(nc, anchors, ch)`.
struct DetectModule: DetectingModule {
  static let name = "Detect"
  static let classNames: [ModelDialect: String] = [.yolov5: "models.yolo.Detect"]
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
  private let classes: Int
  /// Width and height of each anchor in pixels, level by level.
  private let anchors: [[Double]]
  var strides: [Double] = []

  init(_ row: ModuleRow) throws {
    guard row.int("classes") == row.file.classes, row.repeats == 1 else { throw row.error(Self.usage) }
    guard row.isLast else { throw row.error("it must be the last layer") }
    let anchors = row.file.anchors
    guard row.inputs.count == anchors.count else {
      throw row.error("it reads \(row.inputs.count) layers, and there are anchors for \(anchors.count)")
    }
    (inputs, outputs) = (row.inputs, row.file.outputsPerPixel)
    (self.anchors, classes) = (anchors, row.file.classes)
    shownArguments = row.values + [.list(inputs.map { .int($0) })]
  }

  var channels: Int { inputs.last ?? 0 }

  private func shape(_ level: Int) -> [Int] { [outputs, inputs[level], 1, 1] }

  var tensors: [ModuleTensor] {
    [
      ModuleTensor(
        "anchors", [anchors.count, anchors[0].count / 2, 2],
        .listed(zip(anchors, strides).flatMap { sizes, stride in sizes.map { $0 / stride } }),
        isParameter: false)
    ]
      + inputs.indices.flatMap { level in
        [
          ModuleTensor("m.\(level).weight", shape(level), .uniform(fanIn: inputs[level])),
          ModuleTensor("m.\(level).bias", [outputs], initialBias(level)),
        ]
      }
  }

  /// As `_initialize_biases` of YOLOv5 7.0 has it: eight objects in an image of 640 pixels, whose classes are equally
  /// likely.
  private func initialBias(_ level: Int) -> InitialValues {
    guard strides.indices.contains(level) else { return .uniform(fanIn: inputs[level]) }
    let objects = naturalLogarithm(8 / ((640 / strides[level]) * (640 / strides[level])))
    let one =
      [0, 0, 0, 0, objects]
      + [Double](repeating: naturalLogarithm(0.6 / (Double(classes) - 0.99999)), count: classes)
    return .shifted(fanIn: inputs[level], by: one)
  }

  func build(into network: inout some NetworkBuilding, as name: String, of x: [Int]) throws -> [Int] {
    try x.enumerated().map { level, input in
      let start = "\(name).m.\(level)"
      return try network.convolution(start, ConvolutionLayer(start, shape: shape(level)), of: input)
    }
  }
}
