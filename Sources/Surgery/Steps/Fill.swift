internal import SutureBytes
internal import SutureJSON
internal import SutureTensors
internal import SutureText
internal import SutureYAML

/// Gives tensors new elements of the same shape and dtype: zeros, a constant, or normal random numbers.
public struct Fill: Step {
  public enum Content: Sendable, Equatable {
    case zeros
    case constant(Double)
    /// Numbers of `NormalNumbers`: each tensor has its own, by its name.
    case normal(mean: Double = 0, deviation: Double = 1, seed: Int)
  }

  let patterns: [String]
  let content: Content

  public init(_ patterns: String..., with content: Content) { self.init(patterns, with: content) }

  public init(_ patterns: [String], with content: Content) {
    (self.patterns, self.content) = (patterns, content)
  }

  public var summary: String { "fill \(quoted(patterns)) with \(content)" }

  public func apply(to draft: inout Draft) throws -> Int {
    var filled: [String] = []
    let count = try transform(patterns, &draft) { entry in try tensor(for: entry) }
    let names = Set(draft.touched.map(ExactString.init))
    for index in draft.entries.indices where names.contains(ExactString(draft.entries[index].name)) {
      filled += draft.entries[index].origins
      draft.entries[index].origins = []
    }
    draft.replaced += filled
    if case .normal = content {
      draft.notes.append(
        "the generator is SplitMix64, by seed and name, through the inverse of the normal distribution")
    }
    return count
  }

  private func tensor(for entry: Draft.Entry) throws -> Tensor {
    try requirePlain(entry)
    let (shape, dtype, name) = (entry.tensor.shape, entry.tensor.dtype, entry.name)
    switch content {
    case .zeros: return try repeating([UInt8](repeating: 0, count: dtype.byteCount), entry)
    case .constant(let value):
      guard let bytes = dtype.bytes(of: value) else {
        throw doesNotFit(entry, "its dtype \(dtype) cannot hold \(value)")
      }
      return try repeating(bytes, entry)
    case .normal(let mean, let deviation, let seed):
      try requireNumbers(entry)
      let numbers = NormalNumbers(seed: seed, name: name)
      return try Tensor(dtype: dtype, shape: shape, rowLength: 1, label: name, from: []) { range in
        range.map { mean + deviation * numbers[$0] }
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

extension Fill: RecipeStep {
  static let verb = "fill"
  static let options = ["with"]

  init(_ fields: StepFields) throws(YAMLError) {
    let node = try fields.require("with")
    self.init(try fields.operand.requireStrings(), with: try Content(node))
  }

  var operand: JSONValue { .strings(patterns) }

  var chosen: [(key: String, value: JSONValue)] {
    switch content {
    case .zeros: [("with", "zeros")]
    case .constant(let value): [("with", .double(value))]
    case .normal(let mean, let deviation, let seed):
      [("with", ["normal": ["mean": .double(mean), "std": .double(deviation), "seed": .integer(seed)]])]
    }
  }
}

extension Fill.Content {
  fileprivate init(_ node: YAMLNode) throws(YAMLError) {
    guard let mapping = node.mapping else {
      if case .string(let word)? = node.resolved, word == "zeros" {
        self = .zeros
        return
      }
      if case .string? = node.resolved, (try? node.requireNumber()) == nil {
        throw node.error("fill takes zeros, a number, or {normal: {mean: 0, std: 0.02, seed: 1}}")
      }
      self = .constant(try node.requireNumber())
      return
    }
    try mapping.refuseUnknownKeys(known: ["normal"])
    let normal = try mapping.require("normal").requireMapping()
    try normal.refuseUnknownKeys(known: ["mean", "std", "seed"])
    let numbers = StepFields(node, normal)
    let deviation = try numbers.number("std", unsaid: 1)
    if deviation < 0 { throw node.error("a standard deviation is not negative") }
    self = .normal(
      mean: try numbers.number("mean", unsaid: 0), deviation: deviation,
      seed: try normal.require("seed").requireInt())
  }
}
