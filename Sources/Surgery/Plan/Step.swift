internal import SutureJSON
public import SutureText

/// One cut: a small value that changes names, and moves views about without reading a byte.
///
/// A step is told in one file: what it is called and takes, how its record is read and written, what it does, and the
/// way back. A ``StepRegistry`` makes the rest of that.
public protocol Step: Sendable {
  /// What it is called and what it takes.
  static var schema: StepSchema { get }

  /// Reads the step from its record, whatever that was written in.
  ///
  /// - Throws: a ``SutureError``; ``RecordValue/error(_:advice:)`` knows line and column.
  init(_ record: StepRecord) throws

  /// The step as data; reading it gives the same step.
  var record: StepRecord { get }

  /// The step in English: `drop "norm*"`. Nobody reads it back.
  ///
  /// - Parameter resolved: what it found out, once it was done.
  func summary(_ resolved: ResolvedFields) -> String

  /// Changes the draft, and tells what it touched, and what it looked for and did not find.
  ///
  /// - Throws: ``SurgeryError`` or another ``SutureError``, which no plan allows.
  func apply(to draft: inout Draft) throws -> StepOutcome

  /// What the tensor of that name, after the step, was made of.
  ///
  /// - Parameter resolved: what the step recorded when it was done.
  func sources(of name: String, _ resolved: ResolvedFields) -> NameSources
}

extension Step {
  public var summary: String { summary(ResolvedFields()) }

  public func summary(_ resolved: ResolvedFields) -> String {
    let record = record
    let words = (try? record.operand.strings()).map { [quoted($0)] } ?? []
    let fields = record.fields.map { field in
      "\(field.key) \((try? field.value.strings()).map(quoted) ?? JSONWriter.text(field.value.json))"
    }
    return ([record.verb.replacing("-", with: " ")] + words + fields).joined(separator: " ")
  }

  public func sources(of name: String, _ resolved: ResolvedFields) -> NameSources { .one(name) }

  /// The step as one whose ``StepOutcome/unmatched`` is told, and not refused.
  public var allowingUnmatched: PlannedStep { PlannedStep(self, allowsUnmatched: true) }

  /// `"a", "b"`, as the summaries have patterns.
  func quoted(_ texts: [String]) -> String { texts.map { "\"\($0)\"" }.joined(separator: ", ") }
}

/// A step in its place among others: whether its patterns may fit nothing, and where it is written.
public struct PlannedStep: Sendable {
  public let step: any Step
  /// Whether a pattern that fits nothing is noted, and not refused.
  public var allowsUnmatched: Bool
  /// Where the step is written.
  public let place: FailurePlace

  public init(_ step: any Step, allowsUnmatched: Bool = false, at place: FailurePlace = FailurePlace()) {
    (self.step, self.allowsUnmatched, self.place) = (step, allowsUnmatched, place)
  }

  public var record: StepRecord {
    var record = step.record
    record.isOptional = allowsUnmatched
    return record
  }

  public var summary: String { step.summary + (allowsUnmatched ? ", if there is any" : "") }
}

/// What a step made a tensor of, told from the tensor's name after it.
public enum NameSources: Sendable, Equatable {
  /// All of these tensors of its input, and of other files; none where the elements are new.
  case all([String], and: [Foreign] = [])
  /// One of these, the likeliest first; none where the step cannot have made such a name.
  case oneOf([String])
  /// That cannot be told.
  case unknown

  /// A tensor of another file.
  public struct Foreign: Sendable, Equatable {
    /// As the step calls the file.
    public let file: String
    public let name: String

    public init(file: String, name: String) { (self.file, self.name) = (file, name) }
  }

  /// One tensor.
  public static func one(_ name: String) -> NameSources { .all([name]) }
}

extension ResolvedFields {
  /// Those of the recorded keys that `forward` makes `name` of; `name` itself where the step did not touch it.
  public func sources(of name: String, _ forward: (String) throws -> [String]) -> NameSources {
    guard let keys = names(Self.keys) else { return .unknown }
    let wanted = ExactString(name)
    let found = keys.filter { key in
      ((try? forward(key)) ?? []).contains { ExactString($0) == wanted }
    }
    return .all(found.isEmpty ? [name] : found)
  }
}
