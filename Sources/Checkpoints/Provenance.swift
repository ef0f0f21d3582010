internal import SutureBytes
public import SutureJSON
internal import SutureTensors
internal import SutureText

/// Where a file came from: the runs of this tool that made it, the latest last.
///
/// It is the same for the same input and the same steps: no time, no host, and a file's name only where asked for.
public struct Provenance: Sendable, Equatable {
  public struct Run: Sendable, Equatable {
    /// The tool and its version.
    public var tool: String
    /// What was done: the records of the steps, as objects; from files of schema 1 texts, which nothing reads.
    public var steps: [JSONValue]
    /// How it was read and written where that matters, as an object: `{"key":"model","dtype":"float16"}`.
    public var options: JSONValue?
    /// What it was done to, where that was to be recorded.
    public var sources: [Source]

    public init(tool: String, steps: [JSONValue], options: JSONValue? = nil, sources: [Source] = []) {
      (self.tool, self.steps, self.options, self.sources) = (tool, steps, options, sources)
    }
  }

  /// A file, by the last part of its path and its hash.
  public struct Source: Sendable, Equatable {
    public var name: String
    public var sha256: String

    public init(name: String, sha256: String) { (self.name, self.sha256) = (name, sha256) }
  }

  public var runs: [Run]

  /// For each tensor in the order of the state dict its place in the order of the file, where they differ.
  var order: [Int]?

  public init(_ runs: [Run] = []) { self.runs = runs }

  /// The key that it has in the metadata of a safetensors file.
  static let metadataKey = "suture.provenance"
  private static let schema = "suture.provenance/2"
  /// Its steps and options are texts.
  private static let oldSchema = "suture.provenance/1"

  /// For each of `names` its place in `read`, the order in which a file will be read; `nil` where that is the same.
  static func order(of names: [String], readAs read: [String]) -> [Int]? {
    if zip(names, read).allSatisfy({ ExactString($0) == ExactString($1) }), names.count <= read.count {
      return nil
    }
    var places = NameIndex(capacity: read.count)
    for (place, name) in read.enumerated() { _ = places.insert(name, at: place) { read[$0] } }
    let order = names.compactMap { places.place(of: $0) { read[$0] } }
    return order == Array(names.indices) ? nil : order
  }

  /// As JSON.
  public var text: String {
    var members: [(key: String, value: JSONValue)] = [
      ("schema", .string(Self.schema)), ("runs", .array(runs.map(Self.json))),
    ]
    if let order { members.append(("order", .array(order.map { .integer($0) }))) }
    return JSONWriter.text(.object(members))
  }

  private static func json(_ run: Run) -> JSONValue {
    var members: [(key: String, value: JSONValue)] = [
      ("tool", .string(run.tool)), ("steps", .array(run.steps)),
    ]
    if let options = run.options, options.members?.isEmpty == false { members.append(("options", options)) }
    if !run.sources.isEmpty {
      members.append(
        ("sources", .array(run.sources.map { ["name": .string($0.name), "sha256": .string($0.sha256)] })))
    }
    return .object(members)
  }

  /// Reads what ``text`` gives; `nil` where it is something else, which nothing depends on.
  init?(_ text: some Sequence<UInt8>) {
    guard let document = try? JSONParser.parse(Array(text)),
      let schema = document["schema"]?.stringValue, [Self.schema, Self.oldSchema].contains(schema),
      let runs = document["runs"]?.arrayValue
    else { return nil }
    self.runs = runs.compactMap { run in
      guard let tool = run["tool"]?.stringValue, let steps = run["steps"]?.arrayValue else { return nil }
      let sources = run["sources"]?.arrayValue ?? []
      return Run(
        tool: tool, steps: steps.filter { $0.stringValue != nil || $0.members != nil },
        options: run["options"].flatMap { $0.members == nil ? nil : $0 },
        sources: sources.compactMap { source in
          guard let name = source["name"]?.stringValue, let hash = source["sha256"]?.stringValue else {
            return nil
          }
          return Source(name: name, sha256: hash)
        })
    }
    order = document["order"]?.arrayValue?.compactMap(\.integerValue)
  }
}

extension StateDict {
  /// Puts the entries in the order that was written, where a provenance knows it.
  mutating func restoreOrder(_ provenance: Provenance?) {
    guard let order = provenance?.order, order.count == count, Set(order) == Set(entries.indices),
      var sorted = try? StateDict(order.map { entries[$0] })
    else { return }
    sorted.metadata = metadata
    self = sorted
  }
}
