internal import SutureJSON
internal import SutureYAML

/// Renames by a table of patterns and templates, whose rows have no order; it can be read backwards.
public struct MapNames: Step {
  /// What becomes of the names that no row fits.
  public enum Rest: String, Sendable, CaseIterable { case keep, drop, error }

  let table: [(pattern: String, template: String)]
  let isReversed: Bool
  let rest: Rest

  /// - Parameters:
  ///   - reversed: whether names of the right side become those of the left.
  ///   - rest: what becomes of the names that no row fits.
  public init(_ table: [(pattern: String, template: String)], reversed: Bool = false, rest: Rest = .keep) {
    (self.table, isReversed, self.rest) = (table, reversed, rest)
  }

  public init(_ table: KeyValuePairs<String, String>, reversed: Bool = false, rest: Rest = .keep) {
    self.init(table.map { ($0.key, $0.value) }, reversed: reversed, rest: rest)
  }

  public var summary: String {
    "map \(table.count) \(table.count == 1 ? "row" : "rows")\(isReversed ? ", reversed" : "")"
  }

  public func apply(to draft: inout Draft) throws -> Int {
    let rows = try table.map { row in
      let (pattern, template) = isReversed ? try PatternSyntax.reversing(row.template, of: row.pattern) : row
      return (text: pattern, pattern: try Pattern(pattern), template: try Template(template))
    }
    for row in rows where row.template.count != 1 {
      throw PatternError(row.text, column: 1, "its row gives \(row.template.count) names for one key")
    }
    var used = [Bool](repeating: false, count: rows.count)
    var kept: [Draft.Entry] = []
    var unmatched: [String] = []
    for var entry in draft.entries {
      let fitting = rows.indices.filter { rows[$0].pattern.matches(entry.name) }
      if fitting.count > 1 {
        throw StepFailure(
          kind: .collision, reason: "has two rows that fit \(entry.name)",
          hints: fitting.map { "\"\(rows[$0].text)\"" } + ["make one of them fit less"])
      }
      guard let row = fitting.first else {
        unmatched.append(entry.name)
        if rest == .keep { kept.append(entry) }
        continue
      }
      used[row] = true
      draft.touched.append(entry.name)
      let captures = rows[row].pattern.captures(entry.name) ?? []
      entry.name = try rows[row].template.names(for: entry.name, captures: captures)[0]
      kept.append(entry)
    }
    if rest == .error, !unmatched.isEmpty {
      throw StepFailure(
        kind: .noMatch, reason: "has no row for \(unmatched.count) of \(draft.entries.count) keys",
        hints: [Suggestion.list(unmatched)])
    }
    if draft.touched.isEmpty { throw noMatch(rows.first?.text ?? "", draft) }
    draft.entries = kept
    let idle = rows.indices.filter { !used[$0] }.map { "\"\(rows[$0].text)\"" }
    if !idle.isEmpty { draft.notes.append("rows that fit no key: \(Suggestion.list(idle))") }
    if !unmatched.isEmpty {
      draft.notes.append("\(unmatched.count) keys have no row and are \(rest == .keep ? "kept" : "dropped")")
    }
    return draft.touched.count
  }
}

extension MapNames: RecipeStep {
  static let verb = "map"
  static let options = ["reverse", "rest"]

  init(_ fields: StepFields) throws(YAMLError) {
    let rest = try fields["rest"].map { node throws(YAMLError) in try node.requireChoice(Rest.self) } ?? .keep
    self.init(
      try Self.rows(fields.operand), reversed: try fields.bool("reverse"), rest: rest)
  }

  var operand: JSONValue { .object(table.map { ($0.pattern, .string($0.template)) }) }

  var chosen: [(key: String, value: JSONValue)] {
    (isReversed ? [("reverse", .bool(true))] : []) + (rest == .keep ? [] : [("rest", .string(rest.rawValue))])
  }
}
