public import SutureTensors
internal import SutureText

/// What steps may ask for beside the state dict that they cut.
///
/// Surgery knows no files; whoever has opened them says how to get at these.
public struct Inputs: Sendable {
  /// The dotted paths of other state dicts in the same file, such as `model_ema`.
  public var siblings: [String] = []
  /// The dotted paths of the values beside the state dict, such as `optimizer.param_groups`.
  public var extras: [String] = []
  /// The dotted path of the state dict itself; empty where it is the whole file.
  public var wrapper: String = ""
  /// Gives the state dict of a sibling.
  public var sibling: @Sendable (String) throws -> StateDict = { throw missing("state dict \($0)") }
  /// Gives the state dict of another checkpoint, by whatever the step calls it.
  public var checkpoint: @Sendable (String) throws -> StateDict = { throw missing("checkpoint \($0)") }

  /// No siblings and no other checkpoints.
  public init() {}

  private static func missing(_ what: String) -> Failure {
    Failure(.refused, "there is no way to open the \(what)")
  }
}
