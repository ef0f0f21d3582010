internal import SutureBytes
internal import SutureJSON
internal import SutureTensors
internal import SutureText

/// Cuts tensors along an axis into pieces of their own names, as `torch.split`; the pieces are views.
public struct Split: Step {
  let pattern: String
  let templates: [String]
  let axis: Int
  /// How large the pieces are; empty for equal ones.
  let sizes: [Int]

  /// - Parameter templates: `blocks.{1}.{q,k,v}.weight` stands for three; of several braces the first vary slowest.
  public init(_ pattern: String, to templates: String..., axis: Int = 0, sizes: [Int] = []) {
    self.init(pattern, to: templates, axis: axis, sizes: sizes)
  }

  public init(_ pattern: String, to templates: [String], axis: Int = 0, sizes: [Int] = []) {
    (self.pattern, self.templates, self.axis, self.sizes) = (pattern, templates, axis, sizes)
  }

  public static let schema = StepSchema(
    "split", .tensors, "Cut along an axis: '*.qkv.w={1}.{q,k,v}.w'.", operand: .operand(.pattern, "PATTERN"),
    fields: [
      .required("to", .templates, "NAMES", after: "="), .optional("axis", .integer, "AXIS", after: "@"),
      .optional("sizes", .integers, "SIZES", after: ":"),
    ], example: #"{split: "*.qkv.weight", to: "{1}.{q,k,v}.weight"}"#,
    on: "blocks.0.qkv.weight [192,64]")

  public init(_ record: StepRecord) throws {
    self.init(
      try record.operand.string(), to: try record.require("to").strings(),
      axis: try record.integer("axis", default: 0), sizes: try record["sizes"]?.integers() ?? [])
  }

  public var record: StepRecord {
    StepRecord(
      "split", .string(pattern),
      [("to", .strings(templates))] + (axis == 0 ? [] : [("axis", .integer(axis))])
        + (sizes.isEmpty ? [] : [("sizes", .integers(sizes))]))
  }

  public func summary(_: ResolvedFields) -> String {
    "split \"\(pattern)\" to \(quoted(templates)) along axis \(axis)"
      + (sizes.isEmpty ? "" : ", sizes \(sizes)")
  }

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    var outcome = StepOutcome()
    let hits = try outcome.match([pattern], in: draft)
    let names = try naming()
    draft.entries = try zip(draft.entries, hits).flatMap { entry, isHit in
      guard isHit else { return [entry] }
      let names = try names(entry.name)
      let axis = try entry.axis(axis)
      try entry.requirePlain()
      var start = 0
      return try zip(names, try pieces(entry, axis, names.count)).map { name, size in
        defer { start += size }
        return Draft.Entry(
          name: name, sources: entry.sources,
          tensor: try entry.fitting { try entry.tensor.sliced(start..<(start + size), axis: axis) })
      }
    }
    outcome.recordKeys()
    return outcome
  }

  private func naming() throws -> (String) throws -> [String] {
    let fit = try Pattern(pattern)
    let texts = templates
    let templates = try texts.map { try Template($0) }
    if templates.reduce(0, { $0 + $1.count }) == 1, let comma = texts[0].unicodeScalars.firstIndex(of: ",") {
      throw PatternError(
        texts[0], column: texts[0].unicodeScalars.distance(from: texts[0].startIndex, to: comma) + 1,
        "outside braces the comma is a character of one name; {q,k,v} gives several")
    }
    return { name in
      let captures = fit.captures(name) ?? []
      return try templates.flatMap { try $0.names(for: name, captures: captures) }
    }
  }

  private func pieces(_ entry: Draft.Entry, _ axis: Int, _ count: Int) throws -> [Int] {
    let length = entry.tensor.shape[axis]
    if sizes.isEmpty {
      guard count > 0, length % count == 0 else {
        throw entry.doesNotFit(
          "axis \(axis) cannot be cut into \(count) equal pieces", remedies: ["give their sizes"])
      }
      return [Int](repeating: length / count, count: count)
    }
    let total = sizes.reduce(0) { $0.adding(saturating: $1) }
    guard sizes.count == count, sizes.allSatisfy({ $0 >= 0 }), total == length else {
      throw entry.doesNotFit(
        "\(count) pieces of sizes \(sizes) are not axis \(axis), which has \(length) elements")
    }
    return sizes
  }

  public func sources(of name: String, _ resolved: ResolvedFields) -> NameSources {
    guard let naming = try? naming() else { return .unknown }
    return resolved.sources(of: name, naming)
  }
}
