internal import SutureBytes
internal import SutureJSON
internal import SutureSurgery
internal import SutureText

/// The compact form of a step on the command line, `--slice 'PATTERN=FROM:TO@AXIS'`: read and printed by the step's
/// schema.
struct StepWords {
  let schema: StepSchema
  /// The option's name where it is not the verb.
  var variant: StepSchema.Variant?

  var name: String { variant?.name ?? schema.verb }

  /// The fields that the compact form has a sign for.
  private var fields: [StepField] { schema.fields.filter { $0.sign != nil } }

  /// What help has for the value: `PATTERN=FROM:TO[@AXIS]`.
  var placeholder: String {
    var text = schema.operand?.placeholder ?? ""
    var open = 0
    for field in fields {
      // What needs the one before it stands in the same brackets.
      if !field.isRequired { open += 1 }
      text += "\(field.isRequired ? "" : "[")\(field.sign.map(String.init) ?? "")\(field.placeholder)"
    }
    return text + String(repeating: "]", count: open)
  }

  // MARK: Reading

  /// The record that the option's value says; empty for one that takes none.
  func record(_ word: String) throws -> StepRecord {
    let flags = (variant?.flags ?? []).map { (key: $0, value: JSONValue.bool(true)) }
    guard let operand = schema.operand else { return StepRecord(schema.verb, .null, flags) }
    if operand.kind == .table {
      var record = StepRecord(schema.verb, .null, flags)
      record.operand = try RecordValue(try Edit.readText(word), name: word)
      return record
    }
    if fields.isEmpty { return StepRecord(schema.verb, .string(word), flags) }
    let (pattern, value) = Self.halves(word)
    guard let value else {
      if fields[0].isRequired { throw error(word) }
      return StepRecord(schema.verb, .string(pattern), flags)
    }
    guard !pattern.isEmpty, let values = values(value, fields[...]) else { throw error(word) }
    return StepRecord(schema.verb, .string(pattern), values + flags)
  }

  /// The step that the option's value says.
  func step(_ word: String) throws -> PlannedStep {
    let record = try record(word)
    do { return try StepRegistry.standard.step(record) } catch {
      // What stands in a file is said with its place.
      if error.place != FailurePlace() { throw error }
      throw UsageError(self.error(word).reason, hints: [error.reason])
    }
  }

  private func error(_ word: String) -> UsageError {
    let form = placeholder.filter { !"[]".contains($0) }
    return UsageError("--\(name) takes \(form), not \"\(word)\"")
  }

  /// What stands before the `=`, and behind it.
  private static func halves(_ text: String) -> (String, Substring?) {
    // The = of a regular expression is its own.
    let isRegex = text.hasPrefix("re:/") || text.hasPrefix("!re:/")
    if isRegex, let end = text.firstRange(of: "/=") {
      return (String(text[..<end.lowerBound]) + "/", text[end.upperBound...])
    }
    guard !isRegex, let equals = text.firstIndex(of: "=") else { return (text, nil) }
    return (String(text[..<equals]), text[text.index(after: equals)...])
  }

  /// The values of the fields, each behind its sign; `nil` where the text is none of them.
  ///
  /// A sign with something behind it that is no such value belongs to the value before it: a name may have an `@`.
  private func values(_ text: Substring, _ fields: ArraySlice<StepField>) -> [(
    key: String, value: JSONValue
  )]? {
    guard let field = fields.first else { return [] }
    let rest = fields.dropFirst()
    if let sign = rest.first?.sign, let place = text.lastIndex(of: sign),
      let others = values(text[text.index(after: place)...], rest)
    {
      return Self.value(text[..<place], field.kind).map { [(field.key, $0)] + others }
    }
    if rest.first?.isRequired == true { return nil }
    return Self.value(text, field.kind).map { [(field.key, $0)] }
  }

  private static func value(_ text: Substring, _ kind: StepField.Kind) -> JSONValue? {
    func list(_ read: (Substring) -> JSONValue?) -> JSONValue? {
      let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(read)
      return parts.contains { $0 == nil } ? nil : .array(parts.compactMap(\.self))
    }
    func integer(_ text: Substring) -> JSONValue? { Int(text).map { .integer($0) } }
    func number(_ text: Substring) -> JSONValue? {
      Double(text).flatMap { $0.isFinite ? .double($0) : nil }
    }
    if text.isEmpty { return nil }
    return switch kind {
    case .integer: integer(text)
    case .integers: list(integer)
    case .number: number(text)
    case .numbers: list(number)
    case .value: number(text) ?? .string(String(text))
    default: .string(String(text))
    }
  }

  // MARK: Printing

  /// The words of the command line that do a step; `nil` where the compact form cannot say it.
  static func flags(_ step: any Step) -> [String]? {
    let record = step.record
    guard let schema = StepRegistry.standard.schemas.first(where: { $0.verb == record.verb }) else {
      return nil
    }
    let words = StepWords(schema: schema)
    if schema.operand == nil { return ["--\(words.name)"] }
    guard var text = record.operand.json.stringValue else { return nil }
    for field in words.fields {
      guard let value = record[field.key]?.json, let sign = field.sign else { continue }
      text += "\(sign)\(spell(value))"
    }
    // Only what reads back as the same step says it.
    guard let back = try? words.step(text), back.record == record else { return nil }
    return ["--\(words.name)", text]
  }

  private static func spell(_ value: JSONValue) -> String {
    value.stringValue ?? value.arrayValue.map { $0.map(spell).joined(separator: ",") }
      ?? JSONWriter.text(value)
  }
}

extension [any Step] {
  /// The words of the command line that do the steps.
  var flags: [String] { flatMap { StepWords.flags($0) ?? [] } }
}
