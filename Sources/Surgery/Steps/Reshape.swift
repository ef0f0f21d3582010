internal import SutureBytes
internal import SutureTensors

/// Gives the same elements other sizes, as `Tensor.reshape`.
public struct Reshape: Step {
  let patterns: [String]
  let sizes: [Int]

  /// - Parameter sizes: one of them may be -1, which stands for what is left.
  public init(_ patterns: String..., to sizes: [Int]) { self.init(patterns, to: sizes) }

  public init(_ patterns: [String], to sizes: [Int]) { (self.patterns, self.sizes) = (patterns, sizes) }

  public static let schema = StepSchema(
    "reshape", .tensors, "Give the elements other sizes: 'fc.weight=-1,96'.",
    operand: .operand(.patterns, "PATTERN"), fields: [.required("to", .integers, "SIZES", after: "=")],
    example: #"{reshape: "fc.weight", to: [-1, 96]}"#,
    on: "fc.weight [4,48]")

  public init(_ record: StepRecord) throws {
    self.init(try record.operand.strings(), to: try record.require("to").integers())
  }

  public var record: StepRecord { StepRecord("reshape", .strings(patterns), [("to", .integers(sizes))]) }
  public func summary(_: ResolvedFields) -> String { "reshape \(quoted(patterns)) to \(sizes)" }

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    guard sizes.allSatisfy({ $0 >= -1 }), sizes.filter({ $0 == -1 }).count <= 1,
      sizes.count <= Tensor.maximumRank
    else {
      throw SurgeryError(
        .badPattern, "has sizes that nothing can have",
        remedies: [
          "one may be -1 and stands for what is left; at most \(Tensor.maximumRank) are supported"
        ])
    }
    return try .transforming(patterns, &draft) { entry in try entry.tensor.reshaped(try resolve(entry)) }
  }

  private func resolve(_ entry: Draft.Entry) throws -> [Int] {
    let count = entry.tensor.elementCount
    let others = try? sizes.filter { $0 != -1 }.product()
    guard let others else { throw entry.doesNotFit("the sizes overflow 64 bits") }
    guard let free = sizes.firstIndex(of: -1) else {
      if others != count { throw entry.doesNotFit("it has \(count) elements, the sizes want \(others)") }
      return sizes
    }
    guard others > 0, count % others == 0 else {
      throw entry.doesNotFit("its \(count) elements are no multiple of \(others)")
    }
    var resolved = sizes
    resolved[free] = count / others
    return resolved
  }
}
