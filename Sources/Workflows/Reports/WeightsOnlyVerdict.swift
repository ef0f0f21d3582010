public import SutureCheckpoints

/// What `torch.load(weights_only=True)` would say of a file, which it judges by the names in its pickle.
///
/// Converting is safe either way: nothing here looks a name up.
public struct WeightsOnlyVerdict: Sendable {
  /// The release of torch whose rules these are.
  public let torch = Checkpoint.Global.knownSince
  /// The classes and functions that it would refuse.
  public let refused: [Checkpoint.Global]
  /// The opcode that it would refuse, whatever is named.
  public let opcode: String?

  public var loads: Bool { refused.isEmpty && opcode == nil }

  /// `nil` of a file that holds no pickle.
  init?(_ checkpoint: Checkpoint) {
    guard checkpoint.isPickled else { return nil }
    refused = checkpoint.globals.filter { $0.judgement != .known }
    opcode = checkpoint.foreignOpcode
  }

  /// The line of Python that would let it take what is only unknown; `nil` where that is not enough, or not needed.
  public var safeGlobals: String? {
    if refused.isEmpty || opcode != nil || refused.contains(where: { $0.judgement == .harmful }) {
      return nil
    }
    return "torch.serialization.add_safe_globals([\(refused.map(\.name).joined(separator: ", "))])"
  }

  var json: JSONObject {
    [
      "torch": torch, "loads": loads, "refused": refused.map(\.name), "opcode": opcode,
      "add_safe_globals": safeGlobals,
    ]
  }
}

extension Checkpoint.Global {
  var json: JSONObject { ["name": name, "class": judgement.rawValue, "harm": harm, "called": isCalled] }
}
