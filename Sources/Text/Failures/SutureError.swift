/// What every error of the library says, as values.
///
/// Who throws decides the kind; who shows the error spells the place and the remedies, and nobody asks for its type.
public protocol SutureError: Error, CustomStringConvertible, Sendable {
  /// What the exit code of a program comes from.
  var kind: FailureKind { get }
  /// Where it is, as far as that is known.
  var place: FailurePlace { get }
  /// What is wrong, in one sentence that names neither the place nor an option of a program.
  var reason: String { get }
  /// What to do about it, or what else is worth knowing; the likeliest first.
  var remedies: [Remedy] { get }
  /// What it finds wrong with a file, where more is known than the kind says.
  var finding: FindingKind? { get }
}

extension SutureError {
  public var place: FailurePlace { FailurePlace() }
  public var remedies: [Remedy] { [] }
  public var finding: FindingKind? { nil }

  /// The place and the reason in a line, and a line for each remedy.
  public var description: String {
    let place = place.description
    let first = place.isEmpty ? reason : "\(place): \(reason)"
    return ([first] + remedies.map { "  \($0)" }).joined(separator: "\n")
  }
}

/// What an error means to whoever asked for the work.
public enum FailureKind: String, Sendable, CaseIterable {
  /// What was asked cannot be understood, or contradicts itself.
  case usage
  /// A file is damaged, cut short, or of a kind that is not read.
  case unreadable
  /// A file names code that would run if Python loaded it.
  case unsafe
  /// A plan cannot be done as it is written: a pattern that fits nothing, two keys of one name.
  case refused
  /// A shape, a dtype or a size does not fit what would be done with it.
  case doesNotFit = "does_not_fit"
  /// The output cannot be written.
  case cannotWrite = "cannot_write"
  /// A server does not answer, or not as it should.
  case remote
}

/// An error that needs no type of its own.
public struct Failure: SutureError {
  public let kind: FailureKind
  public let place: FailurePlace
  public let reason: String
  public let remedies: [Remedy]
  public private(set) var finding: FindingKind?

  public init(
    _ kind: FailureKind, at place: FailurePlace = FailurePlace(), _ reason: String, remedies: [Remedy] = []
  ) {
    (self.kind, self.place, self.reason, self.remedies) = (kind, place, reason, remedies)
  }

  /// Something about a file: where nothing else is said, that it cannot be read.
  ///
  /// - Parameter byteOffset: counted from the start of the file, also where the record is named that lies there.
  public init(
    in file: String, record: String? = nil, at byteOffset: Int? = nil, _ reason: String,
    remedies: [Remedy] = [],
    kind: FailureKind = .unreadable
  ) {
    let place = FailurePlace(
      file: file, record: record, byteOffset: byteOffset, fileOffset: byteOffset)
    self.init(kind, at: place, reason, remedies: remedies)
  }

  /// The same as one of the kinds of findings; as it is where that is not known.
  public func of(_ finding: FindingKind?) -> Failure {
    var copy = self
    copy.finding = finding ?? copy.finding
    return copy
  }
}
