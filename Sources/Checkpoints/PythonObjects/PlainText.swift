internal import SuturePickle

extension PickleGraph {
  /// A path or a device, as `str()` gives it.
  func plainText(_ object: PickleObject, _ name: String) -> String? {
    let parts = object.arguments.compactMap { string($0) }
    if name == "torch.device", let type = parts.first, parts.count + 1 >= object.arguments.count {
      return object.arguments.count == 2 ? int(object.arguments[1]).map { "\(type):\($0)" } : type
    }
    guard let module = ["pathlib._local.", "pathlib."].first(where: name.hasPrefix),
      parts.count == object.arguments.count
    else { return nil }
    switch name.dropFirst(module.count) {
    case "PosixPath", "PurePosixPath", "Path", "PurePath":
      return (parts.first == "/" ? "/" : "") + parts.filter { $0 != "/" }.joined(separator: "/")
    case "WindowsPath", "PureWindowsPath":
      // The first part may be a drive with its root, "C:\\".
      return parts.enumerated().reduce("") {
        $0 + ($1.offset == 0 || $0.hasSuffix("\\") ? "" : "\\") + $1.element
      }
    default: return nil
    }
  }
}
