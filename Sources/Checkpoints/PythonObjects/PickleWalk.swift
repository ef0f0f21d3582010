internal import SuturePickle
internal import SutureText

/// The one way through a pickled object: in the order of the file, without recursion.
///
/// Shared values are visited once for each path to them, cycles are cut. What is made of the values is up to who walks:
/// each value is a leaf, or it is made of its children once these have been made.
enum PickleWalk {
  /// What is about to be visited.
  struct Place {
    let id: PickleID
    /// The value as the file has it, which may only stand for `id`.
    let written: PickleID
    fileprivate let walked: Path
    /// Where along the path it enters something that is no state dict: the lengths of the paths to objects of unknown
    /// classes and to attributes of modules.
    let opaqueDepths: [Int]
    /// Whether the path leads through an attribute of a module, which its `state_dict()` leaves out.
    let isOfAttribute: Bool
    /// Whether it lies in itself.
    ///
    /// Its children are then not to be listed: a list may hold itself a million times.
    let isCycle: Bool
    /// Whether the key that leads here can be kept.
    let hasPlainKey: Bool

    /// Dict keys, list indices, names of attributes, parameters and submodules from the root.
    var path: [String] { walked.components }

    /// Whether the path begins with these components, byte for byte.
    func lies(in place: [String]) -> Bool {
      path.starts(with: place) { ExactString($0) == ExactString($1) }
    }

    /// How many components the path has.
    var depth: Int { walked.components.count }

    /// How many bytes it takes to say the path.
    var pathByteCount: Int { walked.byteCount }
  }

  /// The way to what is visited: there is one, so that a step costs the same however deep it is taken.
  fileprivate final class Path {
    private(set) var components: [String] = []
    private(set) var byteCount = 0

    func append(_ component: String) {
      components.append(component)
      byteCount += component.utf8.count + 1
    }

    func removeLast() { byteCount -= components.removeLast().utf8.count + 1 }
  }

  struct Child {
    let name: String
    let id: PickleID
    let opaqueDepths: [Int]
    var isOfAttribute = false
    var hasPlainKey = true
  }

  enum Visit<Result> {
    case leaf(Result)
    /// Its children are to be visited; what they become makes the whole.
    case inside([Child], whole: (_ parts: [Result]) -> Result)
  }

  private struct Frame<Result> {
    let id: PickleID
    let children: [Child]
    let whole: ([Result]) -> Result
    var parts: [Result] = []
  }

  /// Walks from the root of `graph`.
  ///
  /// - Parameter visit: counts what it is given, since a few bytes can describe 2⁴⁰ paths.
  /// - Returns: what the root became.
  static func run<Result>(_ graph: PickleGraph, _ visit: (Place) throws -> Visit<Result>) throws -> Result {
    let path = Path()
    var frames: [Frame<Result>] = []
    var isOnPath = PickleTable(graph, false)
    var next = Child(name: "", id: graph.root, opaqueDepths: [])
    while true {
      let id = graph.withoutTypeTag(next.id)
      let place = Place(
        id: id, written: next.id, walked: path, opaqueDepths: next.opaqueDepths,
        isOfAttribute: next.isOfAttribute,
        isCycle: isOnPath[id],
        hasPlainKey: next.hasPlainKey)
      var made: Result?
      switch try visit(place) {
      case .leaf(let result): made = result
      case .inside(let children, let whole):
        precondition(!isOnPath[id], "a cycle is to be cut")
        isOnPath[id] = true
        frames.append(Frame(id: id, children: children, whole: whole))
      }
      // What is made goes to what it lies in, until something has another child.
      while true {
        if let result = made {
          if frames.isEmpty { return result }
          frames[frames.count - 1].parts.append(result)
          path.removeLast()
        }
        let frame = frames[frames.count - 1]
        if frame.parts.count < frame.children.count {
          next = frame.children[frame.parts.count]
          path.append(next.name)
          break
        }
        frames.removeLast()
        isOnPath[frame.id] = false
        made = frame.whole(frame.parts)
      }
    }
  }
}
