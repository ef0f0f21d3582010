internal import SutureYAML

/// A layer as `parse_model` makes it of a row.
package struct ModuleLayer: Sendable {
  let index: Int
  fileprivate(set) var module: any YOLOModule
  /// The layers that it reads by number; −1 is the image.
  package let sources: [Int]
  /// How often it is repeated, scaled by the depth multiple.
  let repeats: Int
  /// What it reads as the row says it: `-1`, `[-1, 4]`.
  let from: String

  /// How many modules stand one behind the other.
  private var copies: Int { type(of: module).takesRepeats ? 1 : repeats }

  /// What each copy is called in the state dict: numbered where there are several.
  private func names(_ start: String) -> [String] {
    copies == 1 ? [start] : (0..<copies).map { "\(start).\($0)" }
  }

  var parameterCount: Int { copies * module.parameterCount }

  /// The tensors that the layer has in a state dict, under `model.<index>`.
  package func expectedTensors(under prefix: String = "") -> [ExpectedTensor] {
    let isBackbone = holdsBackbone
    let tensors = module.tensors
    return names("\(prefix)model.\(index)").flatMap { tensors.within($0) }.map {
      ExpectedTensor(
        name: $0.name, shape: $0.shape, dtype: $0.dtype, layer: index, isBackbone: isBackbone,
        isRead: $0.isRead, initial: $0.initial)
    }
  }

  /// Whether its weights are those of a whole backbone.
  var holdsBackbone: Bool { type(of: module).holdsBackbone }

  /// Adds the layer to a network and gives what it computes: one value, but several of Detect and of what gives a list.
  package func build(
    into network: inout some NetworkBuilding, under prefix: String, of inputs: [Int]
  ) throws -> [Int] {
    try names("\(prefix)model.\(index)").reduce(inputs) { values, name in
      try module.build(into: &network, as: name, of: values)
    }
  }

  /// The sides of its outputs for square inputs of these sides.
  fileprivate func sides(for inputs: [Int]) throws(ModuleMisfit) -> [Int] {
    var sides = try module.sides(for: inputs)
    for _ in 1..<copies {
      // Nothing shrinks or grows once it has stayed as it is.
      let next = try module.sides(for: sides)
      if next == sides { break }
      sides = next
    }
    return sides
  }
}

extension ModelFile {
  /// The strides are found with an image of this side.
  static let strideSide = 256
  private static let maximumSide = 1 << 14
  /// Of all layers together.
  private static let maximumRepeats = 10_000
  private static let maximumParameters = 1 << 40

  /// Makes layers of rows, and refuses what the program would build wrongly or not at all.
  static func layers(_ rows: [Row], _ header: Header) throws -> [ModuleLayer] {
    var layers: [ModuleLayer] = []
    var (total, parameters) = (0, 0)
    for (index, row) in rows.enumerated() {
      let sources = try sources(of: row, index)
      // Python rounds halves to even.
      let scaled = max(Int((Double(row.number) * header.depthMultiple).rounded(.toNearestOrEven)), 1)
      let repeats = row.number > 1 ? scaled : row.number
      let type = try YOLOModules.named(row.module, in: header.dialect) {
        row.node.error("layer \(index): \($0)", advice: $1)
      }
      total += repeats
      guard total <= maximumRepeats else {
        throw row.error(index, "its repeats make more than \(maximumRepeats) modules, which no model has")
      }
      let inputs = sources.map { $0 < 0 ? header.inputChannels : layers[$0].module.channels }
      let lists = sources.map { $0 < 0 ? nil : layers[$0].module.list }
      if !type.takesList, let place = lists.firstIndex(where: { $0 != nil }) {
        throw row.error(
          index,
          "it reads layer \(sources[place]), which gives a list of \(lists[place]?.count ?? 0) maps; an Index takes one "
            + "of them")
      }
      let context = ModuleRow(
        file: header, index: index, sources: sources, inputs: inputs, lists: lists, readsList: row.isList,
        repeats: repeats, values: row.arguments,
        indexedAlone: sources.first.map { $0 >= 0 && Swift.type(of: layers[$0].module).isIndexedAlone }
          ?? false,
        channelsBefore: layers.last?.module.channels ?? header.inputChannels,
        isLast: index == rows.count - 1, schema: type.arguments, usage: type.usage,
        error: { row.error(index, $0) }, argumentError: { row.error(index, $1, at: $0) })
      try context.validate()
      let module = try type.init(context)
      guard repeats == 1 || type.takesRepeats || module.channels == inputs[0] else {
        throw context.error(
          "repeated \(repeats) times it must give as many channels as it takes, not \(inputs[0]) and "
            + "\(module.channels)")
      }
      let layer = ModuleLayer(
        index: index, module: module, sources: sources, repeats: repeats,
        from: row.isList ? "\(row.from)" : "\(row.from[0])")
      parameters += layer.parameterCount
      guard parameters <= maximumParameters else {
        throw context.error(
          "with it the model has \(parameters) parameters; \(maximumParameters) are supported")
      }
      layers.append(layer)
    }
    return layers
  }

  private static func sources(of row: Row, _ index: Int) throws -> [Int] {
    try row.from.map { from in
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
  }

  /// The sides of all layers' outputs for an image of ``strideSide``.
  ///
  /// - Throws: an error at the row whose inputs do not fit.
  static func sides(of layers: [ModuleLayer], _ rows: [Row]) throws -> [[Int]] {
    var sides: [[Int]] = []
    for (layer, row) in zip(layers, rows) {
      do throws(ModuleMisfit) {
        let own = try layer.sides(for: layer.sources.flatMap { $0 < 0 ? [strideSide] : sides[$0] })
        if let side = own.first(where: { $0 > maximumSide }) {
          throw ModuleMisfit("a map of \(side)×\(side) is longer than \(maximumSide) pixels on a side")
        }
        sides.append(own)
      } catch { throw row.error(layer.index, error.reason) }
    }
    return sides
  }

  /// The layers, whose Detect knows for how many pixels each of its levels stands.
  static func layers(_ layers: [ModuleLayer], strides: [Double]) -> [ModuleLayer] {
    var layers = layers
    if let last = layers.indices.last, var detect = layers[last].module as? any DetectingModule {
      detect.strides = strides
      layers[last].module = detect
    }
    return layers
  }

  /// YOLOv5 turns anchors round that are in the other order than the strides, but too late.
  static func refuseReversed(_ anchors: [[Double]], _ node: YAMLNode, strides: [Double]) throws {
    let areas = anchors.map { level in
      stride(from: 0, to: level.count, by: 2).reduce(0) { $0 + level[$1] * level[$1 + 1] }
    }
    guard areas.count > 1, let least = areas.first, let last = areas.last, let finest = strides.first,
      let coarsest = strides.last, areas != .init(repeating: least, count: areas.count),
      (last - least) * (coarsest - finest) <= 0
    else { return }
    throw node.error(
      "the anchors are in the other order than the strides \(strides.map { Int($0) }): YOLOv5 turns them round after "
        + "it has divided them by the strides, which gives wrong sizes; put the smallest first")
  }
}

extension Row {
  fileprivate func error(_ index: Int, _ words: String, at argument: Int? = nil) -> YAMLError {
    let place = argument.flatMap { argumentNodes.indices.contains($0) ? argumentNodes[$0] : nil }
    return (place ?? node).error("layer \(index), \(module): \(words)")
  }
}
