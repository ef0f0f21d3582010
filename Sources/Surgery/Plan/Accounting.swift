internal import SutureBytes
internal import SutureTensors
internal import SutureText

/// What became of the input's keys; each stands in exactly one of the lists.
public struct Accounting: Sendable {
  /// Keys that are one tensor of the output, perhaps under another name.
  public internal(set) var kept: [String] = []
  /// Keys that nothing of the output comes from.
  public internal(set) var dropped: [String] = []
  /// Keys that two tensors of the output or more come from.
  public internal(set) var copied: [String] = []
  /// Keys that are in the output only together with others: joined, averaged, fused.
  public internal(set) var merged: [String] = []
  /// Keys whose elements were filled with new ones.
  public internal(set) var replaced: [String] = []

  init(_ draft: Draft) {
    // How often a key is a tensor of the output by itself; 0 where it is so only together with others.
    var uses: [ExactString: Int] = [:]
    for entry in draft.entries {
      let origins = Set(entry.origins.map(ExactString.init))
      for origin in origins { uses[origin, default: 0] += origins.count == 1 ? 1 : 0 }
    }
    let filled = Set(draft.replaced.map(ExactString.init))
    for name in draft.input.names {
      switch uses[ExactString(name)] {
      case nil where filled.contains(ExactString(name)): replaced.append(name)
      case nil: dropped.append(name)
      case 0?: merged.append(name)
      case 1?: kept.append(name)
      default: copied.append(name)
      }
    }
  }
}
