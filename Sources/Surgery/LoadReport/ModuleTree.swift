internal import SutureText

/// The modules that the keys of a model tell of, in the order in which PyTorch visits them.
struct ModuleTree {
  private struct Node {
    var children: [Int] = []
    var places: [ExactString: Int] = [:]
    var unexpected: [String] = []
  }

  private var nodes = [Node()]

  /// More levels than this no model has; a name with more dots is a leaf for the rest.
  private static let mostLevels = 100

  init(_ names: [String]) {
    for name in names {
      var node = 0
      for part in Self.modules(of: name) {
        if let child = nodes[node].places[part] {
          node = child
        } else {
          nodes.append(Node())
          nodes[node].places[part] = nodes.count - 1
          nodes[node].children.append(nodes.count - 1)
          node = nodes.count - 1
        }
      }
    }
  }

  /// Keys that the model does not have, in PyTorch's order: each is found by the last module on its way that exists.
  func unexpected(_ keys: [String]) -> [String] {
    var nodes = nodes
    for key in keys {
      var node = 0
      for part in Self.modules(of: key) {
        guard let child = nodes[node].places[part] else { break }
        node = child
      }
      nodes[node].unexpected.append(key)
    }
    var result: [String] = []
    var pending = [0]
    while let node = pending.popLast() {
      result += nodes[node].unexpected
      pending += nodes[node].children.reversed()
    }
    return result
  }

  private static func modules(of name: String) -> [ExactString] {
    name.utf8.split(separator: UInt8(ascii: "."), maxSplits: mostLevels, omittingEmptySubsequences: false)
      .dropLast().map { ExactString(String(Substring($0))) }
  }
}
