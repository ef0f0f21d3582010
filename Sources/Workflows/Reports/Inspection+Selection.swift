internal import SutureBytes
public import SutureTensors
internal import SutureText

/// Which of the tensors are shown, and in what order.
extension Inspection {
  /// By what the tensors, and what they are summed up to, can be sorted; those that are equal stay in the order of the file.
  public enum Order: String, CaseIterable, Sendable {
    case name, dtype
    /// The largest first.
    case size
  }

  /// Leaves out what has another dtype, or no more than that many bytes.
  public mutating func restrict(to dtypes: Set<DType>? = nil, largerThan byteCount: Int? = nil) {
    if dtypes == nil, byteCount == nil { return }
    shown = shown.filter { entry in
      dtypes?.contains(entry.tensor.dtype) != false
        && byteCount.map { entry.tensor.storedByteCount > $0 } != false
    }
  }

  public mutating func sort(by order: Order) {
    self.order = order
    // The sort is stable.
    switch order {
    case .name: shown.sort { $0.name < $1.name }
    case .dtype: shown.sort { $0.tensor.dtype.rawValue < $1.tensor.dtype.rawValue }
    case .size: shown.sort { $0.tensor.storedByteCount > $1.tensor.storedByteCount }
    }
  }

  /// What the tensors of one module come to.
  public struct ModuleSum: Sendable, Equatable {
    /// The first components of their names, with dots between.
    public let name: String
    public internal(set) var tensorCount = 0
    public internal(set) var elementCount = 0
    public internal(set) var byteCount = 0
  }

  /// What the shown tensors come to, by the first `depth` components of their names; a name that has no more than these is
  /// one of its own.
  ///
  /// - Complexity: linear in the names.
  public func sums(depth: Int) -> [ModuleSum] {
    let sums = shown.grouped { ExactString($0.name.start(components: depth)) }.map { name, entries in
      entries.reduce(into: ModuleSum(name: name.string)) { sum, entry in
        sum.tensorCount += 1
        sum.elementCount = sum.elementCount.adding(saturating: entry.tensor.elementCount)
        sum.byteCount = sum.byteCount.adding(saturating: entry.tensor.storedByteCount)
      }
    }
    switch order {
    case nil, .dtype: return sums
    case .name: return sums.sorted { $0.name < $1.name }
    case .size: return sums.sorted { $0.byteCount > $1.byteCount }
    }
  }
}
