internal import SutureYAML

/// An argument of a layer as Python has it after `parse_model` has evaluated it.
enum ModelValue: Sendable, Equatable {
  case none
  case bool(Bool)
  case int(Int)
  case double(Double)
  case string(String)
  case list([ModelValue])

  /// The names that arguments may stand for.
  struct Scope {
    let classes: Int
    let anchors: [[Double]]
  }

  /// What `node` means: YOLOv5 evaluates every string as Python, and keeps those that are no name it knows.
  init(_ node: YAMLNode, _ scope: Scope) throws {
    switch node.content {
    case .sequence(let nodes): self = .list(try nodes.map { try ModelValue($0, scope) })
    case .mapping: throw node.error("a layer's arguments are numbers, names and lists, not mappings")
    case .scalar(let scalar):
      switch scalar.resolved {
      case .null: self = .none
      case .bool(let value): self = .bool(value)
      case .int: self = .int(try node.requireInt())
      case .float(let value): self = .double(value)
      case .hugeInt: throw node.error("\(scalar.text) is no number that a layer could take")
      case .string(let text):
        switch text {
        case "None": self = .none
        case "True": self = .bool(true)
        case "False": self = .bool(false)
        case "nc": self = .int(scope.classes)
        case "anchors": self = .anchors(scope.anchors)
        default:
          // YOLOv5 would run it; a name that Python does not know stays the text that it is.
          let isName = text.unicodeScalars.allSatisfy {
            $0.properties.isAlphabetic || "_.".unicodeScalars.contains($0) || ("0"..."9").contains($0)
          }
          guard isName, let first = text.unicodeScalars.first, first.properties.isAlphabetic || first == "_"
          else {
            throw node.error("\"\(text)\" is a Python expression, and nothing in a model file is executed")
          }
          self = .string(text)
        }
      }
    }
  }

  static func anchors(_ anchors: [[Double]]) -> ModelValue {
    .list(anchors.map { .list($0.map { Int(exactly: $0).map { .int($0) } ?? .double($0) }) })
  }

  var int: Int? { if case .int(let value) = self { value } else { nil } }
  var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  var string: String? { if case .string(let value) = self { value } else { nil } }
  var number: Double? { if case .double(let value) = self { value } else { int.map { Double($0) } } }
  var ints: [Int]? {
    guard case .list(let values) = self else { return nil }
    let ints = values.compactMap(\.int)
    return ints.count == values.count ? ints : nil
  }
}

extension ModelValue: CustomStringConvertible {
  /// As Python's `str` writes it.
  var description: String {
    switch self {
    case .none: "None"
    case .bool(let value): value ? "True" : "False"
    case .int(let value): "\(value)"
    case .double(let value): "\(value)"
    case .string(let text): "'\(text)'"
    case .list(let values): "[\(values.map(\.description).joined(separator: ", "))]"
    }
  }
}
