/// Two or more names whose tensors lie in one storage.
public struct Sharing: Sendable, Equatable {
  public enum Kind: String, Sendable {
    /// All names are the very same view, as tied weights are.
    case tied
    /// The same elements in another order: a matrix and its transpose.
    case transposed
    /// The views have bytes in common, but are not the same.
    case overlapping
    /// The views have no byte in common.
    case slices
  }

  public let kind: Kind
  public let names: [String]
  /// The storage, as the file calls it.
  public let storage: String

  /// Whether writing one of the tensors would change another.
  public var isAliasing: Bool { kind != .slices }
}

extension StateDict {
  /// The groups of two or more names whose tensors overlap in one storage, in the order of the entries.
  ///
  /// Disjoint slices of one storage are not aliases; a matrix and its transpose are.
  public var aliases: [[String]] { sharing.filter(\.isAliasing).map(\.names) }

  /// How the entries share storages: groups that overlap, and beside them the slices of one storage.
  public var sharing: [Sharing] {
    // Nearly all storages have one tensor.
    var places = StoragePlaces(capacity: entries.count)
    var byFirst: [Int: [Int]] = [:]
    for place in entries.indices {
      if let first = places.note(entries[place].tensor.storage.whole, at: place) {
        byFirst[first, default: [first]].append(place)
      }
    }
    var found: [(first: Int, sharing: Sharing)] = []
    for members in byFirst.values {
      let groups = overlapping(members)
      for group in groups where group.count > 1 {
        found.append((group[0], Sharing(kind: kind(of: group), names: names(group), storage: label(group))))
      }
      if groups.count > 1 {
        let all = groups.flatMap { $0 }.sorted()
        found.append((all[0], Sharing(kind: .slices, names: names(all), storage: label(all))))
      }
    }
    return found.sorted {
      ($0.first, $0.sharing.isAliasing ? 0 : 1) < ($1.first, $1.sharing.isAliasing ? 0 : 1)
    }
    .map(\.sharing)
  }

  private func names(_ group: [Int]) -> [String] { group.map { entries[$0].name } }

  private func label(_ group: [Int]) -> String { entries[group[0]].tensor.storage.label }

  /// Splits entries of one storage into groups that have bytes in common; empty tensors have none.
  private func overlapping(_ members: [Int]) -> [[Int]] {
    var groups: [[Int]] = []
    var end = Int.min
    let sorted = members.map { (place: $0, extent: entries[$0].tensor.extentInWhole) }
      .filter { !$0.extent.isEmpty }
      .sorted { ($0.extent.lowerBound, $0.place) < ($1.extent.lowerBound, $1.place) }
    for (place, extent) in sorted {
      if extent.lowerBound >= end { groups.append([]) }
      groups[groups.count - 1].append(place)
      end = Swift.max(end, extent.upperBound)
    }
    return groups.map { $0.sorted() }
  }

  private func kind(of group: [Int]) -> Sharing.Kind {
    let tensors = group.map { entries[$0].tensor }
    if Set(tensors.map { ViewIdentity($0) }).count == 1 { return .tied }
    guard let first = tensors.first,
      tensors.allSatisfy({
        $0.extentInWhole == first.extentInWhole && $0.dtype == first.dtype && $0.lazyBits == first.lazyBits
      })
    else { return .overlapping }
    // Axes in another order leave the pairs of size and stride as they are.
    func axes(_ tensor: Tensor) -> [[Int]] {
      zip(tensor.shape, tensor.strides).map { [$0, $1] }.sorted { $0.lexicographicallyPrecedes($1) }
    }
    return tensors.allSatisfy { axes($0) == axes(first) } ? .transposed : .overlapping
  }
}
