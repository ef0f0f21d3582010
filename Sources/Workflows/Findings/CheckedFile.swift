internal import SutureBytes
internal import SutureCheckpoints
internal import SutureTensors
public import SutureText

/// What a check said of a file, whatever came of it: what reports of several files are made of.
///
/// It holds no file open, for there may be thousands.
public struct CheckedFile: Sendable {
  /// Under which it was asked for: a path or an address.
  public let path: String
  public let passed: Bool
  /// What was found; nothing of a file that cannot be had.
  public let findings: [Finding]
  /// Why nothing can be said about it; `nil` of a file that can be had.
  public let unavailable: (any SutureError)?
  /// The files that it is made of: itself, or those of a folder or behind an index.
  let files: [String]
  /// What it holds, by names of properties.
  let contents: [(name: String, value: String)]
  /// What it was made from, where it says so.
  let sources: [Provenance.Source]

  /// It was opened, and looked at.
  ///
  /// - Parameter load: whether a model would load it, and what of it, where that was asked for too.
  public init(_ path: String, _ report: CheckReport, load: (passed: Bool, sentence: String)? = nil) {
    (self.path, passed, unavailable) = (path, report.passed && load?.passed != false, nil)
    let fault = load.flatMap { $0.passed ? nil : Finding(.doesNotLoad, nil, $0.sentence) }
    findings = report.findings + (fault.map { [$0] } ?? [])
    files = report.checkpoint.files.filter { !isFolder($0) }
    contents = report.contents
    sources = (report.checkpoint.provenance?.runs ?? []).flatMap(\.sources)
  }

  /// It was refused on opening, which fails the check.
  public init(_ path: String, refused error: any SutureError) {
    (self.path, passed, findings, unavailable) = (path, false, [Finding(error)], nil)
    (files, contents, sources) = (isFolder(path) ? [] : [path], [], [])
  }

  /// Nothing can be said about it: it cannot be had.
  public init(_ path: String, unavailable error: any SutureError) {
    (self.path, passed, findings, unavailable) = (path, false, [], error)
    (files, contents, sources) = ([], [], [])
  }
}

extension CheckReport {
  /// What the file holds, as far as it is known.
  fileprivate var contents: [(name: String, value: String)] {
    let dict = checkpoint.stateDict
    var said = [
      ("format", checkpoint.container.rawValue), ("producer", checkpoint.producer),
      ("tensors", "\(dict.count)"), ("parameters", "\(dict.elementCount)"), ("bytes", "\(dict.byteCount)"),
    ].compactMap { name, value in value.map { (name: name, value: $0) } }
    for (dtype, tensors) in dict.entries.map(\.tensor).grouped(by: \.dtype) {
      let count = tensors.reduce(0) { $0.adding(saturating: $1.elementCount) }
      said.append(("dtype:\(dtype)", "\(count)"))
    }
    guard let verdict = weightsOnly else { return said }
    said.append(("weights_only", verdict.loads ? "loads" : "refused"))
    said.append(("weights_only:torch", verdict.torch))
    for kind in Checkpoint.Global.Class.allCases {
      said.append(("globals:\(kind)", "\(checkpoint.globals.count { $0.judgement == kind })"))
    }
    for global in checkpoint.globals where global.judgement != .known {
      said.append(("global:\(global.judgement)", global.name.visible + (global.isCalled ? " (called)" : "")))
    }
    return said
  }
}

extension Checkpoint {
  /// What wrote it, as far as it says so.
  fileprivate var producer: String? {
    func text(_ path: String) -> String? {
      extras.first { $0.path == path && $0.kind == "str" }.map { $0.value.filter { $0 != "'" }.visible }
    }
    if let tool = provenance?.runs.last?.tool { return tool.visible }
    if let version = text("pytorch-lightning_version") { return "PyTorch Lightning \(version)" }
    if let version = text("version"), !modules.isEmpty { return "Ultralytics \(version)" }
    return nil
  }
}
