internal import SutureYAML

/// Whose model files: their rows look alike, and the same name may stand for another module.
public enum ModelDialect: String, Sendable, CaseIterable {
  /// Of YOLOv5: two multiples, anchors, and a Detect that has boxes around them.
  case yolov5
  /// Of the package ultralytics, for YOLOv8, YOLO11 and others: `scales`, and a Detect that has distances.
  case ultralytics

  /// The program that reads them, for people.
  public var program: String {
    switch self {
    case .yolov5: "YOLOv5"
    case .ultralytics: "Ultralytics"
    }
  }

  var other: ModelDialect { self == .yolov5 ? .ultralytics : .yolov5 }

  /// Keys that only Ultralytics looks at.
  private static let ownKeys = ["scales", "scale", "reg_max", "end2end"]

  /// Whose file it is: YOLOv5's has anchors.
  ///
  /// - Parameter path: that of the file; `nil` for one that was pickled.
  /// - Throws: an error where it has what one of them asks for beside what only the other knows, or the other's name.
  init(_ root: YAMLNode, _ keys: YAMLMapping, path: String?) throws {
    let own = Self.ownKeys.first { keys.value(for: $0) != nil }
    guard Self.hasAnchors(keys) else {
      // What has no layers is nobody's, and told in YOLOv5's words.
      self = own != nil || !Self.rows(keys).isEmpty ? .ultralytics : .yolov5
      return
    }
    if let own, let node = keys.value(for: own) {
      throw node.error(
        "the key \"\(own)\" is of an Ultralytics model file, and anchors are of a YOLOv5 one: it is neither",
        advice:
          "for Ultralytics the last row is [[…], 1, Detect, [nc]], and there are no anchors; YOLOv5 has "
          + "depth_multiple and width_multiple instead of scales")
    }
    self = .yolov5
    if let path, let name = Self.ultralyticsName(path) {
      throw root.error(
        "it is a model file of YOLOv5, with anchors, under the name of one of Ultralytics, \(name)",
        advice:
          "for YOLOv5 give it another name; Ultralytics has no anchors, and a last row [[…], 1, Detect, [nc]]"
      )
    }
  }

  /// The file's name where only Ultralytics has models of that name: yolov8 and what came later.
  ///
  /// Of yolov3, yolov5 and yolov6 it has files of its own.
  private static func ultralyticsName(_ path: String) -> Substring? {
    let name = path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...]
    guard let found = name.firstRange(of: "yolo") else { return nil }
    let tail = name[found.upperBound...]
    let digits = (tail.hasPrefix("v") ? tail.dropFirst() : tail).prefix { ("0"..."9").contains($0) }
    return Int(digits).map { (8...99).contains($0) } == true ? name : nil
  }

  /// Whether it has the key, or a row that asks for it.
  private static func hasAnchors(_ keys: YAMLMapping) -> Bool {
    if keys.value(for: "anchors") != nil { return true }
    return rows(keys).contains { parts in
      parts[3].sequence?.contains { $0.scalar?.text == "anchors" } ?? false
    }
  }

  /// The rows of four parts.
  static func rows(_ keys: YAMLMapping) -> [[YAMLNode]] {
    let rows = ["backbone", "head"].flatMap { keys.value(for: $0)?.sequence ?? [] }
    return rows.compactMap(\.sequence).filter { $0.count == 4 }
  }
}
