internal import SuturePickle

/// The class or function that a value stands for, by way of `getattr` and its like.
struct Reached {
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
    let known = Self.role(of: canonicalName)
    isKnown = !isHidden && KnownGlobals.contains(canonicalName)
    // What looks a name up is as harmful as what it finds.
    let isMadeFunction =
      self.attributes.last == "__call__"
      && self.attributes.dropLast().last.map(Self.functionMakers.contains) == true
    harm =
      isKnown || known == .attribute
      ? nil
      : isHidden
        ? .reach
        : isMadeFunction ? .code : HarmfulGlobals.harm(module: module, attributes: self.attributes)
    role = known ?? (canonicalName.hasPrefix("typing.") && harm == nil ? .keeper : .other)
  }

  /// Whether calling it does no harm, and makes no other name of what it is given.
  var isPlain: Bool {
    harm == nil && (role == .other || role == .keeper) && !makesFunctions && !findsTypes
  }

  /// Whether what it gives is a function of code that it is given, of `types`, dill or cloudpickle.
  var makesFunctions: Bool { attributes.last.map(Self.functionMakers.contains) == true }

  /// What a call of a function does that this has made.
  var made: Reached { Reached(module, attributes + ["__call__"]) }

  /// Whether it gives a type of the module `types` by its name.
  var findsTypes: Bool { attributes.last == "_load_type" || attributes.last == "_builtin_type" }

  private static let functionMakers: Set<String> = [
    "FunctionType", "LambdaType", "_create_function", "_make_function", "_make_skel_func",
  ]

  private static func parts(_ text: String) -> [String] {
    text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
  }

  /// `nil` where the value is no name and leads to none.
  ///
  /// - Parameter known: what the values stand for that were made before it.
  init?(_ id: PickleID, in graph: PickleGraph, knowing known: ReachedNames) {
    /// What is looked up in a name, or in the class of an object.
    func attribute(_ path: String?, of owner: PickleID?) -> Reached? {
      guard let path, let owner else { return nil }
      var target = known[owner]
      if target == nil, case .object(let object) = graph[owner] { target = known[object.callable] }
      // What leads too far is not followed further.
      return target.map { $0.harm == .reach ? $0 : Reached($0.module, $0.attributes + Self.parts(path)) }
    }
    /// What is looked up by any of several names, the harmful one first; by none that is known, that may be anything.
    func attribute(ofAny paths: [PickleID], of owner: PickleID?) -> Reached? {
      let found = paths.compactMap { attribute(graph.string($0), of: owner) }
      return found.first { $0.harm != nil } ?? found.first ?? attribute("__getattribute__", of: owner)
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
        // operator.attrgetter("system", …)(os) and operator.methodcaller("system", …)(os)
        switch known[getter.callable]?.role {
        case .getter: found = attribute(ofAny: getter.arguments, of: first)
        case .methodCaller: found = attribute(ofAny: Array(getter.arguments.prefix(1)), of: first)
        default: break
        }
      } else {
        switch known[object.callable]?.role {
        case .attribute: found = attribute(ofAny: Array(object.arguments.dropFirst().prefix(1)), of: first)
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

  /// The role of a name; `nil` of one that has none of these.
  private static func role(of name: String) -> Role? {
    if let role = roles.first(where: { $0.key == name })?.value { return role }
    return finders.contains(name) ? .finder : keepers.contains(name) ? .keeper : nil
  }

  // Lists, which lie in the program as they are: tables would have to be made for the few names that a file has.
  private static let roles: KeyValuePairs<String, Role> = [
    "builtins.getattr": .attribute, "operator.attrgetter": .getter, "operator.methodcaller": .methodCaller,
    "functools.partial": .partial,
  ]
  private static let finders = [
    "torch._utils._import_dotted_name",
    "importlib.import_module",
    "builtins.__import__",
    "pydoc.locate",
    "pkgutil.resolve_name",
    "cloudpickle.cloudpickle.subimport",
    "dill._dill._import_module",
  ]
  private static let keepers = [
    "builtins.type",
    "builtins.tuple",
    "builtins.list",
    "builtins.set",
    "builtins.frozenset",
    "builtins.dict",
    "builtins.classmethod",
    "builtins.staticmethod",
    "collections.OrderedDict",
    "collections.defaultdict",
    "copyreg._reconstructor",
    "numpy.core.multiarray._reconstruct",
    "numpy._core.multiarray._reconstruct",
    "dill._dill._load_type",
    "dill._dill._create_function",
    "dill._dill._create_code",
    "dill._dill._create_cell",
    "cloudpickle.cloudpickle._builtin_type",
    "cloudpickle.cloudpickle._make_function",
    "cloudpickle.cloudpickle._make_cell",
    "cloudpickle.cloudpickle._make_skeleton_class",
    "torch._tensor._rebuild_from_type_v2",
  ]
}

/// What the values of a pickle stand for: names, and what is looked up in them.
struct ReachedNames {
  /// What each of the graph's names stands for.
  let named: [Reached]

  private let graph: PickleGraph
  /// What the other values stand for; what a call is made of was there before it.
  private var found: [PickleID: Reached] = [:]

  init(_ graph: PickleGraph) {
    self.graph = graph
    named = graph.names.map { Reached($0.module, $0.name) }
  }

  var areAllPlain: Bool { named.allSatisfy(\.isPlain) }

  subscript(id: PickleID) -> Reached? {
    get { graph.namePlace(id).map { named[$0] } ?? found[id] }
    set { found[id] = newValue }
  }

  /// Finds what a value stands for whose parts are known; names are.
  mutating func find(_ id: PickleID) {
    if graph.namePlace(id) == nil, let reached = Reached(id, in: graph, knowing: self) { found[id] = reached }
  }
}
