public import SutureTensors
internal import SutureText

/// What `load_state_dict` would say of a state dict, told without PyTorch.
public struct LoadReport: Sendable {
  public struct Mismatch: Sendable, Equatable {
    public let name: String
    /// The shape in the file.
    public let found: [Int]
    /// The shape in the model.
    public let expected: [Int]
  }

  /// A tensor that loading would cast, without a word.
  public struct Recast: Sendable, Equatable {
    public let name: String
    /// The dtype in the file.
    public let found: DType
    /// The dtype in the model.
    public let expected: DType
  }

  /// How many keys the file has, and how many the model.
  public let fileCount: Int
  public let baseCount: Int
  /// The keys that load, in the order of the model.
  public private(set) var loaded: [String] = []
  public private(set) var missing: [String] = []
  /// In the order in which PyTorch finds them: module by module.
  public private(set) var unexpected: [String] = []
  public private(set) var mismatched: [Mismatch] = []
  public private(set) var recast: [Recast] = []
  /// The counters of batch norms that the file lacks and PyTorch fills in, because the file says nothing of versions.
  public private(set) var supplied: [String] = []

  /// Compares the keys and shapes of `file` with those of a model, which has those of `base`.
  ///
  /// - Parameter recordsVersions: whether the state dict has the attribute `_metadata`, as `Module.state_dict()` gives
  ///   it. Where it has not, a batch norm takes the file for one of before its `num_batches_tracked`.
  /// - Complexity: O(*n* + *m*) for *n* and *m* keys.
  public init(loading file: StateDict, into base: StateDict, recordsVersions: Bool = true) {
    (fileCount, baseCount) = (file.count, base.count)
    for (name, target) in base.entries.map({ ($0.name, $0.tensor) }) {
      guard let tensor = file[name] else {
        let isSupplied = !recordsVersions && Self.isBatchCount(name, in: base)
        if isSupplied { supplied.append(name) } else { missing.append(name) }
        continue
      }
      guard Self.fits(tensor.shape, target.shape) else {
        mismatched.append(Mismatch(name: name, found: tensor.shape, expected: target.shape))
        continue
      }
      loaded.append(name)
      if tensor.dtype != target.dtype {
        recast.append(Recast(name: name, found: tensor.dtype, expected: target.dtype))
      }
    }
    unexpected = ModuleTree(base.names).unexpected(file.names.filter { base[$0] == nil })
  }

  /// Whether a strict load succeeds.
  public var passed: Bool { missing.isEmpty && unexpected.isEmpty && mismatched.isEmpty }

  /// Whether not one key of the file is a key of the model, so that a load that is not strict would do nothing.
  public var hasNoOverlap: Bool { loaded.isEmpty && mismatched.isEmpty && baseCount > 0 && fileCount > 0 }

  /// One element of PyTorch 0.3 loads as a number of no dimensions.
  static func fits(_ shape: [Int], _ expected: [Int]) -> Bool {
    shape == expected || (expected.isEmpty && shape == [1])
  }

  private static func isBatchCount(_ name: String, in base: StateDict) -> Bool {
    guard let module = name.start(before: "num_batches_tracked") else { return false }
    return base[module + "running_mean"] != nil
  }
}

extension LoadReport {
  /// The text of PyTorch's own `RuntimeError`; `nil` where the load succeeds.
  ///
  /// - Parameter model: the class of the model, where it is known.
  public func errorText(model: String? = nil) -> String? {
    errorLines(model: model)?.joined(separator: "\n\t")
  }

  /// The lines of ``errorText(model:)``, without the tab that all but the first begin with: a name may hold ends of lines
  /// too.
  public func errorLines(model: String? = nil) -> [String]? {
    if passed { return nil }
    var lines = ["Error(s) in loading state_dict for \(model ?? "the model"):"]
    if !missing.isEmpty { lines.append("Missing key(s) in state_dict: \(Self.quoted(missing)). ") }
    if !unexpected.isEmpty { lines.append("Unexpected key(s) in state_dict: \(Self.quoted(unexpected)). ") }
    for mismatch in mismatched {
      lines.append(
        "size mismatch for \(mismatch.name): copying a param with shape \(Self.size(mismatch.found)) from "
          + "checkpoint, the shape in current model is \(Self.size(mismatch.expected)).")
    }
    return lines
  }

  private static func quoted(_ names: [String]) -> String {
    names.map { "\"\($0)\"" }.joined(separator: ", ")
  }

  private static func size(_ shape: [Int]) -> String {
    "torch.Size([\(shape.map(String.init).joined(separator: ", "))])"
  }
}
