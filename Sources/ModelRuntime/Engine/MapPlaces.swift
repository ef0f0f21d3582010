/// Which values lie in buffers of their own, and which are some channels of another's: what is joined is written where it is
/// joined, and channels that are taken are read where they lie, so that neither is copied.
struct MapPlaces {
  /// The value that another is a part of, and where in its channels it begins.
  private typealias Parent = (value: Int, firstChannel: Int)

  private var parents: [Int: Parent] = [:]
  /// The values that others are parts of.
  private var hosts: Set<Int> = []
  /// Of each value.
  private let channels: [Int]
  /// The node that needs the buffer of a value last.
  private var lastUses: [Int: Int] = [:]

  /// - Parameters:
  ///   - needed: the nodes that run, in order.
  ///   - outputs: the values that are asked for, which lie by themselves, as does the image.
  ///   - handling: what the node of that number can do with parts.
  init(
    _ graph: Graph, _ shapes: [MapShape?], needed: [Int], outputs: [Int], handling: (Int) -> PartHandling
  ) {
    channels = shapes.map { $0?.channels ?? 0 }
    let handling = Dictionary(uniqueKeysWithValues: needed.map { ($0 + 1, handling($0)) })
    var users: [Int: [Int]] = [:]
    for node in needed {
      for input in graph.nodes[node].inputs { users[input, default: []].append(node + 1) }
    }

    /// Whether all that read the value can read it where it is a part.
    func isReached(_ value: Int) -> Bool {
      value != 0 && !outputs.contains(value)
        && users[value, default: []].allSatisfy { handling[$0] != PartHandling.none }
    }
    for node in needed {
      let input = graph.nodes[node].inputs[0]
      guard case .takes(let range)? = handling[node + 1], input != 0, isReached(node + 1) else { continue }
      parents[node + 1] = (input, range.lowerBound)
    }
    for node in needed where handling[node + 1] == .joins {
      var first = 0
      let inputs = graph.nodes[node].inputs
      for input in inputs {
        if parents[input] == nil, isReached(input), handling[input] != PartHandling.none,
          inputs.filter({ $0 == input }).count == 1
        {
          parents[input] = (node + 1, first)
        }
        first += channels[input]
      }
    }
    hosts = Set(parents.values.map(\.value))
    for node in needed {
      for value in graph.nodes[node].inputs + [node + 1] where value != 0 {
        lastUses[owner(of: value)] = max(
          lastUses[owner(of: value)] ?? 0, outputs.contains(value) ? .max : node)
      }
    }
  }

  /// The value whose buffer it lies in.
  func owner(of value: Int) -> Int { parents[value].map { owner(of: $0.value) } ?? value }

  /// Where in its owner's channels it begins.
  func firstChannel(of value: Int) -> Int {
    parents[value].map { $0.firstChannel + firstChannel(of: $0.value) } ?? 0
  }

  /// Whether it has a buffer in which nothing else lies.
  func isAlone(_ value: Int) -> Bool { parents[value] == nil && !hosts.contains(value) }

  /// Its shape with the pixels as far apart as they lie.
  func placed(_ value: Int, _ shape: MapShape) -> MapShape {
    parents[value] == nil ? shape : shape.apart(channels[owner(of: value)])
  }

  /// Whether the node is the last that needs the buffer of the value.
  func ends(_ owner: Int, at node: Int) -> Bool { lastUses[owner] == node }
}
