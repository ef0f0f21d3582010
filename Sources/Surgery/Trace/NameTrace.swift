internal import SutureBytes
internal import SutureText

/// Where a tensor's name came from, followed back through steps that were recorded.
public struct NameTrace: Sendable {
  public struct Step: Sendable {
    /// The step as it was recorded.
    public let text: String
    /// What the tensor may have been called before it, the likeliest first; `nil` where that cannot be told.
    public fileprivate(set) var before: [String]?
    /// What it may have been called after it.
    public fileprivate(set) var after: [String]?
    /// Each name after the step with those that it may have been made of.
    fileprivate let origins: [(name: String, sources: [String])]
  }

  /// In the order in which they were done.
  public private(set) var steps: [Step] = []

  /// What it may have been called before all of them; `nil` where that cannot be told.
  public var sources: [String]? { steps.isEmpty ? [name] : steps[0].before }

  private let name: String

  /// More possible names than these are no answer.
  private static let mostNames = 16

  /// - Parameters:
  ///   - name: what the tensor is called after the last step.
  ///   - steps: what was recorded, the first step first.
  public init(_ name: String, through steps: [String]) {
    self.name = name
    var after: [String]? = [name]
    for text in steps.reversed() {
      let step = Self.step(text, after)
      self.steps.append(step)
      after = step.before
    }
    self.steps.reverse()
    prune()
  }

  private static func step(_ text: String, _ after: [String]?) -> Step {
    guard let after else { return Step(text: text, before: nil, after: nil, origins: []) }
    let recorded = RecordedStep(text)
    var origins: [(name: String, sources: [String])] = []
    var before: [String] = []
    for name in after {
      guard let sources = recorded.sources(of: name) else {
        return Step(text: text, before: nil, after: after, origins: [])
      }
      origins.append((name, sources))
      before += sources.filter { source in !before.contains { isSame($0, source) } }
    }
    // No name at all: the file is not what the steps made.
    let isAnswer = (1...mostNames).contains(before.count)
    return Step(text: text, before: isAnswer ? before : nil, after: after, origins: origins)
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
        origin.sources.contains { source in real.contains { Self.isSame($0, source) } }
      }.map(\.name)
      possible = steps[index].after
    }
  }

  private static func isSame(_ one: String, _ other: String) -> Bool {
    ExactString(one) == ExactString(other)
  }
}
