internal import SutureArchitectures
internal import SutureYAML

/// Makes layers of rows, as YOLOv5's `parse_model` does, and refuses what that would build wrongly or not at all.
struct LayerParser {
  let file: ModelFile
  private(set) var layers: [DetectorLayer] = []

  /// No layer is as wide as this.
  private static let maximumChannels = 1 << 16

  /// How many numbers each pixel of a level of Detect has.
  private var outputsPerPixel: Int { file.anchors[0].count / 2 * (file.classes + 5) }

  init(_ file: ModelFile) throws {
    self.file = file
    for (index, row) in file.rows.enumerated() { layers.append(try parse(row, index)) }
    guard let last = layers.last, case .detect = last.module else {
      throw file.root.error("the last layer is no Detect")
    }
  }

  private func parse(_ row: ModelFile.Row, _ index: Int) throws -> DetectorLayer {
    let sources = try row.from.map { from in
      let source = from < 0 ? index + from : from
      guard source < index else {
        throw row.node.error(
          "layer \(index) reads layer \(source), which \(source == index ? "is itself" : "comes later")")
      }
      guard source >= 0 || (source == -1 && index == 0) else {
        throw row.node.error("layer \(index) reads the layer \(-from) before it, and there are \(index)")
      }
      return source
    }
    func channels(_ source: Int) -> Int { source < 0 ? file.inputChannels : layers[source].channels }
    // Python rounds halves to even.
    let repeats =
      row.number > 1
      ? max(Int((Double(row.number) * file.depthMultiple).rounded(.toNearestOrEven)), 1) : row.number
    func error(_ words: String) -> YAMLError { row.node.error("layer \(index), \(row.module): \(words)") }
    func only() throws -> Int {
      guard !row.isList else { throw error("it reads one layer, not a list") }
      return channels(sources[0])
    }
    func layer(
      _ module: DetectorLayer.Module, _ channels: Int, _ arguments: [ModelValue], _ parameters: Int
    ) -> DetectorLayer {
      DetectorLayer(
        row: row, index: index, module: module, sources: sources, repeats: repeats, channels: channels,
        arguments: arguments, parameterCount: parameters)
    }
    let arguments = Arguments(row.arguments, error)
    switch row.module {
    case "ConvNeXt_Block":
      let (stage, configuration) = try arguments.backbone()
      guard repeats == 1 else { throw error("it cannot be repeated") }
      let declared = try arguments.int(0, 1...Self.maximumChannels)
      guard declared == configuration.dims[stage] else {
        throw error(
          "it declares \(declared) channels, but stage \(stage) of dims \(configuration.dims) gives "
            + "\(configuration.dims[stage]); YOLOv5 builds that, and PyTorch stops at the layer that reads it: expected "
            + "input to have \(declared) channels, but got \(configuration.dims[stage]) channels instead")
      }
      let needed = stage == 0 ? configuration.inputChannels : configuration.dims[stage - 1]
      guard try only() == needed else {
        throw error(
          "stage \(stage) takes \(needed) channels, layer \(sources[0]) gives \(channels(sources[0]))")
      }
      return layer(
        .convNeXtBlock(index: stage, configuration), declared, Array(row.arguments.dropFirst()),
        configuration.backboneKeys.reduce(0) { $0 + configuration.shape(of: $1).reduce(1, *) })
    case "Conv":
      let (input, output) = (try only(), try width(arguments))
      let shape = try arguments.convolution(input, output)
      guard repeats == 1 || input == output else {
        throw error(
          "repeated \(repeats) times it must give as many channels as it takes, not \(input) and \(output)")
      }
      let shown = [.int(input), .int(output)] + row.arguments.dropFirst()
      return layer(.convolution(shape), output, shown, repeats * shape.parameterCount)
    case "C3":
      let (input, output) = (try only(), try width(arguments))
      let shape = try arguments.csp(input, output, repeats)
      let shown = [.int(input), .int(output), .int(repeats)] + row.arguments.dropFirst()
      return layer(.c3(shape), output, shown, shape.parameterCount)
    case "Bottleneck":
      let (input, output) = (try only(), try width(arguments))
      let shape = try arguments.bottleneck(input, output)
      guard repeats == 1 || input == output else {
        throw error(
          "repeated \(repeats) times it must give as many channels as it takes, not \(input) and \(output)")
      }
      let shown = [.int(input), .int(output)] + row.arguments.dropFirst()
      return layer(.bottleneck(shape), output, shown, repeats * shape.parameterCount)
    case "Concat":
      guard row.arguments == [.int(1)], repeats == 1, row.isList else {
        throw error("it joins a list of layers along dimension 1: [[-1, 2], 1, Concat, [1]]")
      }
      return layer(.concat, sources.reduce(0) { $0 + channels($1) }, row.arguments, 0)
    case "nn.Upsample":
      guard row.arguments.count == 3, row.arguments[0] == .none, let factor = row.arguments[1].int,
        (1...64).contains(factor), row.arguments[2] == .string("nearest"), repeats == 1
      else { throw error("[None, 2, 'nearest'] is supported: a whole factor, and the nearest pixel") }
      return layer(.upsample(factor: factor), try only(), row.arguments, 0)
    case "Detect":
      guard row.arguments == [.int(file.classes), .anchors(file.anchors)] else {
        throw error("it takes [nc, anchors]")
      }
      guard index == file.rows.count - 1 else { throw error("it must be the last layer") }
      guard sources.count == file.anchors.count else {
        throw error("it reads \(sources.count) layers, and there are anchors for \(file.anchors.count)")
      }
      let inputs = sources.map(channels)
      let parameters = inputs.reduce(0) { $0 + ($1 + 1) * outputsPerPixel }
      return layer(.detect, inputs.last ?? 0, row.arguments + [.list(inputs.map { .int($0) })], parameters)
    default:
      let known = ["ConvNeXt_Block", "Conv", "C3", "Bottleneck", "Concat", "nn.Upsample", "Detect"]
      throw row.node.error(
        "layer \(index): the module \"\(row.module)\" is not known; \(known.joined(separator: ", ")) are")
    }
  }

  /// The first argument times the width multiple, rounded up to a multiple of 8.
  ///
  /// YOLOv5 leaves a width alone that happens to be what Detect gives: 255 for 80 classes.
  private func width(_ arguments: Arguments) throws -> Int {
    let declared = try arguments.int(0, 1...Self.maximumChannels)
    if declared == outputsPerPixel { return declared }
    let width = Int((Double(declared) * file.widthMultiple / 8).rounded(.up)) * 8
    guard width <= Self.maximumChannels else {
      throw arguments.error("\(width) channels are more than \(Self.maximumChannels)")
    }
    return width
  }
}
