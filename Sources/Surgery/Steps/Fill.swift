internal import SutureJSON
internal import SutureNumbers
internal import SutureTensors
internal import SutureText

/// Gives tensors new elements of the same shape and dtype: zeros, a constant, or normal random numbers.
public struct Fill: Step {
  public enum Content: Sendable, Equatable {
    case zeros
    case constant(Double)
    /// Numbers of `RandomNumbers`: each tensor has its own, by its name.
    case normal(mean: Double = 0, deviation: Double = 1, seed: Int)
  }

  let patterns: [String]
  let content: Content

  public init(_ patterns: String..., with content: Content) { self.init(patterns, with: content) }

  public init(_ patterns: [String], with content: Content) {
    (self.patterns, self.content) = (patterns, content)
  }

  public static let schema = StepSchema(
    "fill", .tensors, "New elements: zeros, a number, or 'normal(MEAN,STD,SEED)'.",
    operand: .operand(.patterns, "PATTERN"), fields: [.required("with", .value, "WHAT", after: "=")],
    example: #"{fill: "head.weight", with: {normal: {mean: 0, std: 0.02, seed: 1}}}"#,
    on: "head.weight [10,96]")

  public init(_ record: StepRecord) throws {
    self.init(try record.operand.strings(), with: try Content(try record.require("with")))
  }

  public var record: StepRecord {
    let content: JSONValue =
      switch content {
      case .zeros: "zeros"
      case .constant(let value): .double(value)
      case .normal(let mean, let deviation, let seed):
        ["normal": ["mean": .double(mean), "std": .double(deviation), "seed": .integer(seed)]]
      }
    return StepRecord("fill", .strings(patterns), [("with", content)])
  }

  public func summary(_: ResolvedFields) -> String { "fill \(quoted(patterns)) with \(content)" }

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    var outcome = try StepOutcome.transforming(patterns, &draft) { entry in try tensor(for: entry) }
    let names = Set(outcome.touched.map(ExactString.init))
    for index in draft.entries.indices where names.contains(ExactString(draft.entries[index].name)) {
      outcome.replaced += draft.entries[index].origins
      draft.entries[index].origins = []
    }
    if case .normal = content {
      outcome.notes.append(
        "the generator is SplitMix64, by seed and name, through the inverse of the normal distribution")
    }
    return outcome
  }

  public func sources(of name: String, _: ResolvedFields) -> NameSources {
    Pattern.fits(name, any: patterns).map { .all($0 ? [] : [name]) } ?? .unknown
  }

  private func tensor(for entry: Draft.Entry) throws -> Tensor {
    try entry.requirePlain()
    let (shape, dtype, name) = (entry.tensor.shape, entry.tensor.dtype, entry.name)
    switch content {
    case .zeros: return try repeating([UInt8](repeating: 0, count: dtype.byteCount), entry)
    case .constant(let value):
      guard let bytes = dtype.bytes(of: value) else {
        throw entry.doesNotFit("its dtype \(dtype) cannot hold \(value)")
      }
      return try repeating(bytes, entry)
    case .normal(let mean, let deviation, let seed):
      try entry.requireNumbers()
      let numbers = RandomNumbers(seed: seed, name: name)
      return try Tensor(dtype: dtype, shape: shape, rowLength: 1, label: name, from: []) { range, _ in
        range.map { mean + deviation * numbers.normal($0) }
      }
    }
  }

  private func repeating(_ element: [UInt8], _ entry: Draft.Entry) throws -> Tensor {
    let block = [[UInt8]](repeating: element, count: 4096).flatMap(\.self)
    let contents = ComputedContents(
      byteCount: entry.tensor.byteCount, unit: element.count, from: []
    ) { range, buffer in
      for place in stride(from: 0, to: range.count, by: block.count) {
        let count = min(block.count, range.count - place)
        buffer.replaceSubrange(place..<(place + count), with: block[..<count])
      }
    }
    return try Tensor(
      Storage(contents, label: entry.name), dtype: entry.tensor.dtype, shape: entry.tensor.shape)
  }
}

extension Fill.Content: CustomStringConvertible {
  public var description: String {
    switch self {
    case .zeros: "zeros"
    case .constant(let value): "\(value)"
    case .normal(let mean, let deviation, let seed): "normal(\(mean), \(deviation), seed \(seed))"
    }
  }
}

extension Fill.Content {
  /// Reads `zeros`, a number, `{normal: {mean: 0, std: 0.02, seed: 1}}`, or the last as `normal(0,0.02,1)`.
  fileprivate init(_ value: RecordValue) throws(Failure) {
    if value.members == nil {
      self = try Self.scalar(value)
      return
    }
    guard let normal = try value.fields(known: ["normal"])["normal"] else {
      throw value.error("the key \"normal\" is missing")
    }
    let fields = try normal.fields(known: ["mean", "std", "seed"])
    let deviation = try fields["std"]?.number() ?? 1
    if deviation < 0 { throw value.error("a standard deviation is not negative") }
    guard let seed = fields["seed"] else { throw normal.error("the key \"seed\" is missing") }
    self = .normal(mean: try fields["mean"]?.number() ?? 0, deviation: deviation, seed: try seed.integer())
  }

  private static func scalar(_ value: RecordValue) throws(Failure) -> Fill.Content {
    guard let word = try? value.string() else { return .constant(try value.number()) }
    if word == "zeros" { return .zeros }
    if let number = try? value.number() { return .constant(number) }
    let parts = word.dropFirst(7).dropLast().split(separator: ",", omittingEmptySubsequences: false)
    guard word.hasPrefix("normal("), word.hasSuffix(")"), parts.count == 3, let mean = Double(parts[0]),
      let deviation = Double(parts[1]), let seed = Int(parts[2]), mean.isFinite, deviation.isFinite
    else { throw value.error("fill takes zeros, a number, or {normal: {mean: 0, std: 0.02, seed: 1}}") }
    if deviation < 0 { throw value.error("a standard deviation is not negative") }
    return .normal(mean: mean, deviation: deviation, seed: seed)
  }
}

extension DType {
  /// The little-endian bytes of an element of that value; `nil` where the dtype has no such number.
  fileprivate func bytes(of value: Double) -> [UInt8]? { isQuantized ? nil : codec?.encode(value) }
}
