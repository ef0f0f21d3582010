internal import SutureBytes
internal import SutureJSON
internal import SutureText

extension PartPlan {
  private static let schema = "suture.parts/1"

  /// The plan as a file, of the schema `suture.parts/1`.
  public var json: JSONReport {
    var object: JSONObject = ["tool": SutureVersion.tool, "id": id]
    for (key, value) in body { object[key] = value }
    return JSONReport(Self.schema, object)
  }

  /// What ``id`` is of all that the plan says.
  func computedID() throws -> String {
    var sum = try SHA256()
    sum.update(Array((SutureVersion.tool + "\n").utf8))
    sum.update(JSONWriter.bytes(.object(body)))
    return "sha256:" + sum.hexadecimal()
  }

  private var body: [(key: String, value: JSONValue)] {
    [("parts", .integer(parts)), ("folder", .string(folder))] + work.members
      + [("jobs", .array(jobs.map(\.json)))]
  }

  /// Reads what ``json`` gave.
  ///
  /// - Parameter name: what errors call it.
  /// - Throws: `Failure` where it is none, of another version, or changed.
  public init(_ bytes: [UInt8], name: String) throws {
    func refuse(_ reason: String, _ remedies: [Remedy] = []) -> Failure {
      Failure(in: name, reason, remedies: remedies, kind: .refused)
    }
    let document: JSONValue
    do { document = try JSONParser.parse(bytes) } catch {
      throw refuse("it is no JSON: \(error)", ["the file is cut short, or not what plan printed"])
    }
    let again: Remedy = "make the plan anew with this version, and do all its parts"
    guard let schema = document["schema"]?.stringValue, schema.hasPrefix("suture.parts/") else {
      throw refuse("it is no plan of parts", ["suture plan … > plan.json makes one"])
    }
    guard schema == Self.schema else {
      throw refuse("it is of the version \(schema.quoted()), and this one reads \(Self.schema)", [again])
    }
    guard let tool = document["tool"]?.stringValue, tool == SutureVersion.tool else {
      throw refuse(
        "\(document["tool"]?.stringValue?.quoted() ?? "nobody") made it, and this is \(SutureVersion.tool)",
        [again])
    }
    guard let parts = document["parts"]?.integerValue, (1...Self.mostParts).contains(parts),
      let folder = document["folder"]?.stringValue, let jobs = document["jobs"]?.arrayValue
    else { throw refuse("it does not say which parts there are", [again]) }
    self.parts = parts
    self.folder = folder
    work = try PartedWork(document, name: name)
    self.jobs = try jobs.map { job in
      guard let job = Job(job), job.files.allSatisfy({ (1...parts).contains($0.part) }) else {
        throw refuse("a job of it is not as plan prints it", [again])
      }
      return job
    }
    id = try computedID()
    guard document["id"]?.stringValue == id else {
      throw refuse("it was changed since it was made: its id is not that of what it says", [again])
    }
  }
}

extension PartPlan.Job {
  fileprivate var json: JSONValue {
    let all: [(String, JSONValue?)] = [
      ("input", .string(input)), ("output", .string(output)), ("digest", .string(digest)),
      (
        "inputs",
        .array(
          inputs.map {
            [
              "path": .string($0.path), "bytes": .integer($0.identity.byteCount),
              "modified": .integer($0.identity.modified),
            ]
          })
      ),
      ("files", .array(files.map(Self.json))), ("index", index.map { .string($0) }),
    ]
    return .object(all.compactMap { name, value in value.map { (name, $0) } })
  }

  private static func json(_ file: PartPlan.File) -> JSONValue {
    [
      "path": .string(file.path), "bytes": .integer(file.byteCount), "part": .integer(file.part),
      "reads": .array(
        file.reads.map { read in
          [
            "input": .integer(read.input),
            "ranges": .array(
              read.ranges.map { .array([.integer($0.lowerBound), .integer($0.upperBound)]) }),
          ]
        }),
    ]
  }

  fileprivate init?(_ json: JSONValue) {
    guard let input = json["input"]?.stringValue, let output = json["output"]?.stringValue,
      let digest = json["digest"]?.stringValue, let inputs = json["inputs"]?.arrayValue,
      let files = json["files"]?.arrayValue
    else { return nil }
    (self.input, self.output, self.digest) = (input, output, digest)
    index = json["index"]?.stringValue
    self.inputs = inputs.compactMap { input in
      guard let path = input["path"]?.stringValue, let bytes = input["bytes"]?.integerValue,
        let modified = input["modified"]?.integerValue
      else { return nil }
      return .init(path: path, identity: FileIdentity(byteCount: bytes, modified: modified))
    }
    self.files = files.compactMap(Self.file)
    guard self.inputs.count == inputs.count, self.files.count == files.count else { return nil }
  }

  private static func file(_ json: JSONValue) -> PartPlan.File? {
    guard let path = json["path"]?.stringValue, let bytes = json["bytes"]?.integerValue,
      let part = json["part"]?.integerValue, let reads = json["reads"]?.arrayValue
    else { return nil }
    let found = reads.compactMap { read -> PartPlan.Read? in
      guard let input = read["input"]?.integerValue, let ranges = read["ranges"]?.arrayValue else {
        return nil
      }
      let known = ranges.compactMap { range -> Range<Int>? in
        guard let ends = range.arrayValue?.compactMap(\.integerValue), ends.count == 2, ends[0] <= ends[1]
        else { return nil }
        return ends[0]..<ends[1]
      }
      return known.count == ranges.count ? .init(input: input, ranges: known) : nil
    }
    return found.count == reads.count ? .init(path: path, byteCount: bytes, part: part, reads: found) : nil
  }
}
