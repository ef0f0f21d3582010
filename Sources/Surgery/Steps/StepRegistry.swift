public import SutureJSON
public import SutureText

/// The kinds of steps that there are: recipes, options, help, the trace and the documentation are made from it.
public struct StepRegistry: Sendable {
  /// In the order in which help lists them.
  public private(set) var types: [any Step.Type]

  public init(_ types: [any Step.Type]) { self.types = types }

  /// All that come with the library.
  public static let standard = StepRegistry([
    Drop.self, Keep.self, Rename.self, MapNames.self, AddPrefix.self, StripPrefix.self, Replicate.self,
    AdoptNaming.self, LiveOnly.self, Tie.self, Untie.self, CastTo.self, Transpose.self, Permute.self,
    Reshape.self, Squeeze.self, Unsqueeze.self, Slice.self, IndexSelect.self, Concat.self, Stack.self,
    Split.self, Scale.self, Add.self, Fill.self, AdaptInput.self, Interpolate.self,
    FuseBatchNorm.self, RemoveWeightNorm.self, RemoveSpectralNorm.self, FoldNormalization.self,
    Average.self, Merge.self, GraftFrom.self, Complete.self,
    TakeEMA.self, StripOptimizer.self,
  ])

  /// These, and kinds of your own, which recipes may then hold.
  public func adding(_ types: any Step.Type...) -> StepRegistry { StepRegistry(self.types + types) }

  public var schemas: [StepSchema] { types.map { $0.schema } }

  // MARK: Reading

  /// The step of a record.
  ///
  /// - Throws: `Failure`, with line and column where the record has any.
  public func step(_ record: StepRecord) throws(Failure) -> PlannedStep {
    guard let type = types.first(where: { $0.schema.verb == record.verb }) else {
      throw Failure(.usage, at: record.place, "\"\(record.verb)\" is no step")
    }
    do {
      return PlannedStep(try type.init(record), allowsUnmatched: record.isOptional, at: record.place)
    } catch let error as any SutureError {
      throw Failure(
        error.kind, at: error.place == FailurePlace() ? record.place : error.place, error.reason,
        remedies: error.remedies)
    } catch { throw Failure(.usage, at: record.place, "\(error)") }
  }

  /// The record that a JSON value is: `{"drop": "norm*"}`.
  public func record(_ json: JSONValue) throws(Failure) -> StepRecord { try record(RecordValue(json)) }

  /// Reads `drop: "norm*"`, with what stands beside it.
  func record(_ value: RecordValue) throws(Failure) -> StepRecord {
    let schemas = schemas
    let verbs = schemas.map(\.verb)
    guard let members = value.members else { throw bare(value, verbs) }
    let keys = members.map { ($0.key.json.stringValue, $0.key, $0.value) }
    let found = keys.compactMap { key in schemas.first { $0.verb == key.0 }.map { ($0, key.1, key.2) } }
    guard let (schema, _, operand) = found.first else {
      let known =
        verbs + [StepRecord.optional, StepRecord.resolved] + schemas.flatMap { $0.fields.map(\.key) }
      if let wrong = keys.first(where: { !known.contains($0.0 ?? "") }) { _ = try wrong.1.word(among: verbs) }
      throw value.error("no step is named here", advice: "steps: \(verbs.joined(separator: ", "))")
    }
    if found.count > 1 {
      throw found[1].1.error(
        "two steps in one: \(schema.verb) and \(found[1].0.verb)", advice: "begin each with a - of its own")
    }
    let known = [schema.verb] + schema.fields.map(\.key) + [StepRecord.optional, StepRecord.resolved]
    var record = StepRecord(schema.verb, operand, [], at: value.place)
    for (_, key, value) in keys {
      switch try key.word(among: known) {
      case schema.verb: break
      case StepRecord.optional: record.isOptional = try value.bool()
      case StepRecord.resolved: record.resolved = ResolvedFields(value.json.members ?? [])
      case let word: record.fields.append((word, value))
      }
    }
    return record
  }

  private func bare(_ value: RecordValue, _ verbs: [String]) -> Failure {
    guard let word = value.json.stringValue else { return value.mismatch("a step, such as drop: \"head*\"") }
    if verbs.contains(word) {
      return value.error("\(word) has nothing to work on", advice: "write - \(word): …")
    }
    let near = Spelling.nearest(to: word, among: verbs).map { "did you mean \"\($0): …\"?" }
    return value.error("\"\(word)\" is no step", advice: near ?? "steps: \(verbs.joined(separator: ", "))")
  }

  // MARK: Documentation

  /// The steps as a table in Markdown, as the documentation has it.
  public var table: String {
    let rows = StepSchema.Category.allCases.flatMap { category in
      ["| **\(category.rawValue)** | |"]
        + schemas.filter { $0.category == category }.map { "| `\($0.example)` | \($0.help) |" }
    }
    return (["| In a recipe | |", "| --- | --- |"] + rows).joined(separator: "\n") + "\n"
  }
}
