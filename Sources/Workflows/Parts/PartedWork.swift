public import SutureArchitectures
public import SutureCheckpoints
internal import SutureJSON
public import SutureSurgery
internal import SutureText

/// What is to be written by several processes, each a part: a conversion, or the steps of a recipe.
public struct PartedWork: Sendable {
  /// How it is written; where to is for each input by itself.
  public var request: WriteRequest
  /// The dict to take instead of the one that is found; `.` takes every tensor.
  public var key: String?
  /// How a ConvNeXt is to be named.
  public var naming: NamingScheme?
  public var limits = ReadLimits()
  /// The steps; `nil` for a conversion.
  public var recipe: Recipe?

  public init(_ request: WriteRequest) { self.request = request }

  /// An input whose writing is decided.
  struct Prepared {
    let write: PreparedWrite
    /// What decides the bytes of the output, but for those of tensors.
    let digest: String
    /// The files that are read.
    let inputs: [String]
  }

  /// - Throws: `Failure` for what parts cannot do; what preparing throws.
  func prepare(_ input: String, to output: String, _ observe: WriteEvent.Observer) throws -> Prepared {
    var request = request
    request.output = output
    guard !request.hashes else {
      throw Failure(
        .usage, "the hash of the input would be computed for every part anew",
        remedies: ["leave it out: the plan knows the input by its size and its time"])
    }
    guard output != "-" else {
      throw Failure(.usage, "parts are files, and none goes to standard output")
    }
    let prepared =
      try recipe.map { try edited(input, $0, request, observe) } ?? converted(input, request, observe)
    if prepared.write.checkpoint.isStandardInput {
      throw Failure(
        .usage, "standard input is one process's alone, and the inputs of a plan are files",
        remedies: ["save it as a file, to where all machines see it"])
    }
    if let address = prepared.inputs.first(where: { $0.contains("://") }) {
      throw Failure(
        .usage, "\(address) is an address, and the inputs of a plan are files",
        remedies: ["fetch it first, to where all machines see it"])
    }
    return prepared
  }

  private func converted(_ input: String, _ request: WriteRequest, _ observe: WriteEvent.Observer) throws
    -> Prepared
  {
    var conversion = Conversion(of: input, request)
    (conversion.key, conversion.naming, conversion.limits) = (key, naming, limits)
    let write = try conversion.prepare(observe)
    return Prepared(write: write, digest: try write.plan.digest, inputs: write.checkpoint.files)
  }

  private func edited(
    _ input: String, _ recipe: Recipe, _ request: WriteRequest, _ observe: WriteEvent.Observer
  ) throws -> Prepared {
    guard naming == nil else {
      throw Failure(.usage, "a naming is a step of the recipe where there is one")
    }
    var editing = Editing(of: input, request)
    (editing.key, editing.limits) = (key, limits)
    try editing.add(recipe)
    let prepared = try editing.prepare(observe)
    guard let write = prepared.output else { throw WriteTarget.unsaid }
    return Prepared(
      write: write, digest: try prepared.digest,
      inputs: write.checkpoint.files + prepared.others.flatMap(\.files))
  }
}

// MARK: JSON

extension PartedWork {
  var members: [(key: String, value: JSONValue)] {
    let raised = ReadLimits.names.filter { limits[keyPath: $0.path] != ReadLimits()[keyPath: $0.path] }
    let all: [(String, JSONValue?)] = [
      ("options", request.saved), ("key", key.map { .string($0) }),
      ("naming", naming.map { .string($0.rawValue) }), ("step", limits.step.map { .string($0) }),
      ("salvage", limits.salvages ? true : nil),
      (
        "limits",
        raised.isEmpty ? nil : .object(raised.map { ($0.name, .integer(limits[keyPath: $0.path])) })
      ),
      ("recipe", recipe.flatMap { try? JSONParser.parse(Array($0.json().utf8)) }),
    ]
    return all.compactMap { name, value in value.map { (name, $0) } }
  }

  /// What ``members`` of a plan say.
  init(_ plan: JSONValue, name: String) throws {
    self.init(WriteRequest(to: ""))
    if let options = plan["options"] { try request.read(saved: options) }
    key = plan["key"]?.stringValue
    naming = plan["naming"]?.stringValue.flatMap { NamingScheme(rawValue: $0) }
    limits.step = plan["step"]?.stringValue
    limits.salvages = plan["salvage"]?.boolValue ?? false
    for (limit, value) in plan["limits"]?.members ?? [] {
      guard let known = ReadLimits.names.first(where: { $0.name == limit }), let number = value.integerValue
      else { throw Failure(.usage, at: FailurePlace(file: name), "there is no limit \(limit.quoted())") }
      limits[keyPath: known.path] = number
    }
    if let recipe = plan["recipe"] {
      self.recipe = try Recipe(Array(JSONWriter.text(recipe).utf8), name: name + ".json")
    }
  }
}
