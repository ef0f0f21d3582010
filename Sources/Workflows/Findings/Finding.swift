public import SutureBytes
internal import SutureCheckpoints
internal import SutureJSON
internal import SutureTensors
public import SutureText

/// One thing that a check says about a file.
public struct Finding: Sendable {
  public let kind: FindingKind
  public let level: FindingLevel
  /// What it is about: a name of the pickle, a record, a tensor; `nil` where it is about the file.
  public let subject: String?
  /// What was found, in a sentence that names no file.
  public let message: String
  /// The bytes; empty where only their beginning is known, `nil` where not even that.
  public let extent: FileExtent?

  init(
    _ kind: FindingKind, _ subject: String?, _ message: String, at extent: FileExtent? = nil,
    level: FindingLevel? = nil
  ) {
    (self.kind, self.subject, self.message, self.extent) = (kind, subject, message, extent)
    self.level = level ?? kind.level
  }

  /// Why a file could not be opened.
  init(_ error: any SutureError) {
    let asksForMore = error.remedies.contains { if case .setting("limit", _, _) = $0 { true } else { false } }
    let kind =
      error.finding ?? (asksForMore ? .limit : error.kind == .unsafe ? .harmfulCall : .unreadable)
    let place = error.place
    self.init(kind, place.path ?? place.record, error.reason, at: place.extent)
  }
}

extension FailurePlace {
  /// Where it begins, as far as the file is known.
  var extent: FileExtent? {
    guard let file, let start = fileOffset else { return nil }
    return FileExtent(file, start..<start)
  }
}

extension CheckReport {
  /// All that there is to say, what is worst first.
  public var findings: [Finding] {
    var all = checkpoint.globals.compactMap(finding(of:)) + opcode
    all += integrity.problems.map(finding(of:))
    all += integrity.irregular.flatMap(findings(of:))
    let told = Set(integrity.problems.map(\.message))
    all += checkpoint.warnings.filter { !told.contains($0) }.map { Finding(.remark, nil, $0) }
    let levels: [FindingLevel] = [.error, .warning, .note]
    return levels.flatMap { level in all.filter { $0.level == level } }
  }

  /// Of what is known there is nothing to say.
  private func finding(of global: Checkpoint.Global) -> Finding? {
    let name = global.name.visible
    switch global.judgement {
    case .known: return nil
    case .harmful where global.isCalled:
      return Finding(
        .harmfulCall, global.name, "loading it in Python calls \(name), which \(global.harm ?? "does harm")",
        at: global.place.extent)
    case .harmful:
      return Finding(
        .harmfulName, global.name,
        "the pickle names \(name), which \(global.harm ?? "does harm") when it is called; it does not call it",
        at: global.place.extent, level: isStrict ? .error : nil)
    case .unknown:
      return Finding(
        .unknownName, global.name,
        "the pickle names \(name), which torch.load(weights_only=True) of torch \(Checkpoint.Global.knownSince) refuses",
        at: global.place.extent, level: isStrict ? .error : nil)
    }
  }

  private var opcode: [Finding] {
    guard let opcode = weightsOnly?.opcode else { return [] }
    return [
      Finding(
        .foreignOpcode, opcode,
        "the pickle has the opcode \(opcode), which torch.load(weights_only=True) refuses",
        level: isStrict ? .error : nil)
    ]
  }

  private func finding(of problem: Integrity.Problem) -> Finding {
    Finding(
      problem.kind == .checksum ? .checksum : .unreadable, problem.place, problem.reason, at: problem.extent)
  }

  private func findings(of irregular: Integrity.Irregular) -> [Finding] {
    let found = irregular.nonFinite
    let place = found.firstIndex.map { Format.shape($0) } ?? ""
    func finding(_ kind: FindingKind, _ count: Int, _ what: String, isFirst: Bool, _ level: FindingLevel?)
      -> [Finding]
    {
      if count == 0 { return [] }
      let first = isFirst ? ", the first at \(place)" : ""
      return [
        Finding(
          kind, irregular.name, "\(Format.name(irregular.name)) has \(Format.count(count)) \(what)\(first)",
          at: isFirst ? irregular.extent : nil, level: level)
      ]
    }
    return finding(.nan, found.nanCount, "NaN", isFirst: found.firstIsNaN, allowsNaN ? .note : nil)
      + finding(.infinity, found.infinityCount, "Inf", isFirst: !found.firstIsNaN, nil)
  }
}

extension FindingKind {
  /// Its explanation, with what the table of harmful names tells apart.
  package var fullDescription: String {
    switch self {
    case .harmfulCall, .harmfulName:
      "\(explanation) Harmful is what \(Checkpoint.Global.harms.joined(separator: ", ")), as far as a table knows it."
    default: explanation
    }
  }
}

extension JSONValue {
  /// An object of the members that there are.
  static func members(_ members: [(String, JSONValue?)]) -> JSONValue {
    .object(members.compactMap { key, value in value.map { (key: key, value: $0) } })
  }
}
