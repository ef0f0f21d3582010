internal import SutureBytes
internal import SutureJSON
internal import SutureTensors
internal import SutureYAML

/// Gives the same elements other sizes, as `Tensor.reshape`.
public struct Reshape: Step {
  let patterns: [String]
  let sizes: [Int]

  /// - Parameter sizes: one of them may be -1, which stands for what is left.
  public init(_ patterns: String..., to sizes: [Int]) { self.init(patterns, to: sizes) }

  public init(_ patterns: [String], to sizes: [Int]) { (self.patterns, self.sizes) = (patterns, sizes) }

  public var summary: String { "reshape \(quoted(patterns)) to \(sizes)" }

  public func apply(to draft: inout Draft) throws -> Int {
    guard sizes.allSatisfy({ $0 >= -1 }), sizes.filter({ $0 == -1 }).count <= 1,
      sizes.count <= Tensor.maximumRank
    else {
      throw StepFailure(
        kind: .badPattern, reason: "has sizes that nothing can have",
        hints: ["one may be -1 and stands for what is left; at most \(Tensor.maximumRank) are supported"])
    }
    return try transform(patterns, &draft) { entry in try entry.tensor.reshaped(try resolve(entry)) }
  }

  private func resolve(_ entry: Draft.Entry) throws -> [Int] {
    let count = entry.tensor.elementCount
    let others = try? sizes.filter { $0 != -1 }.product()
    guard let others else { throw doesNotFit(entry, "the sizes overflow 64 bits") }
    guard let free = sizes.firstIndex(of: -1) else {
      if others != count { throw doesNotFit(entry, "it has \(count) elements, the sizes want \(others)") }
      return sizes
    }
    guard others > 0, count % others == 0 else {
      throw doesNotFit(entry, "its \(count) elements are no multiple of \(others)")
    }
    var resolved = sizes
    resolved[free] = count / others
    return resolved
  }
}

extension Reshape: RecipeStep {
  static let verb = "reshape"
  static let options = ["to"]

  init(_ fields: StepFields) throws(YAMLError) {
    self.init(try fields.operand.requireStrings(), to: try fields.require("to").requireIntegers())
  }

  var operand: JSONValue { .strings(patterns) }
  var chosen: [(key: String, value: JSONValue)] { [("to", .array(sizes.map { .integer($0) }))] }
}
