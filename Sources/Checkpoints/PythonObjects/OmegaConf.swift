internal import SuturePickle

/// The containers of the package omegaconf, in which Hydra's and Lightning's programs keep a configuration.
///
///     omegaconf.dictconfig.DictConfig() with state {'_metadata', '_parent', '_content': {key: node, …}}
///     omegaconf.listconfig.ListConfig() with state {'_metadata', '_parent', '_content': [node, …]}
///     omegaconf.nodes.AnyNode() with state {'_metadata', '_parent', '_val': value}
///
/// In place of its content a container has None, or a text that stands for another value, `"${name}"`.
extension PickleGraph {
  /// What a container or a node holds: the plain value that it is about; `nil` of any other value.
  func omegaConfContent(_ object: PickleObject, _ name: String) -> PickleID? {
    guard name.hasPrefix("omegaconf."), let state = object.states.last, case .dict(let items) = self[state]
    else { return nil }
    // There are four or five; whoever has more, and shares them, is not to be looked through again and again.
    return items.prefix(16).last { item in
      string(item.key).map(Self.omegaConfContents.contains) == true
    }?.value
  }

  private static let omegaConfContents: Set<String> = ["_content", "_val", "content"]
}
