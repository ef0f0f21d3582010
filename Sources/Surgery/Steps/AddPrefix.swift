internal import SutureJSON
internal import SutureText

/// Puts a prefix before every name.
public struct AddPrefix: Step {
  let prefix: String

  public init(_ prefix: String) { self.prefix = prefix }

  public static let schema = StepSchema(
    "add-prefix", .names, "Put PREFIX before every name.", operand: .operand(.text, "PREFIX"),
    example: #"{add-prefix: "module."}"#,
    on: "fc.weight [10,64]")

  public init(_ record: StepRecord) throws { self.init(try record.operand.string()) }
  public var record: StepRecord { StepRecord("add-prefix", .string(prefix)) }

  public func apply(to draft: inout Draft) throws -> StepOutcome {
    let outcome = StepOutcome(touched: draft.names)
    for index in draft.entries.indices { draft.entries[index].name = prefix + draft.entries[index].name }
    return outcome
  }

  public func sources(of name: String, _: ResolvedFields) -> NameSources {
    name.rest(after: prefix).map { .one(String($0)) } ?? .oneOf([])
  }
}
