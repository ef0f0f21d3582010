internal import SutureBytes
internal import SuturePickle
internal import SutureText

extension Checkpoint {
  /// A class or function that a pickle of the file names, none of which was looked up or called.
  public struct Global: Sendable, Equatable {
    public enum Class: String, Sendable, CaseIterable {
      /// `torch.load(weights_only=True)` takes it without being told to.
      case known
      /// It starts a process, runs code, imports, or opens files when it is called.
      case harmful
      /// Neither.
      case unknown
    }

    /// The release of torch whose list of known names this is.
    public static let knownSince = KnownGlobals.version

    /// The qualified name, dots and all.
    public let name: String
    public let judgement: Class
    /// What calling it would do, where it is harmful.
    public let harm: String?
    /// Whether unpickling would call it, or hand it to something that it calls.
    public internal(set) var isCalled: Bool
  }
}

/// What the classes and functions that a pickle names are, and which of them unpickling would call.
struct GlobalJudgement {
  /// In the order of their first use.
  private(set) var globals: [Checkpoint.Global] = []
  /// The calls that would do harm.
  private(set) var harmfulCalls: [PickleID] = []

  private let graph: PickleGraph
  private var places: [String: Int] = [:]

  init(_ graph: PickleGraph) {
    self.graph = graph
    for (id, value) in graph.all {
      switch value {
      case .global: note(Reached(id, in: graph), isCalled: false)
      case .object(let object): judge(object, id)
      default: break
      }
    }
  }

  private mutating func judge(_ object: PickleObject, _ id: PickleID) {
    var harms = false
    if let called = Reached(object.callable, in: graph) {
      if called.isAttributeAccess {
        // What was found is judged where it is called; that it was looked up is told.
        if let found = Reached(id, in: graph), found.harm != nil { note(found, isCalled: false) }
        return
      }
      if called.isInert { return }
      note(called, isCalled: called.harm != nil)
      harms = called.harm != nil && !PickledModule.isTakenApart(called.canonicalName)
    }
    // methodcaller calls what it finds at once.
    if let found = Reached(id, in: graph), found.harm != nil, graph.isMethodCall(object) {
      note(found, isCalled: true)
      harms = true
    }
    // Whatever an unknown function does with a harmful one, it may call it.
    for argument in object.arguments + object.arguments.flatMap({ graph.items($0) ?? [] }) + keywords(object)
    {
      guard let reached = Reached(argument, in: graph), reached.harm != nil else { continue }
      note(reached, isCalled: true)
      harms = true
    }
    if harms { harmfulCalls.append(id) }
  }

  private func keywords(_ object: PickleObject) -> [PickleID] {
    guard let keywords = object.keywords, case .dict(let items) = graph[keywords] else { return [] }
    return items.map(\.value)
  }

  private mutating func note(_ reached: Reached?, isCalled: Bool) {
    guard let reached else { return }
    if let place = places[reached.name] {
      globals[place].isCalled = globals[place].isCalled || isCalled
      return
    }
    places[reached.name] = globals.count
    let isKnown = KnownGlobals.contains(reached.canonicalName)
    globals.append(
      .init(
        name: reached.name, judgement: isKnown ? .known : reached.harm == nil ? .unknown : .harmful,
        harm: isKnown ? nil : reached.harm?.rawValue, isCalled: isCalled))
  }

  /// The harmful calls, and every call that one of them is given to: what these make of it is not known.
  ///
  /// What merely lies beside one in a container, or in the state of an object, does not depend on it.
  var tainted: Set<PickleID> {
    var tainted = Set(harmfulCalls)
    var grows = !tainted.isEmpty
    while grows {
      grows = false
      for (id, value) in graph.all where !tainted.contains(id) {
        guard case .object(let object) = value else { continue }
        let parts = [object.callable] + object.arguments + object.arguments.flatMap { graph.items($0) ?? [] }
        if !tainted.isDisjoint(with: parts) {
          tainted.insert(id)
          grows = true
        }
      }
    }
    return tainted
  }

  /// The harmful functions that are called, and what each does: "os.system, which starts a process".
  var sentence: String {
    globals.filter { $0.isCalled && $0.judgement == .harmful }.prefix(3)
      .map { "\($0.name.shownName), which \($0.harm ?? "")" }.joined(separator: ", and ")
  }
}

extension PickleGraph {
  /// Throws where the pickle calls something harmful, though its values are of no interest.
  func refuseHarm(_ location: PickleLocation, _ limits: ReadLimits) throws {
    let judgement = GlobalJudgement(self)
    guard let first = judgement.harmfulCalls.first, !limits.salvages else { return }
    throw location.failure(
      "the pickle calls \(judgement.sentence), if Python loads it", at: offset(of: first),
      remedies: [
        "do not load this file in Python",
        .setting("salvage", "takes the tensors that do not depend on that"),
      ], kind: .unsafe)
  }
}

/// The pickles of a file that hold none of its tensors: what follows another's STOP, or lies in a record of its own.
///
/// Python may come to load them, so they are judged like the one that counts.
struct OtherPickles {
  private(set) var globals: [Checkpoint.Global] = []
  /// Where the last of them ends.
  private(set) var end: Int
  private(set) var count = 0

  /// As many pickles as anyone writes one behind the other.
  private static let most = 1000

  /// Reads pickles one behind the other from `start`, until something is none.
  ///
  /// - Throws: `Failure` where one calls something harmful.
  init(in source: any ByteSource, from start: Int, _ location: PickleLocation, _ limits: ReadLimits) throws {
    end = start
    while end < source.byteCount, count < Self.most {
      // Any byte may begin a pickle of an old protocol, but few bytes end one.
      guard let graph = try? Unpickler.load(source, at: end, limits: limits.pickle) else { return }
      var place = location
      place.start += end
      try graph.refuseHarm(place, limits)
      globals += GlobalJudgement(graph).globals
      end += graph.streamByteCount
      count += 1
    }
  }
}

extension PickleGraph {
  fileprivate func isMethodCall(_ object: PickleObject) -> Bool {
    guard case .object(let getter) = self[object.callable], let maker = globalName(getter.callable) else {
      return false
    }
    return maker.hasSuffix("operator.methodcaller")
  }
}

extension [Checkpoint.Global] {
  /// Adds what other pickles name.
  mutating func append(judgedBy others: OtherPickles) {
    for global in others.globals where !contains(global) { append(global) }
  }
}

/// The class or function that a value stands for, by way of `getattr` and its like.
private struct Reached {
  let module: String
  /// What is looked up in the module, one in the other.
  let attributes: [String]

  var name: String { ([module] + attributes).joined(separator: ".") }

  var canonicalName: String {
    (HarmfulGlobals.canonical(module.split(separator: ".").map(String.init)) + attributes).joined(
      separator: ".")
  }

  var harm: HarmfulGlobals.Harm? {
    // What looks a name up is as harmful as what it finds.
    isAttributeAccess ? nil : HarmfulGlobals.harm(module: module, attributes: attributes)
  }

  /// `nil` where the value is no name and leads to none, or is nested in look-ups beyond measure.
  init?(_ id: PickleID, in graph: PickleGraph, depth: Int = 0) {
    if depth > 8 { return nil }
    func reached(_ id: PickleID) -> Reached? { Reached(id, in: graph, depth: depth + 1) }
    switch graph[id] {
    case .global(let module, let name):
      self.init(module, name.split(separator: ".", omittingEmptySubsequences: false).map(String.init))
    case .persistent:
      guard let name = graph.callableName(id) else { return nil }
      self.init("", name.split(separator: ".").map(String.init))
    case .object(let object):
      let arguments = object.arguments
      let text = { (index: Int) in arguments.count > index ? graph.string(arguments[index]) : nil }
      func attribute(_ path: String?, of owner: PickleID?) -> Reached? {
        guard let path, let owner, let target = Reached(owner: owner, in: graph, depth: depth + 1) else {
          return nil
        }
        return Reached(target.module, target.attributes + path.split(separator: ".").map(String.init))
      }
      var found: Reached?
      if case .object(let getter) = graph[object.callable] {
        // operator.attrgetter("system")(os) and operator.methodcaller("system", …)(os)
        if let maker = reached(getter.callable), Self.getters.contains(maker.canonicalName) {
          found = attribute(getter.arguments.first.flatMap { graph.string($0) }, of: arguments.first)
        }
      } else if let called = reached(object.callable) {
        switch called.canonicalName {
        case "builtins.getattr": found = attribute(text(1), of: arguments.first)
        case "functools.partial": found = arguments.first.flatMap(reached)
        case let name where Self.byName.contains(name):
          let parts = text(0)?.split(whereSeparator: { $0 == "." || $0 == ":" }).map(String.init) ?? []
          found = parts.isEmpty ? nil : Reached(parts[0], Array(parts.dropFirst()))
        default: break
        }
      }
      guard let found else { return nil }
      self = found
    default: return nil
    }
  }

  /// What an attribute is looked up in: a name, or the class of an object.
  private init?(owner id: PickleID, in graph: PickleGraph, depth: Int) {
    if let reached = Reached(id, in: graph, depth: depth) {
      self = reached
    } else if case .object(let object) = graph[id],
      let type = Reached(object.callable, in: graph, depth: depth)
    {
      self = type
    } else {
      return nil
    }
  }

  private init(_ module: String, _ attributes: [String]) {
    (self.module, self.attributes) = (module, attributes)
  }

  private static let getters: Set<String> = ["operator.attrgetter", "operator.methodcaller"]
  /// Functions that find a module, or something in it, by a name in text.
  private static let byName: Set<String> = [
    "torch._utils._import_dotted_name", "importlib.import_module", "builtins.__import__", "pydoc.locate",
    "pkgutil.resolve_name", "cloudpickle.cloudpickle.subimport", "dill._dill._import_module",
  ]

  var isAttributeAccess: Bool { canonicalName == "builtins.getattr" }

  /// Whether a call of it does nothing with what it is given but keep it.
  var isInert: Bool {
    Self.keepers.contains(canonicalName) || canonicalName.hasPrefix("typing.") && harm == nil
  }

  private static let keepers: Set<String> = [
    "functools.partial", "builtins.type", "builtins.tuple", "builtins.list", "builtins.set",
    "builtins.frozenset",
    "builtins.dict", "builtins.classmethod", "builtins.staticmethod", "collections.OrderedDict",
    "collections.defaultdict", "copyreg._reconstructor", "numpy.core.multiarray._reconstruct",
    "numpy._core.multiarray._reconstruct", "dill._dill._load_type", "dill._dill._create_function",
    "dill._dill._create_code", "dill._dill._create_cell", "cloudpickle.cloudpickle._builtin_type",
    "cloudpickle.cloudpickle._make_function", "cloudpickle.cloudpickle._make_cell",
    "cloudpickle.cloudpickle._make_skeleton_class", "torch._tensor._rebuild_from_type_v2",
  ]
}
