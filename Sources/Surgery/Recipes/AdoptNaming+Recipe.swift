internal import JSON
internal import YAML

extension AdoptNaming: RecipeStep {
  static let verb = "naming"
  init(_ fields: StepFields) throws(YAMLError) {
    self.init(try fields.operand.requireChoice(NamingScheme.self))
  }
  var operand: JSONValue { .string(scheme.rawValue) }
}
