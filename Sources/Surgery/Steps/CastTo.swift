internal import SutureJSON
internal import SutureNumbers
internal import SutureTensors
internal import SutureYAML

/// Gives the floating-point tensors that fit another dtype, as `Tensor.to(dtype)` does.
public struct CastTo: Step {
  let dtype: String
  let patterns: [String]
  let exceptions: [String]

  /// - Parameter dtype: torch's name for it, such as `bfloat16`.
  public init(_ dtype: String, _ patterns: String..., except exceptions: [String] = []) {
    self.init(dtype, patterns.isEmpty ? ["*"] : patterns, except: exceptions)
  }

  public init(_ dtype: String, _ patterns: [String], except exceptions: [String] = []) {
    (self.dtype, self.patterns, self.exceptions) = (dtype, patterns, exceptions)
  }

  public var summary: String {
    "cast \(quoted(patterns)) to \(dtype)" + (exceptions.isEmpty ? "" : " except \(quoted(exceptions))")
  }

  public func apply(to draft: inout Draft) throws -> Int {
    guard let dtype = Self.dtype(dtype) else {
      throw StepFailure(
        kind: .badPattern, reason: "has no floating dtype",
        hints: ["there are: \(Self.names.joined(separator: ", "))"])
    }
    let hits = try touch(patterns, &draft)
    let spared = exceptions.isEmpty ? hits.map { _ in false } : try match(exceptions, draft)
    let dict = try StateDict(
      draft.entries.indices.map { .init(name: String($0), tensor: draft.entries[$0].tensor) })
    let cast = try dict.cast(to: dtype) { name in
      guard let index = Int(name) else { return true }
      return !hits[index] || spared[index]
    }
    draft.casts.append(cast)
    for (index, entry) in cast.stateDict.entries.enumerated() { draft.entries[index].tensor = entry.tensor }
    let others = draft.touched.count - cast.names.count
    draft.touched = cast.names.compactMap { Int($0) }.map { draft.entries[$0].name }
    if others > 0 {
      draft.notes.append("\(others) more are spared, have that dtype or are no floating numbers")
    }
    return draft.touched.count
  }

  /// torch casts to float8_e8m0fnu too, but that has neither a sign nor a zero: it is for scales, not for weights.
  private static let names = DType.allCases.filter { $0.floatFormat != nil && $0 != .float8_e8m0fnu }
    .map(\.rawValue)

  private static func dtype(_ word: String) -> DType? {
    let short = [
      "half": "float16", "fp16": "float16", "bf16": "bfloat16", "float": "float32", "fp32": "float32",
    ]
    return DType(rawValue: short[word] ?? word).flatMap { names.contains($0.rawValue) ? $0 : nil }
  }
}

extension CastTo: RecipeStep {
  static let verb = "cast"
  static let options = ["to", "except"]

  init(_ fields: StepFields) throws(YAMLError) {
    let node = try fields.require("to")
    let word = try node.requireString()
    guard Self.dtype(word) != nil else {
      throw node.error(
        "\"\(word)\" is no floating dtype", advice: "there are: \(Self.names.joined(separator: ", "))")
    }
    let exceptions = try fields["except"].map { node throws(YAMLError) in try node.requireStrings() } ?? []
    self.init(word, try fields.operand.requireStrings(), except: exceptions)
  }

  var operand: JSONValue { .strings(patterns) }

  var chosen: [(key: String, value: JSONValue)] {
    [("to", .string(dtype))] + (exceptions.isEmpty ? [] : [("except", .strings(exceptions))])
  }
}
