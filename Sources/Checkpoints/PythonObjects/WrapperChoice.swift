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
  private static let names =
    [
      "state_dict", "model_state_dict", "model", "module", "net", "network", "params", "weights", "weight",
      "model_state", "net_state_dict", "network_state_dict", "model_dict", "generator",
    ] + averages

  /// Those of averages.
  private static let averages = [
    "state_dict_ema", "model_ema", "ema_state_dict", "params_ema", "ema", "ema_model",
  ]

  /// The outermost places beside the weights of a state dict without a wrapper whose tensors are none of them, by what they
  /// hold: whoever reads the file again finds that too.
  private(set) var placesApart: Set<ExactString> = []

  /// How many tensors lie where the state dict does, but inside objects or as attributes of modules.
  private(set) var leftInside = 0

  /// The tensors outside the state dict that are of kinds that are not read.
  private(set) var unread: [String] = []

  /// The tensors that lie beside the state dict on the way to it, and are no part of it.
  private var beside: [String] = []

  /// - Parameter partsTraining: whether what lies beside the weights, and says that it is the state of training, is none of
  ///   them though no wrapper holds these.
  init(
    _ leaves: [Leaf], key: String?, modules: [Checkpoint.Module], path: String, partsTraining: Bool = false
  ) throws {
    // Where no tensor lies in plain dicts, lists and modules, those inside objects are meant.
    let takesObjects = key == nil && !leaves.contains { $0.tensor != nil && $0.isPlain(from: -1) }
    func isTaken(_ leaf: Leaf, from depth: Int) -> Bool {
      leaf.isPlain(from: depth) || takesObjects && !leaf.isOfAttribute
    }
    switch key {
    case "."?: break
    case let key?: wrapper = try Self.resolve(key, leaves, path)
    case nil:
      find(
        leaves.indices.filter { leaves[$0].tensor != nil && isTaken(leaves[$0], from: -1) }, of: leaves,
        modules, takesObjects)
    }
    let depth = key == nil ? -1 : key == "." ? .max : wrapper.count
    let isWhole = key == nil && wrapper.isEmpty
    let apart = isWhole ? partsTraining ? trainingState(leaves) : optimizers(leaves) : []
    candidates += apart.map { name in
      let count = leaves.count { $0.tensor != nil && $0.components.first == name }
      return .init(path: name, tensorCount: count)
    }
    let outside = Set(apart.map(ExactString.init))
    if !partsTraining { placesApart = outside }
    stateDict = StateDict(capacity: leaves.count)
    for leaf in leaves {
      let isInside =
        leaf.lies(in: wrapper) && !outside.contains(ExactString(leaf.components.first ?? ""))
      if let refusal = leaf.refusal {
        if isInside, isTaken(leaf, from: depth) { throw refusal }
        unread.append(leaf.path)
      }
      if isInside, leaf.tensor != nil, !isTaken(leaf, from: depth) { leftInside += 1 }
      if let tensor = leaf.tensor, isInside, isTaken(leaf, from: depth) {
        let name = leaf.components.dropFirst(wrapper.count).dotted
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

  /// What is said of tensors that lie beside the way to the state dict.
  var besideSentence: String? {
    beside.isEmpty
      ? nil
      : "\(Format.plural(beside.count, "tensor")) beside the weights \(beside.count == 1 ? "is" : "are") none of them: "
        + "\(beside.map(\.shownName).summary); "
        + "the key . shows all under their full paths"
  }

  /// Follows the names that training code gives to a state dict.
  ///
  /// - Parameter tensors: the places of those that may be of it; there may be a million.
  private mutating func find(
    _ tensors: [Int], of leaves: [Leaf], _ modules: [Checkpoint.Module], _ takesObjects: Bool
  ) {
    // A module's own state dict begins with it, whatever its parts are called.
    let ends = Set(modules.map(\.path))
    var here = tensors
    while !ends.contains(wrapper.joined(separator: ".")) {
      let depth = wrapper.count
      var counts: [ExactString: Int] = [:]
      var places: [ExactString] = []
      for leaf in here where leaves[leaf].components.count > depth + 1 {
        let name = ExactString(leaves[leaf].components[depth])
        if counts[name] == nil { places.append(name) }
        counts[name, default: 0] += 1
      }
      // A state dict holds tensors of its own; a lone scalar beside a wrapper is a counter, and more may be a log.
      let direct = here.filter {
        leaves[$0].components.count == depth + 1 && leaves[$0].tensor?.shape.isEmpty == false
      }
      let known = Self.names.map(ExactString.init).filter { counts[$0] != nil }
      // Within a wrapper any other tensor shows that this is it.
      let weights = known.isEmpty ? 0 : direct.count { !Self.isLog(leaves[$0].components[depth]) }
      var chosen = depth > 0 && weights > 0 ? nil : known.first { counts[$0] ?? 0 > weights }
      // An object or two around the state dict have no name that could be known.
      // A dict around all of training has any name, too.
      let tensors = here.lazy.map { leaves[$0] }
      if chosen == nil, direct.isEmpty, places.count == 1,
        takesObjects || Self.holdTraining(tensors, depth + 1)
      {
        chosen = places[0]
      }
      guard let chosen else { return }
      beside += direct.map { leaves[$0].path }
      let rank = { (name: ExactString) in
        Self.names.firstIndex { ExactString($0) == name } ?? Self.names.count
      }
      let others = places.filter { $0 != chosen && !Self.isTraining($0.string) }
      candidates += others.enumerated().sorted {
        (rank($0.element), $0.offset) < (rank($1.element), $1.offset)
      }.map { _, name in
        .init(path: (wrapper + [name.string]).joined(separator: "."), tensorCount: counts[name] ?? 0)
      }
      candidates += Self.averages(in: tensors, depth)
      wrapper.append(chosen.string)
      here = here.filter {
        leaves[$0].components.count > depth + 1 && ExactString(leaves[$0].components[depth]) == chosen
      }
    }
  }

  /// The averages of weights that lie within the state of training, as callbacks of Lightning keep them.
  private static func averages(in tensors: some Sequence<Leaf>, _ depth: Int) -> [Checkpoint.Candidate] {
    var found: [(path: String, count: Int)] = []
    for leaf in tensors where leaf.components.count > depth + 2 && isTraining(leaf.components[depth]) {
      let inner = leaf.components.dropFirst(depth + 1).dropLast()
      guard let end = inner.firstIndex(where: averages.contains) else { continue }
      let path = leaf.components[...end].joined(separator: ".")
      if found.last?.path == path { found[found.count - 1].count += 1 } else { found.append((path, 1)) }
    }
    return found.map { .init(path: $0.path, tensorCount: $0.count) }
  }

  /// Whether what lies so deep is a wrapper that is known beside the state of training.
  private static func holdTraining(_ tensors: some Sequence<Leaf>, _ depth: Int) -> Bool {
    let places = tensors.filter { $0.components.count > depth }
    return places.contains { $0.components.count > depth + 1 && names.contains($0.components[depth]) }
      && places.contains { isLog($0.components[depth]) }
  }

  /// Whether a place beside a wrapper says that it holds the state of training: an optimizer's, of random numbers.
  static func isTraining(_ name: String) -> Bool {
    words(name).contains { word in training.contains { word.hasPrefix($0) } || ["amp", "rng"].contains(word) }
  }

  /// The outermost places of tensors that say that they hold the state of training; none where there are no others.
  private func trainingState(_ leaves: [Leaf]) -> [String] {
    var (places, others) = ([String](), false)
    for leaf in leaves where leaf.tensor != nil {
      let place = leaf.components.first ?? ""
      if leaf.components.count == 1 || !Self.isTraining(place) && place != "train_state" {
        others = true
      } else if !places.contains(place) {
        places.append(place)
      }
    }
    return others ? places : []
  }

  /// The outermost places that hold what `state_dict()` of an optimizer gives, whatever they are called, or the state of
  /// generators of random numbers; none where there are no other tensors.
  ///
  /// A name alone tells nothing here: a network may be called anything.
  private func optimizers(_ leaves: [Leaf]) -> [String] {
    var (states, others): (Set<ExactString>, Set<ExactString>) = ([], [])
    for leaf in leaves where leaf.components.count > 1 {
      if leaf.components[1] == "param_groups" { states.insert(ExactString(leaf.components[0])) }
      guard let tensor = leaf.tensor else { continue }
      let isRandom =
        tensor.shape.count == 1 && [.uint8, .uint32].contains(tensor.dtype)
        && Self.words(leaf.components[0]).contains { $0 == "rng" || $0.hasPrefix("random") }
      if isRandom {
        states.insert(ExactString(leaf.components[0]))
      } else if leaf.components.count < 3 || leaf.components[1] != "state" {
        others.insert(ExactString(leaf.components[0]))
      }
    }
    states.subtract(others)
    if states.isEmpty { return [] }
    var (apart, hasMore): ([ExactString], Bool) = ([], false)
    for leaf in leaves where leaf.tensor != nil {
      let place = ExactString(leaf.components.first ?? "")
      if leaf.components.count == 1 || !states.contains(place) {
        hasMore = true
      } else if apart.last != place {
        apart.append(place)
      }
    }
    return hasMore ? apart.map(\.string) : []
  }

  /// Whether a tensor beside a wrapper says that it is the state of training, or what was noted of it.
  private static func isLog(_ name: String) -> Bool {
    isTraining(name) || words(name).contains { word in logs.contains { word.hasPrefix($0) } }
  }

  private static func words(_ name: String) -> [String] {
    name.lowercased().split { !$0.isLetter }.map(String.init)
  }

  /// How words begin that say so.
  private static let training = ["optim", "sched", "scaler", "random", "callback"]
  private static let logs = [
    "loss", "metric", "hist", "epoch", "step", "best", "acc", "fitness", "seed", "grad", "iter",
  ]

  /// How many of the components, but not all of them, a dotted path spells; `nil` where it spells others.
  private static func length(of key: String, in components: [String]) -> Int? {
    var rest = key.utf8[...]
    for (index, component) in components.dropLast().enumerated() {
      guard rest.starts(with: component.utf8) else { return nil }
      rest = rest.dropFirst(component.utf8.count)
      if rest.isEmpty { return index + 1 }
      guard rest.popFirst() == UInt8(ascii: ".") else { return nil }
    }
    return nil
  }

  /// The components that a dotted path stands for; a component may itself hold dots.
  private static func resolve(_ key: String, _ leaves: [Leaf], _ path: String) throws -> [String] {
    for leaf in leaves where leaf.tensor != nil {
      if let count = length(of: key, in: leaf.components) { return Array(leaf.components.prefix(count)) }
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
