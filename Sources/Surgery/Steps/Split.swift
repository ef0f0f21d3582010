internal import SutureBytes
internal import SutureJSON
internal import SutureTensors
internal import SutureYAML

/// Cuts tensors along an axis into pieces of their own names, as `torch.split`; the pieces are views.
public struct Split: Step {
  let pattern: String
  let templates: [String]
  let axis: Int
  /// How large the pieces are; empty for equal ones.
  let sizes: [Int]

  /// - Parameter templates: `blocks.{1}.{q,k,v}.weight` stands for three.
  public init(_ pattern: String, to templates: String..., axis: Int = 0, sizes: [Int] = []) {
    self.init(pattern, to: templates, axis: axis, sizes: sizes)
  }

  public init(_ pattern: String, to templates: [String], axis: Int = 0, sizes: [Int] = []) {
    (self.pattern, self.templates, self.axis, self.sizes) = (pattern, templates, axis, sizes)
  }

  public var summary: String {
    "split \"\(pattern)\" to \(quoted(templates)) along axis \(axis)"
      + (sizes.isEmpty ? "" : ", sizes \(sizes)")
  }

  public func apply(to draft: inout Draft) throws -> Int {
    let hits = try touch([pattern], &draft)
    let fit = try Pattern(pattern)
    let templates = try templates.map { try Template($0) }
    draft.entries = try zip(draft.entries, hits).flatMap { entry, isHit in
      guard isHit else { return [entry] }
      let captures = fit.captures(entry.name) ?? []
      let names = try templates.flatMap { try $0.names(for: entry.name, captures: captures) }
      let axis = try axis(axis, of: entry)
      try requirePlain(entry)
      var start = 0
      return try zip(names, try pieces(entry, axis, names.count)).map { name, size in
        defer { start += size }
        return Draft.Entry(
          name: name, origins: entry.origins,
          tensor: try fitting(entry) { try entry.tensor.sliced(start..<(start + size), axis: axis) })
      }
    }
    return draft.touched.count
  }

  private func pieces(_ entry: Draft.Entry, _ axis: Int, _ count: Int) throws -> [Int] {
    let length = entry.tensor.shape[axis]
    if sizes.isEmpty {
      guard count > 0, length % count == 0 else {
        throw doesNotFit(
          entry, "axis \(axis) cannot be cut into \(count) equal pieces", hints: ["give their sizes"])
      }
      return [Int](repeating: length / count, count: count)
    }
    let total = sizes.reduce(0) { $0.adding(saturating: $1) }
    guard sizes.count == count, sizes.allSatisfy({ $0 >= 0 }), total == length else {
      throw doesNotFit(
        entry, "\(count) pieces of sizes \(sizes) are not axis \(axis), which has \(length) elements")
    }
    return sizes
  }
}

extension Split: RecipeStep {
  static let verb = "split"
  static let options = ["to", "axis", "sizes"]

  init(_ fields: StepFields) throws(YAMLError) {
    let sizes = try fields["sizes"].map { node throws(YAMLError) in try node.requireIntegers() } ?? []
    self.init(
      try fields.operand.requireString(), to: try fields.require("to").requireStrings(),
      axis: try fields.integer("axis", unsaid: 0), sizes: sizes)
  }

  var operand: JSONValue { .string(pattern) }

  var chosen: [(key: String, value: JSONValue)] {
    [("to", .strings(templates))] + (axis == 0 ? [] : [("axis", .integer(axis))])
      + (sizes.isEmpty ? [] : [("sizes", .array(sizes.map { .integer($0) }))])
  }
}
