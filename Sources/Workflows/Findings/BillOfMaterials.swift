internal import SutureBytes
internal import SutureCheckpoints
public import SutureJSON
internal import SutureTensors
internal import SutureText

/// Checkpoints as components of CycloneDX 1.6, the format of bills of materials: what each file is by its hash, what it holds,
/// where it came from, and what a check said of it.
///
/// It is the same for the same files: there is no time in it, and its serial number is made of the hashes.
public struct BillOfMaterials: Sendable {
  /// A file by its hash; `nil` where that was not computed.
  private typealias Hashed = (path: String, sha256: String?)

  private let files: [(checked: CheckedFile, hashes: [Hashed])]
  private let names: ArtifactNames

  /// Reads every file once for its hash.
  ///
  /// - Parameters:
  ///   - areAbsolute: whether files are named by their whole paths, which say something of this machine.
  ///   - readsRemote: whether files at servers are fetched for their hashes.
  /// - Throws: what reading throws.
  public init(_ files: [CheckedFile], areAbsolute: Bool = false, readsRemote: Bool = false) throws {
    self.files = try files.map { file in
      var hashes: [Hashed] = []
      for path in file.files {
        let isLeftOut = Address.isAddress(path) && !readsRemote
        hashes.append((path, isLeftOut ? nil : try SHA256.of(openInput(path))))
      }
      return (file, hashes)
    }
    names = ArtifactNames(files.flatMap { [$0.path] + $0.files }, areAbsolute: areAbsolute)
  }

  /// The document, with a newline at its end.
  public var text: String { get throws { try value.inertText(style: .pretty) } }

  public var value: JSONValue {
    get throws {
      .members([
        ("$schema", "http://cyclonedx.org/schema/bom-1.6.schema.json"), ("bomFormat", "CycloneDX"),
        ("specVersion", "1.6"), ("serialNumber", .string("urn:uuid:\(try uuid())")), ("version", 1),
        (
          "metadata",
          [
            "tools": [
              "components": [
                ["type": "application", "name": "suture", "version": .string(SutureVersion.text)]
              ]
            ]
          ]
        ),
        (
          "components",
          .array(
            zip(files, references).map { file, reference in component(file.checked, file.hashes, reference) })
        ),
      ])
    }
  }

  /// What each component is referred to by: its name, and a number where a file comes twice.
  private var references: [String] {
    var counts: [String: Int] = [:]
    return files.map { file in
      let name = names[file.checked.path].text
      counts[name, default: 0] += 1
      return counts[name] == 1 ? name : "\(name)#\(counts[name] ?? 0)"
    }
  }

  /// A UUID of version 8, whose bits are anybody's own, of the names and hashes.
  private func uuid() throws -> String {
    var digest = try SHA256()
    for (checked, hashes) in files {
      digest.update(Array("\(names[checked.path].text)\0".utf8))
      for (path, hash) in hashes { digest.update(Array("\(names[path].text)\0\(hash ?? "")\0".utf8)) }
    }
    var digits = Array(digest.hexadecimal().prefix(32))
    digits[12] = "8"
    digits[16] = "8"
    let parts = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }
    return parts.joined(separator: "-")
  }

  // MARK: A checkpoint

  private func component(_ file: CheckedFile, _ hashes: [Hashed], _ reference: String) -> JSONValue {
    // A file alone has its hash itself; of several each is a component of its own.
    let isOne = hashes.count == 1 && hashes.first?.path == file.path
    let parts = isOne ? [] : hashes.map { part($0, of: reference) }
    return .members([
      ("type", "machine-learning-model"), ("bom-ref", .string(reference)),
      ("name", .string(names[file.path].text)),
      ("hashes", isOne ? Self.hashes(hashes.first?.sha256) : nil),
      ("components", parts.isEmpty ? nil : .array(parts)), ("pedigree", pedigree(of: file)),
      ("properties", .array(properties(of: file))),
    ])
  }

  private func part(_ file: Hashed, of reference: String) -> JSONValue {
    let name = names[file.path].text
    return .members([
      ("type", "file"), ("bom-ref", .string("\(reference)/\(name)")), ("name", .string(name)),
      ("hashes", Self.hashes(file.sha256)),
    ])
  }

  private static func hashes(_ sha256: String?) -> JSONValue? {
    sha256.map { [["alg": "SHA-256", "content": .string($0)]] }
  }

  /// What it was made from, where the file says so.
  private func pedigree(of file: CheckedFile) -> JSONValue? {
    if file.sources.isEmpty { return nil }
    return [
      "ancestors": .array(
        file.sources.map {
          .members([
            ("type", "machine-learning-model"), ("name", .string($0.name.visible)),
            ("hashes", Self.hashes($0.sha256)),
          ])
        })
    ]
  }

  // MARK: What is said of it

  private func properties(of file: CheckedFile) -> [JSONValue] {
    var said = file.contents
    if let error = file.unavailable { said.append(("unavailable", names.told(error.reason, of: file))) }
    said.append(("passed", "\(file.passed)"))
    said += file.findings.map { ("finding", "\($0.kind.rawValue): \(names.told($0.message, of: file))") }
    return said.map { ["name": .string("suture:\($0.name)"), "value": .string($0.value)] }
  }
}
