public import SutureText

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
    /// Where it is named first.
    public internal(set) var place: FailurePlace

    /// Everything that the table of harmful names says of any.
    package static let harms = HarmfulGlobals.Harm.allCases.map(\.rawValue)

    /// Wherever it is named.
    public static func == (one: Self, other: Self) -> Bool {
      one.name == other.name && one.judgement == other.judgement && one.isCalled == other.isCalled
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(name) }
  }
}

extension [Checkpoint.Global] {
  /// Adds what other pickles name, but for what is there already.
  mutating func merge(_ others: [Checkpoint.Global]) {
    var known = Set(self)
    for global in others where known.insert(global).inserted { append(global) }
  }
}
