internal import SutureBytes
public import SutureJSON
internal import SutureText

/// What was found in files as SARIF 2.1.0, the format of static analysis that code hosts and editors take.
///
/// Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0", errata 01.
public struct SARIFLog: Sendable {
  private let files: [CheckedFile]
  private let names: ArtifactNames
  private let artifacts: [String]
  private let places: [String: Int]
  private let tellsFolder: Bool

  /// - Parameter areAbsolute: whether files are named by their whole paths, which say something of this machine.
  public init(_ files: [CheckedFile], areAbsolute: Bool = false) {
    self.files = files
    var known: Set<String> = []
    artifacts = files.flatMap { [$0.path] + $0.files }.filter { known.insert($0).inserted }
    places = Dictionary(uniqueKeysWithValues: artifacts.enumerated().map { ($0.element, $0.offset) })
    names = ArtifactNames(artifacts, areAbsolute: areAbsolute)
    tellsFolder = areAbsolute
  }

  /// The document, with a newline at its end.
  public var text: String { get throws { try value.inertText(style: .pretty) } }

  public var value: JSONValue {
    get throws {
      let results = files.flatMap { file in file.findings.map { (file, $0) } }
      return .members([
        (
          "$schema",
          "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
        ),
        ("version", "2.1.0"),
        (
          "runs",
          [
            .members([
              ("tool", ["driver": driver]), ("invocations", [invocation]),
              ("originalUriBaseIds", [Self.base: base]),
              ("artifacts", .array(artifacts.map(artifact))),
              ("results", .array(try results.map(result))), ("columnKind", "unicodeCodePoints"),
            ])
          ]
        ),
      ])
    }
  }

  // MARK: The tool

  private static let rules = FindingKind.allCases

  private var driver: JSONValue {
    .members([
      ("name", "suture"), ("semanticVersion", .string(SutureVersion.text)),
      ("shortDescription", ["text": "Looks at PyTorch checkpoints without loading them."]),
      ("rules", .array(Self.rules.map(Self.rule))),
    ])
  }

  private static func rule(_ kind: FindingKind) -> JSONValue {
    // GitHub orders findings of safety by a number.
    let severity: String? = kind.isAboutSafety ? (kind.level == .error ? "9.0" : "5.0") : nil
    return .members([
      ("id", .string(kind.rawValue)), ("name", .string(kind.pascalCase)),
      ("shortDescription", ["text": .string(kind.title)]),
      ("fullDescription", ["text": .string(kind.fullDescription)]),
      ("help", ["text": .string(kind.fullDescription)]),
      ("defaultConfiguration", ["level": .string(kind.level.rawValue)]),
      (
        "properties",
        .members([
          ("tags", .array(["checkpoint"] + (kind.isAboutSafety ? ["security"] : []))),
          ("security-severity", severity.map { .string($0) }),
        ])
      ),
    ])
  }

  /// Where the command ran, which is told where whole paths are.
  private static let base = "SRCROOT"

  private var base: JSONValue {
    .members([
      ("uri", tellsFolder ? .string(names.folder) : nil),
      ("description", ["text": "The folder in which the command ran."]),
    ])
  }

  /// What could not be had is no finding, but the run did not do all that it was to do.
  private var invocation: JSONValue {
    let notifications = files.compactMap { file -> JSONValue? in
      guard let error = file.unavailable else { return nil }
      return .members([
        ("level", "error"), ("message", message(error.reason, of: file)),
        ("locations", [["physicalLocation": ["artifactLocation": location(of: file.path)]]]),
      ])
    }
    return .members([
      ("executionSuccessful", .bool(notifications.isEmpty)),
      ("toolExecutionNotifications", notifications.isEmpty ? nil : .array(notifications)),
    ])
  }

  // MARK: What it looked at

  private func location(of path: String) -> JSONValue {
    let name = names[path]
    return .members([
      ("uri", .string(name.uri)), ("uriBaseId", name.isRelative ? .string(Self.base) : nil),
      ("index", places[path].map { .integer($0) }),
    ])
  }

  private func artifact(_ path: String) -> JSONValue {
    .members([
      ("location", location(of: path)), ("roles", ["analysisTarget"]),
    ])
  }

  // MARK: What it found

  private func result(of file: CheckedFile, _ finding: Finding) throws -> JSONValue {
    let rule = Self.rules.firstIndex(of: finding.kind) ?? 0
    let fingerprint = try self.fingerprint(of: file, finding)
    return .members([
      ("ruleId", .string(finding.kind.rawValue)), ("ruleIndex", .integer(rule)),
      ("level", .string(finding.level.rawValue)), ("message", message(finding.message, of: file)),
      (
        "locations",
        [
          .members([
            ("physicalLocation", place(of: file, finding)),
            (
              "logicalLocations",
              finding.subject.map { [["fullyQualifiedName": .string($0.visible), "kind": "resource"]] }
            ),
          ])
        ]
      ),
      (
        "partialFingerprints",
        // The second is the one by which GitHub tells findings apart.
        [
          "finding/v1": .string(fingerprint),
          "primaryLocationLineHash": .string(fingerprint.prefix(16) + ":1"),
        ]
      ),
    ])
  }

  private func place(of file: CheckedFile, _ finding: Finding) -> JSONValue {
    // What lies in a storage that is itself a file has no place of its own.
    guard let extent = finding.extent, places[extent.file] != nil else {
      return ["artifactLocation": location(of: file.path)]
    }
    return .members([
      ("artifactLocation", location(of: extent.file)),
      (
        "region",
        .members([
          ("byteOffset", .integer(extent.range.lowerBound)),
          ("byteLength", extent.range.isEmpty ? nil : .integer(extent.range.count)),
        ])
      ),
    ])
  }

  /// What stays the same while the finding does, wherever in the file it comes to lie.
  private func fingerprint(of file: CheckedFile, _ finding: Finding) throws -> String {
    var digest = try SHA256()
    // A remark is known by its words alone; of all else they may hold places and counts.
    let words = finding.subject ?? (finding.kind == .remark ? finding.message : "")
    digest.update(Array([finding.kind.rawValue, names[file.path].text, words].joined(separator: "\0").utf8))
    return digest.hexadecimal()
  }

  /// A text in which nothing stands for an argument or a link, whatever names of a file are in it.
  private func message(_ sentence: String, of file: CheckedFile) -> JSONValue {
    let text = names.told(sentence, of: file).replacing("{", with: "{{").replacing("}", with: "}}")
      .replacing("](", with: "] (")
    return ["text": .string(text)]
  }
}

extension FindingKind {
  /// `harmful-call` as `HarmfulCall`.
  fileprivate var pascalCase: String {
    rawValue.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }
}
