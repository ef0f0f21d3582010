internal import SutureTensors

/// What a plan must come to; otherwise it is refused.
public struct PlanExpectation: Sendable {
  /// How many tensors come in.
  public var input: Int?
  public var kept: Int?
  public var dropped: Int?
  public var copied: Int?
  public var merged: Int?
  /// How many tensors come out.
  public var output: Int?
  /// How many storages they lie on.
  public var storages: Int?
  /// Patterns that must each fit a name of the output.
  public var has: [String] = []

  /// Expects nothing.
  public init() {}

  /// Expects so many tensors to come out.
  public init(output: Int?) { self.output = output }

  /// The counts under the names that recipes have for them.
  static let counts: [(key: String, path: any WritableKeyPath<PlanExpectation, Int?> & Sendable)] = [
    ("in", \.input), ("kept", \.kept), ("dropped", \.dropped), ("copied", \.copied), ("merged", \.merged),
    ("out", \.output), ("storages", \.storages),
  ]

  /// The expectations of both, where `other` says more.
  public func adding(_ other: PlanExpectation) -> PlanExpectation {
    var sum = self
    for (_, path) in Self.counts { if let count = other[keyPath: path] { sum[keyPath: path] = count } }
    sum.has += other.has
    return sum
  }

  /// What was found against what was expected; `nil` where that is the same.
  func failure(_ plan: Plan) throws(PatternError) -> String? {
    let found: [(String, Int?, Int)] = [
      ("come in", input, plan.input.count), ("are kept", kept, plan.accounting.kept.count),
      ("are dropped", dropped, plan.accounting.dropped.count),
      ("are copied", copied, plan.accounting.copied.count),
      ("are merged", merged, plan.accounting.merged.count), ("come out", output, plan.output.count),
    ]
    for (what, expected, count) in found {
      if let expected, expected != count {
        return "\(count) \(count == 1 ? "tensor" : "tensors") \(what), \(expected) were expected"
      }
    }
    if let storages, storages != plan.output.storages.count {
      return "the tensors lie on \(plan.output.storages.count) storages, \(storages) were expected"
    }
    for text in has {
      let pattern = try Pattern(text)
      if !plan.output.names.contains(where: pattern.matches) {
        return "no key \"\(text)\" comes out, and one was expected"
      }
    }
    return nil
  }
}
