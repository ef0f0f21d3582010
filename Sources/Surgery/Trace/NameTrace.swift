public import SutureJSON
internal import SutureText

/// Where a tensor's name came from, followed back through steps that were recorded.
public struct NameTrace: Sendable {
  public struct Step: Sendable {
    /// The step in English; as it was recorded where nothing reads that.
    public let text: String
    /// What the tensor was called before it, or may have been, the likeliest first; none where it was made anew, `nil`
    /// where that cannot be told.
    public fileprivate(set) var before: [String]?
    /// What it was called after it, or may have been.
    public fileprivate(set) var after: [String]?
    /// Whether it was one of the names before it, and nothing tells which; otherwise it was made of all of them.
    public fileprivate(set) var isAmbiguous = false
    /// The tensors of other files that went into it.
    public fileprivate(set) var foreign: [NameSources.Foreign] = []
    /// Each name after the step with those that it was made of.
    fileprivate var origins: [(name: String, sources: [String])] = []
  }

  /// In the order in which they were done.
  public private(set) var steps: [Step] = []

  /// What it was called before all of them; none where it was made anew, `nil` where that cannot be told.
  public var sources: [String]? { steps.isEmpty ? [name] : steps[0].before }

  /// Whether it was one of ``sources``, and nothing tells which.
  public var isAmbiguous: Bool { steps.contains(where: \.isAmbiguous) && (sources?.count ?? 0) > 1 }

  private let name: String

  /// More possible names than these are no answer.
  private static let mostNames = 16

  /// - Parameters:
  ///   - name: what the tensor is called after the last step.
  ///   - steps: what was recorded, the first step first; texts are told, and not followed.
  public init(_ name: String, through steps: [JSONValue], _ registry: StepRegistry = .standard) {
    self.name = name
    var after: [String]? = [name]
    for json in steps.reversed() {
      let step = Self.step(json, after, registry)
      self.steps.append(step)
      after = step.before
    }
    self.steps.reverse()
    prune()
  }

  private static func step(_ json: JSONValue, _ after: [String]?, _ registry: StepRegistry) -> Step {
    guard let record = try? registry.record(json), let planned = try? registry.step(record) else {
      return Step(text: json.stringValue ?? JSONWriter.text(json), before: nil, after: after)
    }
    let isVain = record.resolved[ResolvedFields.unmatched] != nil
    var step = Step(
      text: planned.step.summary(record.resolved) + (record.isOptional && isVain ? ", if there is any" : ""),
      before: nil, after: after)
    var before: [String] = []
    var isPossible = true
    for name in after ?? [] {
      let sources: [String]
      switch planned.step.sources(of: name, record.resolved) {
      case .all(let names, let foreign):
        sources = names
        step.foreign += foreign
      case .oneOf(let names):
        isPossible = isPossible && !names.isEmpty
        if names.isEmpty { continue }
        step.isAmbiguous = step.isAmbiguous || names.count > 1
        sources = names
      case .unknown: return step
      }
      step.origins.append((name, sources))
      before += sources.filter { source in !before.contains { isSame($0, source) } }
    }
    // No name at all where there should be one: the file is not what the steps made.
    if after != nil, isPossible || !before.isEmpty, !step.isAmbiguous || before.count <= mostNames {
      step.before = before
    }
    return step
  }

  /// Takes out the names that no earlier step can have made.
  private mutating func prune() {
    var possible: [String]?
    for index in steps.indices {
      guard let before = steps[index].before else {
        possible = nil
        continue
      }
      let real =
        possible.map { known in before.filter { name in known.contains { Self.isSame($0, name) } } } ?? before
      steps[index].before = real
      steps[index].after = steps[index].origins.filter { origin in
        origin.sources.isEmpty
          || origin.sources.contains { source in real.contains { Self.isSame($0, source) } }
      }.map(\.name)
      if real.count < 2 { steps[index].isAmbiguous = false }
      possible = steps[index].after
    }
  }

  private static func isSame(_ one: String, _ other: String) -> Bool {
    ExactString(one) == ExactString(other)
  }
}
