public import SutureArchitectures

/// One change of names that could make a file load.
public enum LoadRepair: Sendable, Equatable {
  case strip(String)
  case add(String)
  case replicate(String)
  /// Takes a component out of the middle of names.
  case cutOut(String)
  case naming(NamingScheme)

  var step: any Step {
    switch self {
    case .strip(let prefix): StripPrefix(prefix)
    case .add(let prefix): AddPrefix(prefix)
    case .replicate(let prefixes): Replicate(prefixes)
    case .cutOut(let part): Rename("*.\(part)*", to: "*.*")
    case .naming(let scheme): AdoptNaming(scheme)
    }
  }

  /// The words of the command line that do it.
  public var flags: [String] {
    switch self {
    case .strip(let prefix): ["--strip-prefix", prefix]
    case .add(let prefix): ["--add-prefix", prefix]
    case .replicate(let prefixes): ["--replicate", prefixes]
    case .cutOut(let part): ["--rename", "*.\(part)*=*.*"]
    case .naming(let scheme): ["--naming", scheme.rawValue]
    }
  }
}

/// Changes of names with which more of a file would load.
public struct LoadAdvice: Sendable {
  public let repairs: [LoadRepair]
  /// What the load would be then.
  public let report: LoadReport
}
