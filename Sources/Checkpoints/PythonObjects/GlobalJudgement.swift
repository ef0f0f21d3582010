internal import SutureBytes
internal import SuturePickle
internal import SutureText

extension Checkpoint {
  /// A class or function that a pickle of the file names, none of which was looked up or called.
  public struct Global: Sendable, Hashable {
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
///
/// - Complexity: O(*n*) in the number of values, whatever they share.
struct GlobalJudgement {
  /// In the order of their first use.
  private(set) var globals: [Checkpoint.Global] = []
  /// The calls that would do harm.
  private(set) var harmfulCalls: [PickleID] = []

  private let graph: PickleGraph
  private var places: [ExactString: Int] = [:]
  /// What each value stands for; what a call is made of was there before it.
  private var reached: [PickleID: Reached] = [:]
  /// The first harmful name in each tuple and list that is handed to a call, looked for once however many share it.
  private var harmInside: [PickleID: Reached?] = [:]

  init(_ graph: PickleGraph) {
    self.graph = graph
    var named: [ExactString: Reached] = [:]
    for (id, value) in graph.all {
      guard case .global(let module, let name) = value else { continue }
      // The same names come a million times.
      let key = ExactString("\(module)\n\(name)")
      let known = named[key] ?? Reached(module, name)
      (named[key], reached[id]) = (known, known)
    }
    // Where no name does harm or leads to another, as in most files, no call can.
    if named.values.allSatisfy(\.isPlain) {
      for (id, value) in graph.all { if case .global = value { note(reached[id], isCalled: false) } }
      return
    }
    for (id, value) in graph.all {
      if case .global = value { continue }
      if let found = Reached(id, in: graph, knowing: reached) { reached[id] = found }
    }
    // A list may come by its items after it was handed to a call.
    for (id, value) in graph.all {
      switch value {
      case .global: note(reached[id], isCalled: false)
      case .object(let object): judge(object, id)
      default: break
      }
    }
  }

  private mutating func judge(_ object: PickleObject, _ id: PickleID) {
    var harms = false
    let found = reached[id].flatMap { $0.harm == nil ? nil : $0 }
    if let called = reached[object.callable] {
      if called.role == .attribute {
        // What was found is judged where it is called; that it was looked up is told.
        return note(found, isCalled: false)
      }
      if called.role == .keeper || called.role == .partial { return }
      note(called, isCalled: called.harm != nil)
      harms = called.harm != nil && !PickledModule.isTakenApart(called.canonicalName)
    }
    // methodcaller calls what it finds at once.
    if let found, case .object(let getter) = graph[object.callable],
      reached[getter.callable]?.role == .methodCaller
    {
      note(found, isCalled: true)
      harms = true
    }
    // Whatever an unknown function does with a harmful one, it may call it.
    if let given = harmGiven(to: object) {
      note(given, isCalled: true)
      harms = true
    }
    if harms { harmfulCalls.append(id) }
  }

  /// The first harmful name among the arguments of a call, or in a list or tuple among them.
  private mutating func harmGiven(to object: PickleObject) -> Reached? {
    if let keywords = object.keywords, case .dict(let items) = graph[keywords] {
      for item in items { if let harm = reached[item.value], harm.harm != nil { return harm } }
    }
    guard let tuple = object.argumentTuple else { return harm(among: object.arguments, goesOn: true) }
    if let known = harmInside[tuple] { return known }
    let harm = harm(among: object.arguments, goesOn: true)
    harmInside[tuple] = .some(harm)
    return harm
  }

  private mutating func harm(among values: [PickleID], goesOn: Bool) -> Reached? {
    for value in values {
      if let harm = reached[value], harm.harm != nil { return harm }
      guard goesOn, let items = graph.items(value) else { continue }
      let inside: Reached?
      if let known = harmInside[value] {
        inside = known
      } else {
        inside = harm(among: items, goesOn: false)
        harmInside[value] = .some(inside)
      }
      if let inside { return inside }
    }
    return nil
  }

  private mutating func note(_ reached: Reached?, isCalled: Bool) {
    guard let reached else { return }
    let name = ExactString(reached.name)
    if let place = places[name] {
      globals[place].isCalled = globals[place].isCalled || isCalled
      return
    }
    places[name] = globals.count
    globals.append(
      .init(
        name: reached.name, judgement: reached.isKnown ? .known : reached.harm == nil ? .unknown : .harmful,
        harm: reached.harm?.rawValue, isCalled: isCalled))
  }

  /// The harmful calls, and every call that one of them is given to: what these make of it is not known.
  ///
  /// What merely lies beside one in a container, or in the state of an object, does not depend on it.
  var tainted: Set<PickleID> {
    var users: [PickleID: [PickleID]] = [:]
    for (id, value) in graph.all {
      switch value {
      case .tuple(let items), .list(let items): for item in items { users[item, default: []].append(id) }
      case .object(let object):
        // A container of the standard library is what its items are.
        if graph.globalName(object.callable).map(PythonValues.dictClasses.contains) == true { continue }
        for part in [object.callable] + (object.argumentTuple.map { [$0] } ?? object.arguments) {
          users[part, default: []].append(id)
        }
      default: break
      }
    }
    var (found, waiting) = (Set(harmfulCalls), harmfulCalls)
    while let id = waiting.popLast() {
      for user in users[id] ?? [] where found.insert(user).inserted { waiting.append(user) }
    }
    return found.filter { if case .object = graph[$0] { true } else { false } }
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

  /// As many pickles as anyone writes one behind the other.
  private static let most = 1000

  /// Reads pickles one behind the other from `start`, until something is none.
  ///
  /// - Throws: `Failure` where one calls something harmful.
  init(in source: any ByteSource, from start: Int, _ location: PickleLocation, _ limits: ReadLimits) throws {
    end = start
    for _ in 0..<Self.most where end < source.byteCount {
      // Any byte may begin a pickle of an old protocol, but few bytes end one.
      guard let graph = try? Unpickler.load(source, at: end, limits: limits.pickle) else { return }
      var place = location
      place.start += end
      try graph.refuseHarm(place, limits)
      globals.merge(GlobalJudgement(graph).globals)
      end += graph.streamByteCount
    }
  }
}

extension [Checkpoint.Global] {
  /// Adds what other pickles name, but for what is there already.
  mutating func merge(_ others: [Checkpoint.Global]) {
    var known = Set(self)
    for global in others where known.insert(global).inserted { append(global) }
  }
}

/// The class or function that a value stands for, by way of `getattr` and its like.
private struct Reached {
  /// What a call of it does, as far as that leads to another name.
  enum Role {
    /// `getattr`
    case attribute
    /// `operator.attrgetter` and `operator.methodcaller` make functions that look something up.
    case getter, methodCaller
    /// `functools.partial` stands for its first argument.
    case partial
    /// It finds a module, or something in it, by a name in text.
    case finder
    /// It does nothing with what it is given but keep it.
    case keeper
    case other
  }

  let name: String
  let canonicalName: String
  /// Whether `torch.load(weights_only=True)` takes it.
  let isKnown: Bool
  let harm: HarmfulGlobals.Harm?
  let role: Role
  private let module: String
  /// What is looked up in the module, one in the other.
  private let attributes: [String]

  /// As many look-ups as anyone needs; whoever makes more means to hide where they lead.
  private static let mostAttributes = 64

  init(_ module: String, _ name: String) { self.init(module, Self.parts(name)) }

  private init(_ module: String, _ attributes: [String]) {
    let isHidden = attributes.count > Self.mostAttributes
    (self.module, self.attributes) = (module, Array(attributes.prefix(Self.mostAttributes)))
    name = (module.isEmpty ? self.attributes : [module] + self.attributes).joined(separator: ".")
    let canonical = HarmfulGlobals.canonical(module.split(separator: ".").map(String.init)) + self.attributes
    canonicalName = canonical.joined(separator: ".")
    let known = Self.roles[canonicalName]
    isKnown = !isHidden && KnownGlobals.contains(canonicalName)
    // What looks a name up is as harmful as what it finds.
    harm =
      isKnown || known == .attribute
      ? nil : isHidden ? .reach : HarmfulGlobals.harm(module: module, attributes: self.attributes)
    role = known ?? (canonicalName.hasPrefix("typing.") && harm == nil ? .keeper : .other)
  }

  /// Whether calling it does no harm, and makes no other name of what it is given.
  var isPlain: Bool { harm == nil && (role == .other || role == .keeper) }

  private static func parts(_ text: String) -> [String] {
    text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
  }

  /// `nil` where the value is no name and leads to none.
  ///
  /// - Parameter known: what the values stand for that were made before it.
  init?(_ id: PickleID, in graph: PickleGraph, knowing known: [PickleID: Reached]) {
    /// What is looked up in a name, or in the class of an object.
    func attribute(_ path: String?, of owner: PickleID?) -> Reached? {
      guard let path, let owner else { return nil }
      var target = known[owner]
      if target == nil, case .object(let object) = graph[owner] { target = known[object.callable] }
      // What leads too far is not followed further.
      return target.map { $0.harm == .reach ? $0 : Reached($0.module, $0.attributes + Self.parts(path)) }
    }
    var found: Reached?
    switch graph[id] {
    case .persistent: found = graph.callableName(id).map { Reached("", $0) }
    case .object(let object):
      let first = object.arguments.first
      func text(_ index: Int) -> String? {
        object.arguments.indices.contains(index) ? graph.string(object.arguments[index]) : nil
      }
      if case .object(let getter) = graph[object.callable] {
        // operator.attrgetter("system")(os) and operator.methodcaller("system", …)(os)
        if let role = known[getter.callable]?.role, role == .getter || role == .methodCaller {
          found = attribute(getter.arguments.first.flatMap { graph.string($0) }, of: first)
        }
      } else {
        switch known[object.callable]?.role {
        case .attribute: found = attribute(text(1), of: first)
        case .partial: found = first.flatMap { known[$0] }
        case .finder:
          let words = text(0)?.split(whereSeparator: { $0 == "." || $0 == ":" }).map(String.init) ?? []
          found = words.first.map { Reached($0, Array(words.dropFirst())) }
        default: break
        }
      }
    default: break
    }
    guard let found else { return nil }
    self = found
  }

  private static let roles: [String: Role] = {
    var roles: [String: Role] = [
      "builtins.getattr": .attribute, "operator.attrgetter": .getter, "operator.methodcaller": .methodCaller,
      "functools.partial": .partial,
    ]
    for name in [
      "torch._utils._import_dotted_name", "importlib.import_module", "builtins.__import__", "pydoc.locate",
      "pkgutil.resolve_name", "cloudpickle.cloudpickle.subimport", "dill._dill._import_module",
    ] {
      roles[name] = .finder
    }
    for name in [
      "builtins.type", "builtins.tuple", "builtins.list", "builtins.set", "builtins.frozenset",
      "builtins.dict",
      "builtins.classmethod", "builtins.staticmethod", "collections.OrderedDict", "collections.defaultdict",
      "copyreg._reconstructor", "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct",
      "dill._dill._load_type", "dill._dill._create_function", "dill._dill._create_code",
      "dill._dill._create_cell",
      "cloudpickle.cloudpickle._builtin_type", "cloudpickle.cloudpickle._make_function",
      "cloudpickle.cloudpickle._make_cell", "cloudpickle.cloudpickle._make_skeleton_class",
      "torch._tensor._rebuild_from_type_v2",
    ] {
      roles[name] = .keeper
    }
    return roles
  }()
}
