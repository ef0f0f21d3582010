internal import SutureBytes
internal import SutureText
package import SutureYAML

/// A YOLOv5 model file with its layers, as YOLOv5's `parse_model` makes them.
///
/// It is read once; the table, the expected tensors, the strides and the network come of the same layers.
public struct ModelFile: Sendable {
  /// What stands beside the layers.
  package struct Header: Sendable {
    package let classes: Int
    let depthMultiple: Double
    let widthMultiple: Double
    /// What widths are rounded up to a multiple of.
    let channelMultiple: Int
    /// What convolutions end in, as the file says it; `nil` where it does not.
    ///
    /// No name and no shape depends on it.
    package let activation: ModuleActivation?
    /// Width and height of each anchor in pixels, level by level.
    package let anchors: [[Double]]
    /// How many of them a level has, where that was asked for instead of the file's.
    package let askedAnchors: Int?
    package let inputChannels: Int

    /// How many numbers each pixel of a level of Detect has.
    package var outputsPerPixel: Int { anchors[0].count / 2 * (classes + 5) }
  }

  package let header: Header
  /// The file as it was read.
  package let document: YAMLNode
  package let layers: [ModuleLayer]
  /// Pixels of the image for each pixel of a level of Detect.
  package let strides: [Int]

  /// The file at `path`.
  ///
  /// - Parameters:
  ///   - classes: how many classes the model is to have, where the data set decides that: `Model(cfg, nc=…)`.
  ///   - anchors: how many anchors each level is to have, where training is to find them: `Model(cfg, anchors=…)`.
  /// - Throws: an error with the place in the file where YOLOv5 would build something wrong, or nothing.
  public init(path: String, classes: Int? = nil, anchors: Int? = nil) throws {
    let source = try FileSource(path)
    let limit = YAMLLimits().bytes
    // One more than what is allowed, so that the parser refuses it in its own words; nothing is as long by accident.
    try self.init(
      source.bytes(0..<min(source.byteCount, limit + 1)), name: path, classes: classes,
      anchors: anchors)
  }

  /// The file that `bytes` hold.
  ///
  /// - Throws: an error with the place in the file where YOLOv5 would build something wrong, or nothing.
  public init(_ bytes: [UInt8], name: String, classes: Int? = nil, anchors: Int? = nil) throws {
    let root = try YAML.parse(bytes, name: name)
    document = root
    let keys = try root.requireMapping()
    header = try Header(root, keys, classes: classes, anchors: anchors)
    let scope = ModelValue.Scope(classes: header.classes, anchors: header.anchors)
    let rows = try ["backbone", "head"].flatMap { key in
      try keys.require(key).requireSequence().map { try Row($0, scope) }
    }
    guard !rows.isEmpty, rows.count <= Row.maximumCount else {
      throw root.error("it has \(rows.count) layers; 1 to \(Row.maximumCount) are supported")
    }
    let layers = try Self.layers(rows, header)
    guard let last = layers.last, last.module is DetectModule else {
      throw root.error("the last layer is no Detect")
    }
    let sides = try Self.sides(of: layers, rows)
    let strides = last.sources.map { Double(Self.strideSide) / Double($0 < 0 ? Self.strideSide : sides[$0]) }
    try Self.refuseReversed(header.anchors, try keys.require("anchors"), strides: strides)
    (self.layers, self.strides) = (Self.layers(layers, strides: strides), strides.map { Int($0) })
  }
}

extension ModelFile {
  /// What it says and cannot be known here.
  package var assumptions: [Assumption] {
    guard let said = header.activation, said.activation == nil else { return [] }
    return [
      Assumption(
        "conv.activation", said.className, because: "it is not known here, and taken to have no tensors")
    ]
  }
}

// MARK: The header

extension ModelFile.Header {
  fileprivate init(_ root: YAMLNode, _ keys: YAMLMapping, classes: Int?, anchors count: Int?) throws {
    for key in ["depth_multiple", "width_multiple"] where keys.value(for: key) == nil {
      throw root.error(
        "the key \"\(key)\" is missing, without which YOLOv5 stops with KeyError: '\(key)'",
        advice: "yolov5s has depth_multiple: 0.33 and width_multiple: 0.50")
    }
    let own = try keys.require("nc").requireInt("nc", in: Self.classCounts)
    if let classes, !Self.classCounts.contains(classes) {
      throw Failure(.usage, "a model of \(classes) classes cannot be built; 1 to 100000 are supported")
    }
    if let count, !Self.anchorCounts.contains(count) {
      throw Failure(.usage, "a level of \(count) anchors cannot be built; 1 to 32 are supported")
    }
    self.classes = classes ?? own
    depthMultiple = try Self.multiple(try keys.require("depth_multiple"))
    widthMultiple = try Self.multiple(try keys.require("width_multiple"))
    inputChannels = try keys.value(for: "ch")?.requireInt("ch", in: 1...4096) ?? 3
    channelMultiple =
      try keys.value(for: "channel_multiple")?.requireInt("channel_multiple", in: 1...1024) ?? 8
    activation = try keys.value(for: "activation").flatMap { try Self.activation($0) }
    let node = try keys.require("anchors")
    askedAnchors = count
    var number = count
    if number == nil, case .int? = node.resolved {
      number = try node.requireInt("anchors", in: Self.anchorCounts)
    }
    if let number {
      // So many a level, of sizes that only hold the place: autoanchor finds others before training.
      let levels = keys.value(for: "head")?.sequence?.last?.sequence?.first?.sequence?.count ?? 1
      anchors = .init(repeating: (0..<(2 * number)).map(Double.init), count: max(levels, 1))
      return
    }
    anchors = try node.requireSequence().map { level in
      try level.requireSequence().map { try $0.requireDouble() }
    }
    guard let first = anchors.first, !first.isEmpty, first.count.isMultiple(of: 2), first.count <= 64,
      anchors.allSatisfy({ $0.count == first.count && $0.allSatisfy { $0 > 0 && $0 < 1e6 } })
    else {
      throw node.error("anchors are lists of pairs of positive sizes in pixels, each as long as the others")
    }
  }

  private static let classCounts = 1...100_000
  private static let anchorCounts = 1...32

  /// - Returns: `nil` for null and for an empty text, where YOLOv5 keeps its own.
  private static func activation(_ node: YAMLNode) throws -> ModuleActivation? {
    if case .null? = node.resolved { return nil }
    let text = try node.requireString()
    if text.contains("PReLU") {
      throw node.error("\(text) has a weight in each convolution, which is not supported")
    }
    return text.isEmpty ? nil : ModuleActivation(className: text, activation: Activation(call: text))
  }

  private static func multiple(_ node: YAMLNode) throws -> Double {
    let value = try node.requireDouble()
    guard value > 0, value <= 100 else {
      throw node.error("a multiple is above 0 and at most 100, not \(value)")
    }
    return value
  }
}

// MARK: Rows

/// A row of `backbone` or `head`: [from, number, module, arguments].
struct Row {
  let node: YAMLNode
  /// Which layers it reads: −1 is the one before.
  let from: [Int]
  /// Whether `from` is a list.
  let isList: Bool
  let number: Int
  let module: String
  let arguments: [ModelValue]
  /// Where each of them stands.
  let argumentNodes: [YAMLNode]

  static let maximumCount = 1000

  init(_ node: YAMLNode, _ scope: ModelValue.Scope) throws {
    let parts = try node.requireSequence()
    guard parts.count == 4 else {
      throw node.error("a layer is [from, number, module, args]; this one has \(parts.count) parts")
    }
    let sources = parts[0].sequence ?? [parts[0]]
    if sources.isEmpty { throw node.error("it reads no layer") }
    self.node = node
    from = try sources.map { try $0.requireInt("from", in: -Self.maximumCount...Self.maximumCount) }
    isList = parts[0].sequence != nil
    number = try parts[1].requireInt("the number of repeats", in: 1...1000)
    module = try parts[2].requireString()
    argumentNodes = try parts[3].requireSequence()
    arguments = try argumentNodes.map { try ModelValue($0, scope) }
  }
}

extension YAMLNode {
  fileprivate func requireInt(_ what: String, in range: ClosedRange<Int>) throws -> Int {
    let value = try requireInt()
    guard range.contains(value) else {
      throw error("\(what) is \(value); \(range.lowerBound) to \(range.upperBound) are supported")
    }
    return value
  }
}
