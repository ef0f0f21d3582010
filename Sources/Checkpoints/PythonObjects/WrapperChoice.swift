internal import SutureTensors
internal import SutureText

/// Finds the state dict among everything a checkpoint holds.
///
/// Training code wraps it in a dict with an epoch, an optimizer and an EMA copy. The names it uses are known; where
/// one of them leads to tensors, it is entered, and said so. Without a known name, every tensor counts.
struct WrapperChoice {
  var stateDict = StateDict()
  private(set) var wrapper: [String] = []
  private(set) var candidates: [Checkpoint.Candidate] = []
  private(set) var extras: [Checkpoint.Extra] = []

  /// Known wrappers, the likeliest first.
  ///
  /// An EMA is entered only where it stands alone.
  private static let names = [
    "state_dict", "model_state_dict", "model", "module", "net", "network", "params", "weights", "model_state",
    "state_dict_ema", "model_ema", "ema_state_dict", "params_ema", "ema", "ema_model",
  ]

  /// How many tensors lie where the state dict does, but inside objects or as attributes of modules.
  private(set) var leftInside = 0

  init(_ leaves: [Leaf], key: String?, modules: [Checkpoint.Module], path: String) throws {
    switch key {
    case "."?: break
    case let key?: wrapper = try Self.resolve(key, leaves, path)
    case nil: (wrapper, candidates) = Self.find(leaves, modules)
    }
    let depth = key == nil ? -1 : key == "." ? .max : wrapper.count
    for leaf in leaves {
      let isInside = leaf.components.starts(with: wrapper)
      if isInside, leaf.tensor != nil, !leaf.isPlain(from: depth) { leftInside += 1 }
      if let tensor = leaf.tensor, isInside, leaf.isPlain(from: depth) {
        let name = leaf.components.dropFirst(wrapper.count).joined(separator: ".")
        do {
          try stateDict.append(name, tensor)
        } catch {
          throw Failure(
            in: path, "two places in the file have the dotted name \"\(name)\"",
            remedies: [.setting("key", "chooses one")])
        }
      } else {
        extras.append(Checkpoint.Extra(path: leaf.path, kind: leaf.kind, value: leaf.value))
      }
    }
  }

  private static func find(_ leaves: [Leaf], _ modules: [Checkpoint.Module]) -> (
    [String], [Checkpoint.Candidate]
  ) {
    var wrapper: [String] = []
    var candidates: [Checkpoint.Candidate] = []
    let tensors = leaves.filter { $0.tensor != nil && $0.isPlain(from: -1) }
    // A module's own state dict begins with it, whatever its parts are called.
    let ends = Set(modules.map(\.path))
    while true {
      if ends.contains(wrapper.joined(separator: ".")) { return (wrapper, candidates) }
      let here = tensors.filter { $0.components.starts(with: wrapper) && $0.components.count > wrapper.count }
      // A state dict holds tensors of its own; a lone scalar beside a wrapper is a counter.
      if here.contains(where: {
        $0.components.count == wrapper.count + 1 && $0.tensor?.shape.isEmpty == false
      }) {
        return (wrapper, candidates)
      }
      var counts: [String: Int] = [:]
      for leaf in here where leaf.components.count > wrapper.count + 1 {
        counts[leaf.components[wrapper.count], default: 0] += 1
      }
      let known = names.filter { counts[$0] != nil }
      guard let chosen = known.first else { return (wrapper, candidates) }
      candidates += known.dropFirst().map {
        Checkpoint.Candidate(path: (wrapper + [$0]).joined(separator: "."), tensorCount: counts[$0] ?? 0)
      }
      wrapper.append(chosen)
    }
  }

  /// The components that a dotted path stands for; a component may itself hold dots.
  private static func resolve(_ key: String, _ leaves: [Leaf], _ path: String) throws -> [String] {
    for leaf in leaves where leaf.tensor != nil {
      for count in 1..<max(leaf.components.count, 1) {
        let start = Array(leaf.components.prefix(count))
        if start.joined(separator: ".") == key { return start }
      }
    }
    var places: [String] = []
    for leaf in leaves where leaf.tensor != nil && leaf.components.count > 1 {
      let place = leaf.components[0]
      if !places.contains(place) { places.append(place) }
    }
    throw Failure(
      in: path, "there are no tensors under \"\(key)\"",
      remedies: [
        places.isEmpty
          ? "the tensors lie at the top: open it without a key"
          : "there are some under: \(places.prefix(10).joined(separator: ", "))"
      ])
  }
}
