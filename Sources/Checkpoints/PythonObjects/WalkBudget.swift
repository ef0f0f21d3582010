internal import SuturePickle

/// How far a walk through a pickled object may go: a few bytes can describe 2⁴⁰ paths, and a value that many paths share may
/// take long to look at.
struct WalkBudget {
  /// How many paths may be walked.
  let paths: Int
  private let graph: PickleGraph
  private let mostWork: Int
  private var visited = 0
  private var work = 0

  init(_ graph: PickleGraph, paths: Int) {
    (self.graph, self.paths) = (graph, paths)
    let (work, overflow) = max(paths, graph.valueCount).multipliedReportingOverflow(by: 8)
    mostWork = overflow ? .max : work
  }

  var isSpent: Bool { visited > paths || work > mostWork }

  /// Counts a value on a path, and what has to be looked at to say what it is.
  mutating func visit(_ id: PickleID) {
    visited += 1
    work += 1 + weight(id)
  }

  /// Counts what else is made of a value than a visit of each part of it.
  mutating func add(_ count: Int) {
    work = work.addingReportingOverflow(count).overflow ? .max : work + count
  }

  private func weight(_ id: PickleID) -> Int {
    if let count = graph.partCount(of: id) { return count }
    switch graph[id] {
    case .set(let items): return items.count
    case .object(let object):
      // It is made of what it was given and set to.
      return object.items.count + object.elements.count + object.arguments.count
        + (object.states + object.arguments.prefix(4)).reduce(0) { $0 + (graph.partCount(of: $1) ?? 0) }
    default: return 0
    }
  }
}
