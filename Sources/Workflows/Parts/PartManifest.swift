internal import SutureBytes
internal import SutureCheckpoints
internal import SutureJSON
internal import SutureText

/// What a part has done, written down beside the outputs each time something is.
///
///     <folder>/.suture-parts-ID/part-3.json      the manifest; ID is that of the plan
///     <folder>/.suture-parts-ID/part-3.lock      held by the process that does the part
///     <folder>/.suture-parts-ID/part-3.tmp/      its files until they are whole
struct PartManifest {
  private static let schema = "suture.part/1"

  /// What is known of a file.
  enum State: Equatable {
    /// It is about to be written: what stands under its name from now on is this part's.
    case begun
    /// It has its name, and this size and time.
    case written(FileIdentity)
  }

  private let path: String
  private let plan: String
  private let part: Int
  private var files: [ExactString: State] = [:]
  private var verified: Set<Int> = []

  /// Reads what is there of a part of a plan; nothing has been done where there is nothing.
  init(_ plan: PartPlan, part: Int) throws {
    (path, self.plan, self.part) = ("\(plan.marks)/part-\(part).json", plan.id, part)
    let file: FileSource
    do { file = try FileSource(path) } catch let error as SystemError where error.isMissing { return }
    let document = try? JSONParser.parse(file.bytes(0..<file.byteCount))
    guard let document, document["schema"]?.stringValue == Self.schema,
      document["plan"]?.stringValue == self.plan, document["part"]?.integerValue == part
    else {
      throw Failure(
        in: path, "it is not what a part of this plan writes down",
        remedies: ["remove it, and do the part again"], kind: .refused)
    }
    for entry in document["files"]?.arrayValue ?? [] {
      guard let name = entry["path"]?.stringValue else { continue }
      if let bytes = entry["bytes"]?.integerValue, let modified = entry["modified"]?.integerValue {
        files[ExactString(name)] = .written(FileIdentity(byteCount: bytes, modified: modified))
      } else {
        files[ExactString(name)] = .begun
      }
    }
    verified = Set((document["verified"]?.arrayValue ?? []).compactMap(\.integerValue))
  }

  /// What is known of a file; `nil` where the part has not touched it.
  subscript(path: String) -> State? {
    get { files[ExactString(path)] }
    set { files[ExactString(path)] = newValue }
  }

  /// Whether the part has written a file, and nobody else has since.
  func hasWritten(_ path: String) -> Bool {
    guard case .written(let identity)? = self[path] else { return false }
    return (try? FileIdentity(of: path)) == identity
  }

  /// Whether the part has compared its share of a job's input with its checksums.
  func hasVerified(_ job: Int) -> Bool { verified.contains(job) }

  mutating func markVerified(_ job: Int) { verified.insert(job) }

  /// Writes it down.
  func save() throws {
    let entries = files.sorted { $0.key < $1.key }.map { name, state -> JSONValue in
      guard case .written(let identity) = state else { return ["path": .string(name.string)] }
      return [
        "path": .string(name.string), "bytes": .integer(identity.byteCount),
        "modified": .integer(identity.modified),
      ]
    }
    let document: JSONValue = [
      "schema": .string(Self.schema), "plan": .string(plan), "part": .integer(part), "files": .array(entries),
      "verified": .array(verified.sorted().map { .integer($0) }),
    ]
    try OutputFile.write(JSONWriter.bytes(document) + [UInt8(ascii: "\n")], to: path)
  }
}

extension PartPlan {
  /// The folder in which the parts say what they have done.
  var marks: String { "\(folder).suture-parts-\(id.dropFirst("sha256:".count).prefix(12))" }

  /// The parts that are not done, or whose files have been changed or taken away since.
  public func missingParts() throws -> [Int] {
    guard isFolder(marks) else {
      // Nothing has been done, or all of it, and what was written down of it is gone.
      return try isThere() ? [] : (1...parts).filter { !files(of: $0).isEmpty }
    }
    return try (1...parts).filter { part in
      let own = files(of: part)
      if own.isEmpty { return false }
      let manifest = try PartManifest(self, part: part)
      return !own.allSatisfy { job, files in
        (!work.request.verifies || manifest.hasVerified(job))
          && files.allSatisfy { manifest.hasWritten(jobs[job].files[$0].path) }
      }
    }
  }

  /// Whether everything stands there as planned, the indices too.
  private func isThere() throws -> Bool {
    for job in jobs {
      guard job.files.allSatisfy({ (try? FileIdentity(of: $0.path))?.byteCount == $0.byteCount }),
        job.index.map(pathExists) ?? true, (try? job.checkInputs()) != nil,
        try prepare(job).plan.isThere()
      else { return false }
    }
    return true
  }

  /// Decides once more how a job is written, and holds it to the plan.
  func prepare(_ job: Job, _ observe: WriteEvent.Observer = { _ in }) throws -> PreparedWrite {
    try job.checkInputs()
    let prepared = try work.prepare(job.input, to: job.output, observe)
    let outputs = prepared.write.plan.outputs
    guard prepared.digest == job.digest, prepared.inputs == job.inputs.map(\.path),
      outputs.map(\.path) == job.files.map(\.path),
      outputs.map(\.byteCount) == job.files.map(\.byteCount)
    else {
      throw Failure(
        in: job.input, "what would be written of it is not what the plan says",
        remedies: ["something that it depends on was changed: make the plan anew, and do all its parts"],
        kind: .refused)
    }
    return prepared.write
  }
}
