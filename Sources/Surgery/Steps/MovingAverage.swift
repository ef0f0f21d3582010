internal import SutureTensors
internal import SutureText

/// A moving average as some library keeps it, and whose average each of its tensors is.
///
///     timm, YOLOv5, facebookresearch    the weights' names; `module.` before them in averaged modules
///     ema_pytorch                       ema_model., and the weights themselves under online_model.
///     LitEma                            the parameters' names without their dots, beside decay and num_updates
///     mmcv's EMAHook                    ema_ and the parameters' names with _ for each dot, among the weights
///     torch_ema, diffusers              shadow_params, a list in the order of the parameters
struct MovingAverage {
  var entries: [Draft.Entry]
  /// What stood there beside it, such as `decay`.
  private(set) var counters: [String] = []

  /// How the name of an average is made of its parameter's.
  struct Rule: Equatable {
    enum Form: String, CaseIterable {
      case plain
      /// Without its dots.
      case joined
      /// With `_` for each dot.
      case underscored
    }

    var form = Form.plain
    /// What stands before the average's name.
    var prefix = ""
    /// What stands before the parameter's, and not in the average's.
    var strip = ""

    func name(of parameter: String) -> String? {
      guard let rest = parameter.rest(after: strip) else { return nil }
      return prefix + Self.spell(String(rest), form)
    }

    /// By bytes: a Character may join a dot with what follows it.
    static func spell(_ name: String, _ form: Form) -> String {
      let dot = UInt8(ascii: ".")
      return switch form {
      case .plain: name
      case .joined: String(decoding: name.utf8.filter { $0 != dot }, as: UTF8.self)
      case .underscored:
        String(decoding: name.utf8.map { $0 == dot ? UInt8(ascii: "_") : $0 }, as: UTF8.self)
      }
    }

    /// Whether a name, spelled so, ends with `end`: most do not, and that shows at once.
    static func spells(_ name: String, endingWith end: String, _ form: Form) -> Bool {
      let dot = UInt8(ascii: ".")
      var rest = end.utf8.reversed()[...]
      for byte in name.utf8.reversed() {
        guard let wanted = rest.first else { return true }
        if form == .joined, byte == dot, wanted != dot { continue }
        guard wanted == (form == .underscored && byte == dot ? UInt8(ascii: "_") : byte) else { return false }
        rest = rest.dropFirst()
      }
      return rest.isEmpty
    }
  }

  /// The values that libraries keep beside an average.
  private static let counterNames: Set<String> = [
    "decay", "num_updates", "n_averaged", "step", "steps", "initted", "updates", "optimization_step",
    "num_batches",
  ]

  /// - Parameter weights: a name of theirs is no counter.
  init(_ entries: [Draft.Entry], beside weights: [Draft.Entry]) {
    let known = Set(weights.map { ExactString($0.name) })
    self.entries = []
    for entry in entries {
      let isCounter =
        Self.counterNames.contains(entry.name) && entry.tensor.elementCount == 1
        && !known.contains(ExactString(entry.name))
      if isCounter { counters.append(entry.name) } else { self.entries.append(entry) }
    }
    // Libraries keep the weights that they average beside it, or what they swapped out.
    let averages = self.entries.filter { Self.has($0, "ema_model.") }
    if !averages.isEmpty,
      self.entries.allSatisfy({ Self.has($0, "ema_model.") || Self.has($0, "online_model.") })
    {
      self.entries = averages
    }
    if isList { self.entries.removeAll { !Self.has($0, Self.list) } }
  }

  /// How the elements of a list begin.
  static let list = "shadow_params."

  /// Whether nothing but their order tells whose the averages are.
  var isList: Bool {
    entries.contains { Self.has($0, Self.list) }
      && entries.allSatisfy { Self.has($0, Self.list) || Self.has($0, "collected_params.") }
  }

  private static func has(_ entry: Draft.Entry, _ start: String) -> Bool {
    entry.name.rest(after: start) != nil
  }

  // MARK: By name

  /// Which average is which parameter's, and what is nobody's.
  struct Matches {
    var rule = Rule()
    /// For each average the places of the weights that have its name.
    var places: [[Int]] = []

    /// The averages that are not one weight's.
    func strangers(among entries: [Draft.Entry]) -> [String] {
      zip(entries, places).filter { $1.count != 1 }.map(\.0.name)
    }

    var count: Int { places.count { $0.count == 1 } }
  }

  /// The rule by which most averages are a weight's, one each; of several the first.
  ///
  /// - Complexity: O(*n*) names for each prefix that the first average and a weight tell.
  func matches(_ weights: [Draft.Entry], _ forms: [Rule.Form] = Rule.Form.allCases) -> Matches {
    var best = matches(weights, by: Rule())
    if best.count == entries.count { return best }
    for rule in rules(weights, forms) {
      let found = matches(weights, by: rule)
      if found.count > best.count { best = found }
      if best.count == entries.count { break }
    }
    return best
  }

  private func matches(_ weights: [Draft.Entry], by rule: Rule) -> Matches {
    var places: [ExactString: [Int]] = [:]
    for (place, weight) in weights.enumerated() {
      if let name = rule.name(of: weight.name) { places[ExactString(name), default: []].append(place) }
    }
    return Matches(rule: rule, places: entries.map { places[ExactString($0.name)] ?? [] })
  }

  /// More rules than these are tried for no file.
  private static let mostRules = 64

  /// The rules by which one of the first averages is a weight's.
  private func rules(_ weights: [Draft.Entry], _ forms: [Rule.Form]) -> [Rule] {
    let prefixes = Self.starts(of: entries.map(\.name))
    var rules: [Rule] = []
    for form in forms {
      for prefix in prefixes {
        for average in entries.prefix(3) {
          guard let wanted = average.name.rest(after: prefix).map(String.init), !wanted.isEmpty else {
            continue
          }
          for weight in weights where Rule.spells(weight.name, endingWith: wanted, form) {
            for strip in Self.starts(of: weight.name) {
              guard let rest = weight.name.rest(after: strip),
                ExactString(Rule.spell(String(rest), form)) == ExactString(wanted)
              else { continue }
              let rule = Rule(form: form, prefix: prefix, strip: strip)
              if !rules.contains(rule) { rules.append(rule) }
              if rules.count >= Self.mostRules { return rules }
            }
          }
        }
      }
    }
    return rules
  }

  /// The empty start, and those up to a dot that all names have, the shortest first.
  private static func starts(of names: [String]) -> [String] {
    guard let first = names.first else { return [""] }
    return starts(of: first).filter { start in names.allSatisfy { $0.rest(after: start) != nil } }
      + (names.allSatisfy { $0.rest(after: "ema_") != nil } ? ["ema_"] : [])
  }

  private static func starts(of name: String) -> [String] {
    let dots = name.utf8.indices.filter { name.utf8[$0] == UInt8(ascii: ".") }.prefix(8)
    return [""] + dots.map { String(Substring(name.utf8[...$0])) }
  }

  // MARK: By order

  /// The weights that are parameters, each tensor once, in their order.
  ///
  /// Integers and the statistics of batch norms are buffers; what else is none cannot be told from a state dict.
  static func parameters(among weights: [Draft.Entry]) -> [Int] {
    var seen: Set<ViewIdentity> = []
    return weights.indices.filter { place in
      let (name, tensor) = (weights[place].name, weights[place].tensor)
      return (tensor.dtype.floatFormat != nil || tensor.dtype.isComplex)
        && !["running_mean", "running_var"].contains(name.split(separator: ".").last.map(String.init) ?? "")
        && seen.insert(ViewIdentity(tensor)).inserted
    }
  }

  /// The averages of a list in their order.
  var ordered: [Draft.Entry] {
    entries.compactMap { entry in Int(entry.name.dropFirst(Self.list.count)).map { ($0, entry) } }
      .sorted { $0.0 < $1.0 }.map(\.1)
  }
}
