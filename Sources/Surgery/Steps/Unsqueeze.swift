internal import SutureJSON
internal import SutureTensors

/// Gives weights axes of size 1 behind their own, until there are so many: a linear layer becomes a 1×1 convolution.
///
/// A view.
public struct Unsqueeze: Step {
  let patterns: [String]
  let rank: Int

  /// - Parameter rank: how many axes there are then: 4 for a convolution of images.
  public init(_ patterns: String..., rank: Int = 4) { self.init(patterns, rank: rank) }
  public init(_ patterns: [String], rank: Int = 4) { (self.patterns, self.rank) = (patterns, rank) }

  public static let schema = StepSchema(
    "unsqueeze", .tensors, "Make linear layers 1×1 convolutions: [out, in] to [out, in, 1, 1], or N axes.",
    operand: .operand(.patterns, "PATTERN"), fields: [.optional("rank", .integer, "N", after: "=")],
    example: #"{unsqueeze: "*.fc.weight"}"#,
    on: "blocks.0.fc.weight [64,64]")

  public init(_ record: StepRecord) throws {
    self.init(try record.operand.strings(), rank: try record.integer("rank", default: 4))
  }

  public var record: StepRecord {
    StepRecord("unsqueeze", .strings(patterns), rank == 4 ? [] : [("rank", .integer(rank))])
  }

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    guard (1...Tensor.maximumRank).contains(rank) else {
      throw SurgeryError(.badPattern, "makes tensors of 1 to \(Tensor.maximumRank) axes")
    }
    return try .transforming(patterns, &draft) { entry in
      let shape = entry.tensor.shape
      guard shape.count <= rank else { throw entry.doesNotFit("it has more than \(rank) axes") }
      let added = [Int](repeating: 1, count: rank - shape.count)
      return added.isEmpty ? entry.tensor : try entry.tensor.reshaped(shape + added)
    }
  }
}
