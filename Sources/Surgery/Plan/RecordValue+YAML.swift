internal import SutureJSON
internal import SutureText
internal import SutureYAML

extension YAMLNode {
  /// The value as JSON; what JSON has no value for is its text.
  var json: JSONValue {
    switch content {
    case .sequence(let nodes): .array(nodes.map(\.json))
    case .mapping(let mapping): .object(mapping.pairs.map { ($0.key.scalar?.text ?? "", $0.value.json) })
    case .scalar(let scalar):
      switch scalar.resolved {
      case .null: .null
      case .bool(let value): .bool(value)
      case .int(let value): .integer(value)
      case .float(let value) where value.isFinite: .double(value)
      case .float, .hugeInt: .string(scalar.text)
      case .string(let text): .string(text)
      }
    }
  }
}

extension FailurePlace {
  init(_ position: YAMLPosition) {
    self.init(file: position.name, line: position.line, column: position.column)
  }
}

extension Failure {
  /// That a recipe or a table cannot be read.
  init(_ error: YAMLError) { self.init(.usage, at: FailurePlace(error.position), error.message) }
}
