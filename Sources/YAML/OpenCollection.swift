internal import SutureText

/// A sequence or mapping whose end has not come yet.
struct OpenCollection {
  let isMapping: Bool
  let isFlow: Bool
  let position: YAMLPosition
  let tag: YAMLTag?
  private var nodes: [YAMLNode] = []
  private var keys: [KeyIdentity: Int] = [:]

  init(isMapping: Bool, isFlow: Bool, at position: YAMLPosition, tag: YAMLTag?) {
    (self.isMapping, self.isFlow, self.position, self.tag) = (isMapping, isFlow, position, tag)
  }

  /// Whether the next node is a key.
  var wantsKey: Bool { isMapping && nodes.count.isMultiple(of: 2) }

  /// Adds a node; one that stands for a key must be a scalar unlike those before it.
  mutating func append(_ node: YAMLNode) throws(YAMLError) {
    if wantsKey {
      guard let key = node.scalar else { throw .keyIsNoScalar(at: node.position) }
      if key.isPlain, key.text == "<<", node.tag == nil {
        throw YAMLError(
          node.position, "the merge key << is not supported; write out what it would merge")
      }
      for identity in KeyIdentity.all(of: key) {
        if let first = keys.updateValue(nodes.count, forKey: identity) {
          let earlier = nodes[first]
          let text = earlier.scalar?.text ?? ""
          let first = text == key.text ? "" : "as \(text.quoted()) "
          throw YAMLError(
            node.position,
            "the key \(key.text.quoted()) comes twice (first \(first)at line \(earlier.position.line))")
        }
      }
    }
    nodes.append(node)
  }

  /// The node that all this makes.
  var node: YAMLNode {
    let content: YAMLNode.Content =
      if isMapping {
        .mapping(
          YAMLMapping(
            position: position,
            pairs: stride(from: 0, to: nodes.count - 1, by: 2).map { (nodes[$0], nodes[$0 + 1]) }))
      } else { .sequence(nodes) }
    return YAMLNode(content, at: position, tag: tag, isFlow: isFlow)
  }
}
