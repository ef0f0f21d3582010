internal import SutureNumbers

/// Convolutions for each level, whose outputs are distances to the sides of a box, and classes: `Detect(nc, ch)`.
struct UltralyticsDetectModule: DetectingModule {
  static let name = "Detect"
  static let classNames = ultralytics("head")
  static let summary =
    "how far each side of a box is, as a distribution, and classes, level by level; the last layer"
  static let example = "[[15, 18, 21], 1, Detect, [nc]]"
  static let usage = "it takes [nc]"
  static let arguments: [ModuleArgument] = [.init("classes", .int(1...100_000))]

  let shownArguments: [ModelValue]
  /// How many channels each level reads.
  private let inputs: [Int]
  private let classes: Int
  private let bins: Int
  private let isLegacy: Bool
  var strides: [Double] = []

  init(_ row: ModuleRow) throws {
    guard row.int("classes") == row.file.classes, row.repeats == 1 else { throw row.error(Self.usage) }
    guard row.isLast else { throw row.error("it must be the last layer") }
    guard row.readsList else { throw row.error("it reads a list of layers: \(Self.example)") }
    (inputs, classes, bins) = (row.inputs, row.file.classes, row.file.distanceBins)
    isLegacy = row.file.hasLegacyHead
    shownArguments =
      row.values + [.int(bins), .none, .list(inputs.map { .int($0) })]
  }

  var channels: Int { inputs.last ?? 0 }

  /// Of each side of a box the bins of its distribution.
  private var boxOutputs: Int { 4 * bins }

  private func plain(_ inputs: Int, _ outputs: Int) -> PlainConvolutionUnit {
    PlainConvolutionUnit(inputs: inputs, outputs: outputs)
  }

  private func boxes(_ level: Int) -> SequenceUnit {
    let width = max(16, inputs[0] / 4, boxOutputs)
    return SequenceUnit(
      units: [
        ("0", ConvolutionUnit(inputs: inputs[level], outputs: width, kernel: 3)),
        ("1", ConvolutionUnit(inputs: width, outputs: width, kernel: 3)), ("2", plain(width, boxOutputs)),
      ], outputs: boxOutputs)
  }

  private func scores(_ level: Int) -> SequenceUnit {
    let width = max(inputs[0], min(classes, 100))
    func pair(_ inputs: Int) -> any ModuleUnit {
      if isLegacy { return ConvolutionUnit(inputs: inputs, outputs: width, kernel: 3) }
      let depthwise = ConvolutionUnit(inputs: inputs, outputs: inputs, kernel: 3, groups: inputs)
      return SequenceUnit(
        units: [("0", depthwise), ("1", ConvolutionUnit(inputs: inputs, outputs: width))], outputs: width)
    }
    return SequenceUnit(
      units: [("0", pair(inputs[level])), ("1", pair(width)), ("2", plain(width, classes))], outputs: classes)
  }

  var tensors: [ModuleTensor] {
    let bias = inputs.indices.map(initialBiases)
    let convolutions =
      inputs.indices.flatMap { boxes($0).tensors(lastBias: bias[$0].box).within("cv2.\($0)") }
      + inputs.indices.flatMap { scores($0).tensors(lastBias: bias[$0].score).within("cv3.\($0)") }
    guard bins > 1 else { return convolutions }
    // The number of each bin: nothing trains it.
    return convolutions + [
      ModuleTensor("dfl.conv.weight", [1, bins, 1, 1], .listed((0..<bins).map { Double($0) }))
    ]
  }

  /// As `bias_init` has it: five objects in an image of 640 pixels, whose classes are equally likely.
  private func initialBiases(_ level: Int) -> (box: InitialValues, score: InitialValues) {
    guard strides.indices.contains(level) else { return (.constant(0), .constant(0)) }
    let cells = (640 / strides[level]) * (640 / strides[level])
    return (.constant(2), .constant(naturalLogarithm(5 / Double(classes) / cells)))
  }

  /// Of each level both, the boxes' channels before the classes'.
  func build(into network: inout some NetworkBuilding, as name: String, of x: [Int]) throws -> [Int] {
    try x.enumerated().map { level, input in
      let box = try boxes(level).build(into: &network, as: "\(name).cv2.\(level)", of: input)
      let score = try scores(level).build(into: &network, as: "\(name).cv3.\(level)", of: input)
      return try network.concat("\(name).level.\(level)", [box, score])
    }
  }
}

extension SequenceUnit {
  /// Its tensors, where the last of them is a bias with initial values of its own.
  fileprivate func tensors(lastBias: InitialValues) -> [ModuleTensor] {
    guard let last = tensors.last else { return [] }
    return tensors.dropLast() + [ModuleTensor(last.name, last.shape, lastBias)]
  }
}
