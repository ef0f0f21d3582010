internal import SutureSurgery

/// The page of the steps of surgery.
extension ReferencePage {
  static var steps: ReferencePage {
    ReferencePage(name: "Steps") {
      let schemas = StepRegistry.standard.schemas
      return try head("The steps", "Everything that surgery can do to a checkpoint.") + """
        A step is one value in Swift, one line of a recipe, one option of the command and one object of a file's provenance: all
        four are its ``StepRecord``. ``StepRegistry/standard`` lists them, and what stands here is made from it.

        Each takes `optional: true`: a pattern of it that fits nothing is then noted, and not refused. Each pattern counts by
        itself, so what the others fit is done all the same.

        An option's value has places for the values that are said most; the others are for recipes. Paths of files may be addresses.

        `suture why FILE NAME` reads the tables of names from right to left: it follows a tensor back to what it was made of.

        \(StepRegistry.standard.table)
        """
        + StepSchema.Category.allCases.map { category in
          "\n## \(category.rawValue)\n"
            + (try schemas.filter { $0.category == category }.map(section).joined())
        }.joined()
    }
  }

  private static func section(_ schema: StepSchema) throws -> String {
    let words = [StepWords(schema: schema)]
    let variants = schema.variants.map { StepWords(schema: schema, variant: $0) }
    let options = (words + variants).map { word in
      [
        Markdown.code("--\(word.name)" + (word.placeholder.isEmpty ? "" : " \(word.placeholder)")),
        Markdown.escaped(word.variant?.help ?? schema.help),
      ]
    }
    let operand = schema.operand.map { [Markdown.code(schema.verb), kind($0.kind), "required"] }
    let fields = schema.fields.map {
      [Markdown.code($0.key), kind($0.kind), $0.isRequired ? "required" : "optional"]
    }
    let rows = (operand.map { [$0] } ?? []) + fields
    return """

      ### \(schema.verb)

      \(Markdown.escaped(schema.help)) In a recipe:

          - \(schema.example)

      \(rows.isEmpty ? "It takes nothing.\n" : Markdown.table(["Key", "Takes", ""], rows))
      \(Markdown.table(["Option", ""], options))
      """ + (try names(schema))
  }

  /// What the example makes of names.
  private static func names(_ schema: StepSchema) throws -> String {
    let lines = try StepExample(schema).lines
    if lines.isEmpty { return "" }
    let shown = lines.map { line in
      [
        line.before.map(Markdown.code).joined(separator: ", "), line.after.map(Markdown.code) ?? "gone",
      ]
    }
    return "\nThe example makes of what is in the file:\n\n" + Markdown.table(["Before", "After"], shown)
  }

  private static func kind(_ kind: StepField.Kind) -> String {
    switch kind {
    case .text: "a text"
    case .pattern: "a pattern"
    case .patterns: "a pattern, or several"
    case .template: "a name, with what the wildcards stand for"
    case .templates: "names, with what the wildcards stand for"
    case .name: "a name"
    case .file: "a file or an address"
    case .files: "a file or an address, or several"
    case .table: "a table of patterns and names, or the file that has it"
    case .integer: "a whole number"
    case .integers: "whole numbers"
    case .number: "a number"
    case .numbers: "numbers"
    case .flag: "`true` or `false`"
    case .choice(let words): words.map(Markdown.code).joined(separator: ", ")
    case .value: "a number or a text"
    }
  }
}
