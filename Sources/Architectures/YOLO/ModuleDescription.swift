/// A module that rows of a model file may name, for people.
public struct ModuleDescription: Sendable {
  public struct Argument: Sendable {
    /// What the class calls it, or what it means.
    public let name: String
    /// What it may be: "a whole number from 1 to 63".
    public let takes: String
    /// What it is where it is left out, as Python shows it; `nil` for one that must be given.
    public let usual: String?
  }

  /// How rows name it.
  public let name: String
  /// Whose model files have it.
  public let dialects: [ModelDialect]
  /// The class's name, as the first of them prints it.
  public let className: String
  /// What it computes, in a sentence without a full stop.
  public let summary: String
  /// A row that has it.
  public let example: String
  /// In their order; the first often stands for the channels that come out, before the width multiple.
  public let arguments: [Argument]
  /// Whether the module is made with the number of repeats; others stand one behind the other.
  public let takesRepeats: Bool
}

extension ModelFile {
  /// Every module that a model file may name.
  public static let modules: [ModuleDescription] = YOLOModules.all.map { module in
    ModuleDescription(
      name: module.name, dialects: module.dialects,
      className: module.dialects.first.flatMap { module.classNames[$0] } ?? "", summary: module.summary,
      example: module.example,
      arguments: module.arguments.map {
        .init(name: $0.name, takes: $0.kind.words, usual: $0.fallback?.description)
      }, takesRepeats: module.takesRepeats)
  }
}

extension ModuleDescription {
  /// Whose model files have it, in words.
  package var whose: String { dialects.map(\.program).joined(separator: ", ") }
}

extension ModuleArgument.Kind {
  /// What it may be, in words.
  var words: String {
    switch self {
    case .int(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .bool: "True or False"
    case .fraction: "a number above 0 and up to 4"
    case .rate: "a number from 0 to 1"
    case .ints(let count, let range):
      "a list of \(count) whole numbers from \(range.lowerBound) to \(range.upperBound)"
    case .intOrInts(let count, let range):
      "a whole number from \(range.lowerBound) to \(range.upperBound), or a list of \(count)"
    case .list(let count, let range):
      "a list of \(count.lowerBound) to \(count.upperBound) whole numbers from \(range.lowerBound) to \(range.upperBound)"
    case .words(let words): words.map { "'\($0)'" }.joined(separator: ", ")
    case .exactly(let only): "\(only) alone"
    case .anchors: "the anchors that the file gives"
    case .word: "a word, or None"
    case .any: "anything"
    }
  }
}
