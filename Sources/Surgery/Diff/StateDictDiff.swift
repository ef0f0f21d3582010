public import SutureArchitectures
public import SutureBytes
public import SutureTensors
internal import SutureText

/// What differs between two state dicts: names, shapes, dtypes, then values.
public struct StateDictDiff: Sendable {
  public struct Move: Sendable {
    public let from: String
    public let to: String
    /// The shapes under either name; the elements are the same.
    public let fromShape: [Int]
    public let toShape: [Int]
    /// Whether it is the name that the library of the second has for the same part of a ConvNeXt.
    public let isByNaming: Bool

    /// What is left of both names without the components that both end in; `nil` where there are none.
    public var prefixes: (from: String, to: String)? {
      PrefixRule(from: from, to: to).map { ($0.from, $0.to) }
    }
  }

  public struct Reshape: Sendable {
    public let name: String
    public let from: [Int]
    public let to: [Int]
    /// Whether the elements are the same in row-major order.
    public let keepsElements: Bool
  }

  public struct Recast: Sendable {
    public let name: String
    /// The dtype, and the layout where it is not that of ordinary tensors.
    public let from: String
    public let to: String
  }

  public struct Values: Sendable {
    public let name: String
    public let difference: ValueDifference
  }

  /// Names in the second alone, with contents that the first has under no lost name; and the other way round.
  public private(set) var added: [String] = []
  public private(set) var removed: [String] = []
  /// Lost names whose elements stand under a new name, and further new names for the same elements.
  public private(set) var renamed: [Move] = []
  public private(set) var copied: [Move] = []
  public private(set) var reshaped: [Reshape] = []
  public private(set) var recast: [Recast] = []
  /// The names that both have in one shape, in the order of the first.
  public private(set) var values: [Values] = []
  /// Changes of names that would give the first more of the names that the second has; `nil` where none was missing
  /// that content could not find.
  public private(set) var advice: LoadAdvice?
  public let tolerance: Tolerance?
  /// Whether values were compared; otherwise names, shapes and dtypes were alone.
  public let comparesValues: Bool
  /// Whose names the two have, where they are ConvNeXts under those of two libraries.
  public let naming: (from: NamingScheme, to: NamingScheme)?

  /// Compares two state dicts, reading both piece by piece.
  ///
  /// - Parameters:
  ///   - tolerance: how near numbers must be; `nil` where every bit counts.
  ///   - comparesValues: whether values are compared; otherwise no tensor is read, and a rename is a name that is lost and
  ///     one that is new.
  ///   - progress: is told, on any thread, how many bytes were dealt with.
  /// - Throws: what reading throws.
  public init(
    _ first: StateDict, _ second: StateDict, tolerance: Tolerance? = nil, comparesValues: Bool = true,
    workers: Int = processorCount, progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) throws {
    (self.tolerance, self.comparesValues) = (tolerance, comparesValues)
    let lost = first.entries.filter { second[$0.name] == nil }
    let gained = second.entries.filter { first[$0.name] == nil }
    let naming = NamingChange(first, second)
    self.naming = naming.map { ($0.from, $0.to) }
    let matches = try ContentMatches(
      removed: comparesValues ? lost : [], added: comparesValues ? gained : [],
      namesInSecond: naming?.names ?? [:], workers: workers, progress: progress)
    func move(_ match: ContentMatches.Match) -> Move {
      Move(
        from: match.from, to: match.to, fromShape: first[match.from]?.shape ?? [],
        toShape: second[match.to]?.shape ?? [], isByNaming: match.isByNaming)
    }
    (renamed, copied) = (matches.renamed.map(move), matches.copied.map(move))
    let (sources, targets) = (
      Set(renamed.map { ExactString($0.from) }), Set((renamed + copied).map { ExactString($0.to) })
    )
    removed = lost.map(\.name).filter { !sources.contains(ExactString($0)) }
    added = gained.map(\.name).filter { !targets.contains(ExactString($0)) }
    if !removed.isEmpty, !added.isEmpty {
      advice = LoadReport(loading: first, into: second).advice(loading: first, into: second)
    }

    var pairs: [(name: String, one: Tensor, other: Tensor)] = []
    for entry in first.entries {
      guard let other = second[entry.name] else { continue }
      let (from, to) = (Self.dtype(entry.tensor), Self.dtype(other))
      if from != to { recast.append(Recast(name: entry.name, from: from, to: to)) }
      if entry.tensor.shape == other.shape {
        pairs.append((entry.name, entry.tensor, other))
      } else {
        reshaped.append(
          Reshape(
            name: entry.name, from: entry.tensor.shape, to: other.shape,
            keepsElements: try comparesValues && Self.haveSameElements(entry.tensor, other)))
        progress(entry.tensor.byteCount.adding(saturating: other.byteCount))
      }
    }
    let work = comparesValues ? pairs : []
    let found = Guarded([ValueDifference?](repeating: nil, count: work.count))
    try concurrently(work.count, workers: workers) { index in
      let difference = try work[index].one.difference(from: work[index].other, tolerance: tolerance)
      progress(work[index].one.byteCount.adding(saturating: work[index].other.byteCount))
      found.withLock { $0[index] = difference }
    }
    values = zip(work, found.withLock { $0 }).compactMap { pair, difference in
      difference.map { Values(name: pair.name, difference: $0) }
    }
  }

  /// Whether names and shapes are the same.
  public var hasSameStructure: Bool {
    added.isEmpty && removed.isEmpty && renamed.isEmpty && copied.isEmpty && reshaped.isEmpty
  }

  /// Whether nothing differs; with a tolerance, nothing that is not close, whatever the dtype.
  public var passed: Bool {
    hasSameStructure && (tolerance != nil || recast.isEmpty) && values.allSatisfy(\.difference.passed)
  }

  private static func dtype(_ tensor: Tensor) -> String {
    tensor.dtype.rawValue + (tensor.layout.name.map { " \($0)" } ?? "")
  }

  private static func haveSameElements(_ one: Tensor, _ other: Tensor) throws -> Bool {
    guard one.dtype == other.dtype, one.elementCount == other.elementCount, one.isReadable, other.isReadable
    else { return false }
    return try one.sha256() == other.sha256()
  }
}

/// What the tensors of one ConvNeXt are called in another that has the names of another library.
struct NamingChange {
  let from: NamingScheme
  let to: NamingScheme
  let names: [ExactString: String]

  /// `nil` where the two are not both ConvNeXts, or have the names of one library.
  init?(_ first: StateDict, _ second: StateDict) {
    guard let scan = try? NamingScan(first), let other = try? NamingScan(second), scan.scheme != other.scheme
    else { return nil }
    var names: [ExactString: String] = [:]
    for network in scan.networks {
      for (index, key) in network.members {
        guard let name = try? network.name(key, in: other.scheme) else { continue }
        names[ExactString(first.entries[index].name)] = name
      }
    }
    (from, to, self.names) = (scan.scheme, other.scheme, names)
  }
}
