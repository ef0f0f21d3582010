import SutureYAML
import Testing

/// The document of a text under the name that the tests' errors show.
func parse(_ text: String, _ limits: YAMLLimits = YAMLLimits()) throws(YAMLError) -> YAMLNode {
  try YAML.parse(text, name: "recipe.yaml", limits: limits)
}

/// Why a document is refused.
func refusal(
  _ bytes: [UInt8], _ limits: YAMLLimits = YAMLLimits(), at location: SourceLocation = #_sourceLocation
)
  -> YAMLError?
{
  #expect(throws: YAMLError.self, sourceLocation: location) {
    try YAML.parse(bytes, name: "recipe.yaml", limits: limits)
  }
}

/// Why a document is refused.
func refusal(
  _ text: String, _ limits: YAMLLimits = YAMLLimits(), at location: SourceLocation = #_sourceLocation
)
  -> YAMLError?
{
  refusal(Array(text.utf8), limits, at: location)
}

extension YAMLNode {
  /// The value of a key of a mapping.
  subscript(key: String) -> YAMLNode? { mapping?.value(for: key) }

  /// Line and column: "3:7".
  var lineAndColumn: String { "\(position.line):\(position.column)" }
}

extension YAMLError {
  /// Line and column: "3:7".
  var lineAndColumn: String { "\(position.line):\(position.column)" }
}
