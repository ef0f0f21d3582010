internal import SutureCheckpoints

extension Checkpoint {
  /// Whether loading the state dict tells modules the version that they were saved with: the attribute `_metadata`
  /// that `Module.state_dict()` sets, or a module that was pickled whole.
  var recordsModuleVersions: Bool {
    let path = wrapper.joined(separator: ".")
    if modules.contains(where: { $0.path == path }) { return true }
    guard var value = (try? plainObject(keepsStructure: true))?.root else { return false }
    for key in wrapper {
      let items: [(key: PlainValue, value: PlainValue)]
      switch value {
      case .dict(let all), .orderedDict(let all, _): items = all
      default: return false
      }
      guard let inner = items.first(where: { $0.key.isString(key) })?.value else { return false }
      value = inner
    }
    guard case .orderedDict(_, let attributes) = value else { return false }
    return attributes.contains { $0.key.isString("_metadata") }
  }
}

extension PlainValue {
  fileprivate func isString(_ text: String) -> Bool {
    if case .string(let own) = self { own == text } else { false }
  }
}
