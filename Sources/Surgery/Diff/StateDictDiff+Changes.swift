internal import SutureText

/// What changed, the most first.
extension StateDictDiff {
  /// Tensors whose dtype differs and whose values are equal after the cast.
  public var castEqualCount: Int { values.count { $0.difference.isEqualAfterCast } }

  /// ``values`` by how much of itself each has changed, the most first; those that changed alike by their largest
  /// difference, then in the order of the first state dict.
  public var valuesByChange: [Values] {
    values.sorted {
      let (one, other) = ($0.difference, $1.difference)
      return (one.relativeChange, one.maximum) > (other.relativeChange, other.maximum)
    }
  }

  /// What changed in one module.
  public struct ModuleChange: Sendable {
    /// The first components of the names of its tensors, with dots between.
    public let name: String
    /// How many tensors were compared, and how many of them are neither bit-equal nor equal after a cast.
    public let comparedCount: Int
    public let changedCount: Int
    /// ``ValueDifference/relativeChange`` of all tensors that changed, as if they were one.
    public let relativeChange: Double
    /// The largest |a − b|.
    public let maximum: Double
    /// The tensor that has changed the most of itself; `nil` where none has.
    public let most: String?
  }

  /// What changed by the first `depth` components of the names, the most first; with what did not change.
  ///
  /// - Complexity: linear in the names, but for sorting.
  public func changes(depth: Int) -> [ModuleChange] {
    valuesByChange.grouped { ExactString($0.name.start(components: depth)) }.map { name, members in
      let changed = members.filter { !$0.difference.isBitEqual && !$0.difference.isEqualAfterCast }
      let numeric = changed.map(\.difference).filter(\.isNumeric)
      var (length, first) = (VectorLength(), VectorLength())
      for difference in numeric {
        length.add(difference.length)
        first.add(difference.firstLength)
      }
      let isTold = changed.allSatisfy { !$0.difference.isUnbounded }
      return ModuleChange(
        name: name.string, comparedCount: members.count, changedCount: changed.count,
        relativeChange: isTold ? ValueDifference.change(length.value, of: first.value) : .infinity,
        maximum: numeric.map(\.maximum).max() ?? 0, most: changed.first?.name)
    }.sorted { ($0.relativeChange, $0.maximum) > ($1.relativeChange, $1.maximum) }
  }
}
