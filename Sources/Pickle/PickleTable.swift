/// Something about each value of a graph, as quick to find as the value.
public struct PickleTable<Entry: Sendable>: Sendable {
  private var entries: [Entry]

  /// - Parameter entry: what there is of each before anything is known.
  public init(_ graph: PickleGraph, _ entry: Entry) {
    entries = [Entry](repeating: entry, count: graph.valueCount)
  }

  public subscript(id: PickleID) -> Entry {
    get { entries[Int(id.index)] }
    set { entries[Int(id.index)] = newValue }
  }
}
