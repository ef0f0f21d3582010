internal import SutureBytes
internal import SutureCheckpoints
public import SutureText

/// A file that was checked, whatever came of it: what reports of several files are made of.
public struct CheckedFile: Sendable {
  public enum Outcome: Sendable {
    /// It was opened, and looked at.
    case checked(CheckReport)
    /// It was refused on opening, which fails the check.
    case refused(any SutureError)
    /// Nothing can be said about it: it cannot be had.
    case unavailable(any SutureError)
  }

  /// Under which it was asked for: a path or an address.
  public let path: String
  public let outcome: Outcome
  /// What a load would do, where that was asked for too.
  public let load: (passed: Bool, sentence: String)?

  public init(_ path: String, _ outcome: Outcome, load: (passed: Bool, sentence: String)? = nil) {
    (self.path, self.outcome, self.load) = (path, outcome, load)
  }

  public var passed: Bool {
    if case .checked(let report) = outcome { report.passed && load?.passed != false } else { false }
  }

  /// What was found; nothing of a file that cannot be had.
  public var findings: [Finding] {
    switch outcome {
    case .checked(let report):
      report.findings + (load.map { $0.passed ? [] : [Finding(.doesNotLoad, nil, $0.sentence)] } ?? [])
    case .refused(let error): [Finding(error)]
    case .unavailable: []
    }
  }

  /// The files that it is made of: itself, or those of a folder or behind an index.
  var files: [String] {
    guard case .checked(let report) = outcome else { return isFolder(path) ? [] : [path] }
    return report.checkpoint.files.filter { !isFolder($0) }
  }
}
