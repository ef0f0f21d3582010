internal import SuturePickle

/// Tells data in number, such as a vocabulary, the history of a loss, annotations: it is one thing, and not as many paths.
///
/// - Complexity: O(*n*) in the number of values in all, however many paths lead to them and however deep they nest.
struct PlainData {
  private let graph: PickleGraph
  private let values: PythonValues
  /// How many leaves there are in each container of nothing but plain data that was asked for.
  private var sizes: PickleTable<Size>

  private enum Size {
    case unknown
    /// It holds other things, or itself.
    case none
    /// No pickle is as long as what this cannot count.
    case leaves(UInt32)
  }

  /// As many items of one container as nobody wants to see singly, and as many in containers in it.
  private static let (many, manyInAll) = (1000, 20_000)

  init(_ values: PythonValues) {
    (graph, self.values) = (values.graph, values)
    sizes = PickleTable(values.graph, .unknown)
  }

  /// Whether a container holds nothing but plain data, and much of it.
  mutating func isInNumber(_ id: PickleID) -> Bool {
    guard let size = size(of: id), let items = items(id) else { return false }
    // What is shared over and over is a bomb, however plain it is; what stands in one place takes a byte of the pickle there.
    if size > Self.manyInAll { return size <= max(graph.valueCount, graph.streamByteCount) }
    guard items.count > Self.many else { return false }
    if case .tuple = graph[id] { return false }
    return items.allSatisfy(isAtom)
  }

  private func isAtom(_ id: PickleID) -> Bool {
    switch graph[id] {
    case .none, .bool, .int, .bigInt, .float, .string, .bytes: true
    case .object(let object): NumpyScalar(object, graph) != nil
    default: false
    }
  }

  /// What lies in a list, a tuple, a set or a dict; `nil` of anything else.
  private func items(_ id: PickleID) -> [PickleID]? {
    switch graph[id] {
    case .list(let items), .tuple(let items), .set(let items): items
    case .dict(let pairs): pairs.map(\.value)
    case .object:
      switch values[id] {
      case .list(let items), .set(let items): items
      case .dict(let pairs, _): pairs.map(\.value)
      default: nil
      }
    default: nil
    }
  }

  /// A container whose items are being looked at.
  private struct Frame {
    let id: PickleID
    let items: [PickleID]
    var next = 0
    var size = 0

    mutating func add(_ count: Int) {
      let (sum, overflow) = size.addingReportingOverflow(count)
      size = overflow ? .max : sum
    }
  }

  private mutating func size(of root: PickleID) -> Int? {
    switch sizes[root] {
    case .unknown: break
    case .none: return nil
    case .leaves(let count): return Int(count)
    }
    guard let first = items(root) else { return nil }
    var frames = [Frame(id: root, items: first)]
    // What holds itself is no plain data; until its size is known, nothing is said of it.
    sizes[root] = .none
    while let last = frames.indices.last {
      let frame = frames[last]
      guard frame.next < frame.items.count else {
        sizes[frame.id] = .leaves(UInt32(clamping: frame.size))
        frames.removeLast()
        if let parent = frames.indices.last { frames[parent].add(max(frame.size, 1)) }
        continue
      }
      frames[last].next += 1
      let item = frame.items[frame.next]
      switch sizes[item] {
      case .leaves(let count): frames[last].add(max(Int(count), 1))
      // Whatever it lies in is not plain either.
      case .none: frames.removeAll()
      case .unknown where isAtom(item): frames[last].add(1)
      case .unknown:
        guard let inside = items(item) else {
          frames.removeAll()
          continue
        }
        sizes[item] = .none
        frames.append(Frame(id: item, items: inside))
      }
    }
    if case .leaves(let count) = sizes[root] { return Int(count) }
    return nil
  }
}
