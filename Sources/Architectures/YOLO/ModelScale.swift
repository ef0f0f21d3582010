internal import SutureYAML

/// A size of the model that an Ultralytics file describes: `scales`.
package struct ModelScale: Sendable {
  /// `n`, `s`, `m`, `l`, `x`; `nil` where the file has none.
  package private(set) var name: String?
  var depth = 1.0
  var width = 1.0
  /// No layer is declared wider.
  var maximumChannels: Double?
  /// Whether nothing says which it is, so that the first was taken.
  var isAssumed = false

  /// - Parameter path: that of the file, whose name says the scale; `nil` for one that was pickled, which has it as a key.
  init(_ keys: YAMLMapping, path: String?) throws {
    if let node = keys.value(for: "depth_multiple") { depth = try node.requireMultiple() }
    if let node = keys.value(for: "width_multiple") { width = try node.requireMultiple() }
    guard let node = keys.value(for: "scales") else { return }
    let scales = try node.requireMapping()
    guard let first = scales.pairs.first else { throw node.error("there is no scale in it") }
    let said = path.map { Self.name(inPath: $0) } ?? keys.value(for: "scale")?.scalar?.text
    isAssumed = said == nil || said == ""
    let name = isAssumed ? first.key.scalar?.text ?? "" : said ?? ""
    guard let chosen = scales.value(for: name) else {
      let known = scales.pairs.map { $0.key.scalar?.text ?? "" }.joined(separator: ", ")
      throw node.error("the scale \"\(name)\" is asked for, and there are \(known)")
    }
    let numbers = try chosen.requireSequence()
    guard numbers.count == 3 else {
      throw chosen.error("a scale is [depth, width, most channels]; this one has \(numbers.count) numbers")
    }
    (self.name, depth, width) = (name, try numbers[0].requireMultiple(), try numbers[1].requireMultiple())
    let most = try numbers[2].requireDouble()
    guard most >= 1 else { throw numbers[2].error("\(most) channels are none") }
    maximumChannels = most
  }

  /// The letter behind the number in a name such as `yolo11s-p2.yaml`, which Ultralytics takes the scale from.
  static func name(inPath path: String) -> String? { place(inPath: path).map { String(path[$0]) } }

  /// The file that is meant where there is none of that name: `yolov8.yaml` for `yolov8n.yaml`.
  static func unscaled(_ path: String) -> String? {
    guard let place = place(inPath: path) else { return nil }
    var path = path
    path.remove(at: place)
    return path
  }

  private static func place(inPath path: String) -> String.Index? {
    let start = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    let name = path[start...]
    let stem = name.lastIndex(of: ".").map { name[..<$0] } ?? name
    var rest = stem
    while let found = rest.firstRange(of: "yolo") {
      var tail = stem[found.upperBound...]
      if tail.hasPrefix("e-") { tail = tail.dropFirst(2) }
      if tail.hasPrefix("v") { tail = tail.dropFirst() }
      let behind = tail.drop { ("0"..."9").contains($0) }
      if behind.startIndex > tail.startIndex, let letter = behind.first, "nslmx".contains(letter) {
        return behind.startIndex
      }
      rest = stem[found.upperBound...]
    }
    return nil
  }
}

extension YAMLNode {
  func requireMultiple() throws -> Double {
    let value = try requireDouble()
    guard value > 0, value <= 100 else {
      throw error("a multiple is above 0 and at most 100, not \(value)")
    }
    return value
  }
}
