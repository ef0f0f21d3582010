internal import SutureJSON
public import SutureText

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

  public static let schema = StepSchema(
    "map", .names, "Rename by a table of PATTERN: NAME, in YAML or JSON.", operand: .operand(.table, "FILE"),
    fields: [
      .optional("reverse", .flag, ""), .optional("rest", .choice(Rest.allCases.map(\.rawValue)), "REST"),
    ],
    variants: [.init("map-reversed", "Rename by the table read backwards.", flags: ["reverse"])],
    example: #"{map: {"stem.*": "downsample_layers.0.{1}"}, rest: error}"#,
    on: "stem.weight [96,3,4,4] stem.bias [96]")

  public init(_ record: StepRecord) throws {
    let table = try Self.table(record.operand)
    self.init(
      table, reversed: try record["reverse"]?.bool() ?? false,
      rest: try record["rest"]?.choice(Rest.self) ?? .keep)
  }

  public var record: StepRecord {
    StepRecord(
      "map", .object(table.map { ($0.pattern, .string($0.template)) }),
      (isReversed ? [("reverse", .bool(true))] : [])
        + (rest == .keep ? [] : [("rest", .string(rest.rawValue))]))
  }

  public func summary(_: ResolvedFields) -> String {
    "map \(table.count) \(table.count == 1 ? "row" : "rows")\(isReversed ? ", reversed" : "")"
  }

  /// A row as it is read, in the direction in which it is.
  private struct Row {
    let text: String
    let pattern: Pattern
    let template: Template
  }

  private func rows() throws(PatternError) -> [Row] {
    try table.map { row throws(PatternError) in
      let (pattern, template) =
        isReversed ? try PatternSyntax.reversing(row.template, of: row.pattern) : row
      let read = Row(text: pattern, pattern: try Pattern(pattern), template: try Template(template))
      if read.template.count != 1 {
        throw PatternError(pattern, column: 1, "its row gives \(read.template.count) names for one key")
      }
      return read
    }
  }

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    let rows = try rows()
    var outcome = StepOutcome()
    var used = [Bool](repeating: false, count: rows.count)
    var kept: [Draft.Entry] = []
    var unmatched: [String] = []
    for var entry in draft.entries {
      let fitting = rows.indices.filter { rows[$0].pattern.matches(entry.name) }
      if fitting.count > 1 {
        throw SurgeryError(
          .collision, "has two rows that fit \(entry.name)",
          remedies: fitting.map { .advice("\"\(rows[$0].text)\"") } + ["make one of them fit less"])
      }
      guard let row = fitting.first else {
        unmatched.append(entry.name)
        if rest == .keep { kept.append(entry) }
        continue
      }
      used[row] = true
      outcome.touched.append(entry.name)
      let captures = rows[row].pattern.captures(entry.name) ?? []
      entry.name = try rows[row].template.names(for: entry.name, captures: captures)[0]
      kept.append(entry)
    }
    if rest == .error, !unmatched.isEmpty {
      throw SurgeryError(
        .noMatch, "has no row for \(unmatched.count) of \(draft.entries.count) keys",
        remedies: [.advice(unmatched.summary)])
    }
    outcome.recordKeys()
    if outcome.touched.isEmpty, let first = rows.first {
      outcome.miss(pattern: first.text, among: [first.text])
    }
    let names = draft.names
    for index in rows.indices where used[index] {
      outcome.notes += rows[index].pattern.idleChoices(among: names)
    }
    draft.entries = kept
    let idle = rows.indices.filter { !used[$0] }.map { "\"\(rows[$0].text)\"" }
    if !idle.isEmpty, !outcome.touched.isEmpty {
      outcome.notes.append("rows that fit no key: \(idle.summary)")
    }
    if !unmatched.isEmpty {
      outcome.notes.append(
        "\(unmatched.count) keys have no row and are \(rest == .keep ? "kept" : "dropped")")
    }
    return outcome
  }

  public func sources(of name: String, _ resolved: ResolvedFields) -> NameSources {
    guard let rows = try? rows() else { return .unknown }
    return resolved.sources(of: name) { key in
      guard let row = rows.first(where: { $0.pattern.matches(key) }) else { return [] }
      return try row.template.names(for: key, captures: row.pattern.captures(key) ?? [])
    }
  }
}

extension MapNames {
  /// Reads a table from a document of its own: a mapping of patterns to templates, in YAML or JSON.
  ///
  /// - Throws: `Failure` with line and column.
  public init(_ bytes: [UInt8], name: String, reversed: Bool = false) throws(Failure) {
    self.init(try Self.table(try RecordValue(bytes, name: name)), reversed: reversed)
  }

  private static func table(_ value: RecordValue) throws(Failure) -> [(pattern: String, template: String)] {
    let table = try value.table()
    if table.isEmpty { throw value.error("the table is empty") }
    return table.map { ($0.key, $0.value) }
  }
}
