internal import SutureBytes
internal import SutureText
package import SutureYAML

/// A model file of YOLOv5 or of Ultralytics with its layers, as the program's `parse_model` makes them.
///
/// It is read once; the table, the expected tensors, the strides and the network come of the same layers.
public struct ModelFile: Sendable {
  /// What stands beside the layers.
  package struct Header: Sendable {
    let dialect: ModelDialect
    package let classes: Int
    /// Of an Ultralytics file the scale that is built, of a YOLOv5 one its two multiples.
    package let scale: ModelScale
    var depthMultiple: Double { scale.depth }
    var widthMultiple: Double { scale.width }
    /// What widths are rounded up to a multiple of.
    let channelMultiple: Int
    /// What convolutions end in, as the file says it; `nil` where it does not.
    ///
    /// No name and no shape depends on it.
    package let activation: ModuleActivation?
    /// Width and height of each anchor in pixels, level by level; none in an Ultralytics file.
    package let anchors: [[Double]]
    /// How many of them a level has, where that was asked for instead of the file's.
    package let askedAnchors: Int?
    package let inputChannels: Int
    /// Into how many bins Ultralytics' Detect divides the distance to a side of a box.
    package let distanceBins: Int
    /// Whether Detect has the classes' convolutions that YOLOv8 and its ancestors have.
    let hasLegacyHead: Bool

    /// How many numbers each pixel of a level of YOLOv5's Detect has.
    package var outputsPerPixel: Int { anchors[0].count / 2 * (classes + 5) }
  }

  package let header: Header
  /// The file as it was read.
  package let document: YAMLNode
  package let layers: [ModuleLayer]
  /// Pixels of the image for each pixel of a level of Detect.
  package let strides: [Int]

  /// Whose file it is.
  public var dialect: ModelDialect { header.dialect }

  /// The file at `path`; the name of an Ultralytics file says its scale, and `yolov8n.yaml` may be a `yolov8.yaml`.
  ///
  /// - Parameters:
  ///   - classes: how many classes the model is to have, where the data set decides that: `Model(cfg, nc=…)`.
  ///   - anchors: how many anchors each level is to have, where training is to find them: `Model(cfg, anchors=…)`.
  /// - Throws: an error with the place in the file where YOLOv5 would build something wrong, or nothing.
  public init(path: String, classes: Int? = nil, anchors: Int? = nil) throws {
    let found = Self.path(for: path)
    let source = try openInput(found)
    let limit = YAMLLimits().bytes
    // One more than what is allowed, so that the parser refuses it in its own words; nothing is as long by accident.
    try self.init(
      source.bytes(0..<min(source.byteCount, limit + 1)), name: found, path: path, classes: classes,
      anchors: anchors)
  }

  /// Where the file lies that `path` names: without its scale where there is none with it.
  package static func path(for path: String) -> String {
    if pathExists(path) { return path }
    return ModelScale.unscaled(path).flatMap { pathExists($0) ? $0 : nil } ?? path
  }

  /// The file that `bytes` hold.
  ///
  /// - Parameters:
  ///   - name: what errors call it.
  ///   - path: where it comes from, whose name says an Ultralytics file's scale; `nil` for one that says it by itself.
  /// - Throws: an error with the place in the file where the program would build something wrong, or nothing.
  public init(
    _ bytes: [UInt8], name: String, path: String? = nil, classes: Int? = nil, anchors: Int? = nil
  ) throws {
    let root = try YAML.parse(bytes, name: name)
    document = root
    let keys = try root.requireMapping()
    header = try Header(root, keys, path: path, classes: classes, anchors: anchors)
    let scope = ModelValue.Scope(classes: header.classes, anchors: header.anchors)
    let rows = try ["backbone", "head"].flatMap { key in
      try keys.require(key).requireSequence().map { try Row($0, scope) }
    }
    guard !rows.isEmpty, rows.count <= Row.maximumCount else {
      throw root.error("it has \(rows.count) layers; 1 to \(Row.maximumCount) are supported")
    }
    let layers = try Self.layers(rows, header)
    guard let last = layers.last, last.module is any DetectingModule else {
      throw root.error("the last layer is no Detect")
    }
    let sides = try Self.sides(of: layers, rows)
    let strides = last.sources.map {
      Double(Self.strideSide) / Double($0 < 0 ? Self.strideSide : sides[$0].last ?? 1)
    }
    if let node = keys.value(for: "anchors") {
      try Self.refuseReversed(header.anchors, node, strides: strides)
    }
    (self.layers, self.strides) = (Self.layers(layers, strides: strides), strides.map { Int($0) })
  }
}

extension ModelFile {
  /// What it says and cannot be known here.
  package var assumptions: [Assumption] {
    var assumptions: [Assumption] = []
    if let said = header.activation, said.activation == nil {
      assumptions.append(
        Assumption(
          "conv.activation", said.className, because: "it is not known here, and taken to have no tensors"))
    }
    if header.scale.isAssumed, let scale = header.scale.name {
      assumptions.append(
        Assumption(
          "scale", scale,
          because:
            "neither the file's name nor a key says it, and Ultralytics takes the first; a file called "
            + "yolov8s.yaml has the scale s"))
    }
    return assumptions
  }
}

extension ModelFile {
  /// What the last layer's outputs stand for.
  package enum Head: Sendable {
    /// Boxes around the file's anchors.
    case anchors
    /// Distances to the sides of boxes, each a distribution over so many bins; 1 for the distance itself.
    case distances(bins: Int)
  }

  package var head: Head { dialect == .yolov5 ? .anchors : .distances(bins: header.distanceBins) }
}

// MARK: The header

extension ModelFile.Header {
  fileprivate init(
    _ root: YAMLNode, _ keys: YAMLMapping, path: String?, classes: Int?, anchors count: Int?
  ) throws {
    dialect = try ModelDialect(root, keys, path: path)
    if dialect == .yolov5 {
      for key in ["depth_multiple", "width_multiple"] where keys.value(for: key) == nil {
        throw root.error(
          "the key \"\(key)\" is missing, without which YOLOv5 stops with KeyError: '\(key)'",
          advice: "yolov5s has depth_multiple: 0.33 and width_multiple: 0.50")
      }
    }
    let own = try keys.require("nc").requireInt("nc", in: Self.classCounts)
    if let classes, !Self.classCounts.contains(classes) {
      throw Failure(.usage, "a model of \(classes) classes cannot be built; 1 to 100000 are supported")
    }
    if let count, !Self.anchorCounts.contains(count) {
      throw Failure(.usage, "a level of \(count) anchors cannot be built; 1 to 32 are supported")
    }
    self.classes = classes ?? own
    scale = try ModelScale(keys, path: path)
    activation = try keys.value(for: "activation").flatMap { try Self.activation($0) }
    askedAnchors = count
    guard dialect == .yolov5 else {
      guard count == nil else {
        throw Failure(.usage, "a number of anchors is asked for, and Ultralytics' Detect has none")
      }
      anchors = []
      channelMultiple = 8
      // What the model was built with stands in the one that was pickled.
      let channels = keys.value(for: "channels") ?? keys.value(for: "ch")
      inputChannels = try channels?.requireInt("the number of channels", in: 1...4096) ?? 3
      distanceBins = try keys.value(for: "reg_max")?.requireInt("reg_max", in: 1...256) ?? 16
      hasLegacyHead = !ModelDialect.rows(keys).contains {
        [C3k2Module.name, A2C2fModule.name].contains($0[2].scalar?.text)
      }
      if let node = keys.value(for: "end2end"), case .bool(true)? = node.resolved {
        throw node.error(
          "a head that needs no non-maximum suppression is neither built nor run: end2end",
          advice:
            "checkpoints of such a model can be inspected, converted, edited, and checked against another")
      }
      return
    }
    (distanceBins, hasLegacyHead) = (0, true)
    inputChannels = try keys.value(for: "ch")?.requireInt("ch", in: 1...4096) ?? 3
    channelMultiple =
      try keys.value(for: "channel_multiple")?.requireInt("channel_multiple", in: 1...1024) ?? 8
    let node = try keys.require("anchors")
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
