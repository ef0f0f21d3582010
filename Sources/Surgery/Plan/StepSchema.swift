/// All that is to be said of a kind of step: recipes, options, help and the documentation are made from it.
public struct StepSchema: Sendable {
  public enum Category: String, Sendable, CaseIterable {
    case names = "Names"
    case tensors = "Tensors"
    case files = "Files"
  }

  /// The word that names the step, such as `drop`.
  public let verb: String
  public let category: Category
  /// One line: what it does.
  public let help: String
  /// What stands behind the verb; `nil` where the step stands alone.
  public let operand: StepField?
  /// What may stand beside it.
  public let fields: [StepField]
  /// A record, as a recipe has it on one line.
  public let example: String
  /// Names and shapes that the example can be done to, `fc.weight [10,64]`; the documentation shows what it makes of them.
  public let exampleInput: String
  /// Other names that the compact form has for the step, with some of its fields set.
  public let variants: [Variant]

  /// A step with fields set, under a name of its own: `map-reversed`.
  public struct Variant: Sendable {
    public let name: String
    public let help: String
    /// The flags that it sets.
    public let flags: [String]

    public init(_ name: String, _ help: String, flags: [String]) {
      (self.name, self.help, self.flags) = (name, help, flags)
    }
  }

  public init(
    _ verb: String, _ category: Category, _ help: String, operand: StepField? = nil, fields: [StepField] = [],
    variants: [Variant] = [], example: String, on exampleInput: String = ""
  ) {
    (self.verb, self.category, self.help) = (verb, category, help)
    (self.operand, self.fields, self.variants) = (operand, fields, variants)
    (self.example, self.exampleInput) = (example, exampleInput)
  }
}

/// A value of a step's record: what it is called, what it may be, and where it stands in the compact form.
public struct StepField: Sendable {
  public enum Kind: Sendable, Equatable {
    case text
    case pattern
    /// One or several, each of which must fit.
    case patterns
    case template
    case templates
    /// A whole name.
    case name
    case file
    /// One or several; in the compact form each has a word of its own.
    case files
    /// Patterns and templates in a file of their own, or in the record.
    case table
    case integer
    case integers
    case number
    case numbers
    case flag
    case choice([String])
    /// A number or a text.
    case value
  }

  public let key: String
  public let kind: Kind
  /// What stands for it in help.
  public let placeholder: String
  public let isRequired: Bool
  /// What stands before it in the compact form, `PATTERN=NAME@AXIS`; `nil` where it cannot be said there.
  public let sign: Character?

  /// The operand, which stands behind the verb.
  public static func operand(_ kind: Kind, _ placeholder: String) -> StepField {
    StepField(key: "", kind: kind, placeholder: placeholder, isRequired: true, sign: nil)
  }

  public static func required(
    _ key: String, _ kind: Kind, _ placeholder: String, after sign: Character? = nil
  ) -> StepField {
    StepField(key: key, kind: kind, placeholder: placeholder, isRequired: true, sign: sign)
  }

  public static func optional(
    _ key: String, _ kind: Kind, _ placeholder: String, after sign: Character? = nil
  ) -> StepField {
    StepField(key: key, kind: kind, placeholder: placeholder, isRequired: false, sign: sign)
  }
}
