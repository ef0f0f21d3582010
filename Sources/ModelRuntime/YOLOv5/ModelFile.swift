internal import SutureBytes
internal import SutureYAML

/// A YOLOv5 model file: what its keys and rows say, before anything is made of them.
public struct ModelFile: Sendable {
  /// A row of `backbone` or `head`: [from, number, module, arguments].
  struct Row: Sendable {
    let node: YAMLNode
    /// Which layers it reads: −1 is the one before.
    let from: [Int]
    /// Whether `from` is a list.
    let isList: Bool
    let number: Int
    let module: String
    let arguments: [ModelValue]
  }

  let root: YAMLNode
  let classes: Int
  let depthMultiple: Double
  let widthMultiple: Double
  /// Width and height of each anchor in pixels, level by level.
  let anchors: [[Double]]
  let anchorsNode: YAMLNode
  let inputChannels: Int
  let rows: [Row]

  /// The file at `path`.
  ///
  /// - Throws: an error with the place in the file.
  public init(path: String) throws {
    let source = try FileSource(path)
    let limit = YAMLLimits().bytes
    // One more than what is allowed, so that the reader says how it judges; nothing is as long by accident.
    try self.init(source.bytes(0..<min(source.byteCount, limit + 1)), name: path)
  }

  /// The file that `bytes` hold.
  public init(_ bytes: [UInt8], name: String) throws {
    root = try YAML.parse(bytes, name: name)
    let keys = try root.requireMapping()
    for key in ["depth_multiple", "width_multiple"] where keys.value(for: key) == nil {
      throw root.error(
        "the key \"\(key)\" is missing, without which YOLOv5 stops with KeyError: '\(key)'",
        advice: "yolov5s has depth_multiple: 0.33 and width_multiple: 0.50")
    }
    classes = try Self.bounded(try keys.require("nc"), "nc", 1...100_000)
    depthMultiple = try Self.multiple(try keys.require("depth_multiple"))
    widthMultiple = try Self.multiple(try keys.require("width_multiple"))
    inputChannels = try keys.value(for: "ch").map { try Self.bounded($0, "ch", 1...4096) } ?? 3
    if let activation = keys.value(for: "activation") {
      throw activation.error("another activation than SiLU is not supported")
    }
    anchorsNode = try keys.require("anchors")
    anchors = try anchorsNode.requireSequence().map { level in
      try level.requireSequence().map { try $0.requireDouble() }
    }
    guard let first = anchors.first, !first.isEmpty, first.count.isMultiple(of: 2), first.count <= 64,
      anchors.allSatisfy({ $0.count == first.count && $0.allSatisfy { $0 > 0 && $0 < 1e6 } })
    else {
      throw anchorsNode.error(
        "anchors are lists of pairs of positive sizes in pixels, each as long as the others")
    }
    let scope = ModelValue.Scope(classes: classes, anchors: anchors)
    rows = try ["backbone", "head"].flatMap { key in
      try keys.require(key).requireSequence().map { try Self.row($0, scope) }
    }
    guard !rows.isEmpty, rows.count <= Self.maximumRows else {
      throw root.error("it has \(rows.count) layers; 1 to \(Self.maximumRows) are supported")
    }
  }

  private static let maximumRows = 1000

  private static func row(_ node: YAMLNode, _ scope: ModelValue.Scope) throws -> Row {
    let parts = try node.requireSequence()
    guard parts.count == 4 else {
      throw node.error("a layer is [from, number, module, args]; this one has \(parts.count) parts")
    }
    let sources = parts[0].sequence ?? [parts[0]]
    return Row(
      node: node, from: try sources.map { try bounded($0, "from", -maximumRows...maximumRows) },
      isList: parts[0].sequence != nil, number: try bounded(parts[1], "the number of repeats", 1...1000),
      module: try parts[2].requireString(),
      arguments: try parts[3].requireSequence().map { try ModelValue($0, scope) })
  }

  private static func bounded(_ node: YAMLNode, _ what: String, _ range: ClosedRange<Int>) throws -> Int {
    let value = try node.requireInt()
    guard range.contains(value) else {
      throw node.error("\(what) is \(value); \(range.lowerBound) to \(range.upperBound) are supported")
    }
    return value
  }

  private static func multiple(_ node: YAMLNode) throws -> Double {
    let value = try node.requireDouble()
    guard value > 0, value <= 100 else {
      throw node.error("a multiple is above 0 and at most 100, not \(value)")
    }
    return value
  }
}
