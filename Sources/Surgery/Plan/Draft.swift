public import SutureArchitectures
public import SutureTensors
public import SutureText

/// A state dict under the knife: views with their names so far and where they come from.
public struct Draft: Sendable {
  public struct Entry: Sendable {
    public var name: String
    var sources: Origins
    public var tensor: Tensor

    /// The names in the input of all tensors that its elements come from; none where they were made anew.
    public var origins: [String] {
      get { sources.names }
      set { sources = Origins(newValue) }
    }

    public init(name: String, origins: [String], tensor: Tensor) {
      self.init(name: name, sources: Origins(origins), tensor: tensor)
    }

    init(name: String, sources: Origins, tensor: Tensor) {
      (self.name, self.sources, self.tensor) = (name, sources, tensor)
    }

    fileprivate func hasName(of other: Self) -> Bool { ExactString(name) == ExactString(other.name) }

    /// The first of the names in the input.
    public var origin: String { sources.first ?? name }
  }

  /// The names that an entry comes from; nearly all have one, which needs no list.
  struct Origins: Sendable {
    let first: String?
    private let others: [String]

    init(_ names: [String]) {
      (first, others) = (names.first, names.count > 1 ? Array(names.dropFirst()) : [])
    }

    init(_ name: String) { (first, others) = (name, []) }

    var names: [String] { first.map { [$0] + others } ?? [] }

    /// The only name; `nil` where there are none, or several.
    var only: String? { others.isEmpty ? first : nil }
  }

  public var entries: [Entry]

  /// What there is beside the state dict.
  public let inputs: Inputs

  /// The state dict whose keys are to be accounted for.
  private(set) var input: StateDict

  init(_ stateDict: StateDict, _ inputs: Inputs = Inputs()) {
    (input, self.inputs) = (stateDict, inputs)
    entries = stateDict.entries.map { Entry(name: $0.name, sources: Origins($0.name), tensor: $0.tensor) }
  }

  /// The step that took a moving average in the place of the weights; `nil` where these are the weights.
  var takenEMA: (any Step)?

  /// Begins anew with another state dict.
  mutating func restart(with stateDict: StateDict) { self = Draft(stateDict, inputs) }

  /// The names so far.
  public var names: [String] { entries.map(\.name) }

  /// Where each name stands, byte for byte.
  var places: [ExactString: Int] {
    Dictionary(entries.enumerated().map { (ExactString($1.name), $0) }) { first, _ in first }
  }

  /// Puts entries where the first of some others stood, which go.
  mutating func replace(_ groups: [(members: [Int], entries: [Entry])]) {
    var (result, gone): ([Int: [Entry]], Set<Int>) = ([:], [])
    for (members, entries) in groups {
      result[members[0]] = entries
      gone.formUnion(members)
    }
    entries = entries.indices.flatMap { result[$0] ?? (gone.contains($0) ? [] : [entries[$0]]) }
  }

  /// Whether nothing has been done to the input yet.
  var isUntouched: Bool {
    entries.count == input.count
      && zip(entries, input.entries).allSatisfy {
        $0.name.utf8.elementsEqual($1.name.utf8) && ViewIdentity($0.tensor) == ViewIdentity($1.tensor)
      }
  }

  /// Whether the names are some of another's, in its order: if no two of those are the same, no two of these are.
  func namesAreSome(of other: Draft) -> Bool {
    var place = 0
    return entries.allSatisfy { entry in
      while place < other.entries.count, !entry.hasName(of: other.entries[place]) { place += 1 }
      place += 1
      return place <= other.entries.count
    }
  }

  /// The names and tensors so far; no two names are the same between steps.
  ///
  /// - Parameter places: where each name stands, where that is known.
  func stateDict(_ places: NameIndex? = nil) throws(SurgeryError) -> StateDict {
    if let places {
      return StateDict(entries.map { .init(name: $0.name, tensor: $0.tensor) }, at: places)
    }
    if entries.count == input.count,
      zip(entries, input.entries).allSatisfy({ ExactString($0.name) == ExactString($1.name) })
    {
      return input.mapTensors { entries[$0].tensor }
    }
    do { return try StateDict(entries.map { .init(name: $0.name, tensor: $0.tensor) }) } catch {
      throw SurgeryError(.collision, error)
    }
  }

  /// The state dict of another checkpoint.
  public func checkpoint(_ name: String) throws(Failure) -> StateDict {
    try Self.input { try inputs.checkpoint(name) }
  }

  /// Another checkpoint with nothing done to it, and what there is beside it.
  func draft(of name: String) throws(Failure) -> Draft {
    Draft(try checkpoint(name), try Self.input { try inputs.beside(name) })
  }

  /// The state dict of a sibling.
  func sibling(_ path: String) throws(Failure) -> StateDict { try Self.input { try inputs.sibling(path) } }

  /// A YOLOv5 model file.
  func modelFile(_ name: String, classes: Int?, anchors: Int?) throws(Failure) -> ModelFile {
    try Self.input { try inputs.modelFile(name, classes, anchors) }
  }

  /// A plan that lacks one of its inputs is refused, whatever is the matter with that.
  private static func input<Input>(_ open: () throws -> Input) throws(Failure) -> Input {
    do { return try open() } catch let error as any SutureError {
      throw Failure(.refused, at: error.place, error.reason, remedies: error.remedies)
    } catch { throw Failure(.refused, "\(error)") }
  }
}

// MARK: What steps ask of a tensor

extension Draft.Entry {
  /// What a tensor cannot do is said of its key.
  public func fitting<R>(_ body: () throws -> R) throws -> R {
    do { return try body() } catch let error as TensorError { throw doesNotFit("\(error)") }
  }

  /// Throws unless the tensor is a plain view of stored elements.
  public func requirePlain() throws { try fitting { try tensor.requirePlain() } }

  /// Throws unless the tensor holds real floating-point numbers.
  public func requireNumbers() throws {
    try requirePlain()
    if tensor.dtype.floatFormat == nil {
      throw doesNotFit("its dtype is \(tensor.dtype), not a floating one")
    }
  }

  /// An axis counted from the first, or from the last where it is negative.
  public func axis(_ axis: Int) throws -> Int {
    let rank = tensor.shape.count
    guard axis >= -rank, axis < rank else {
      throw doesNotFit("it has \(rank) axes, and none is \(axis)")
    }
    return axis < 0 ? axis + rank : axis
  }

  /// That a step cannot be done to this tensor.
  public func doesNotFit(_ reason: String, remedies: [Remedy] = []) -> SurgeryError {
    SurgeryError(.doesNotFit, "does not fit \(name) of shape \(tensor.shape): \(reason)", remedies: remedies)
  }
}

/// What steps may ask for beside the state dict that they cut.
///
/// Surgery knows no files; whoever has opened them says how to get at these.
public struct Inputs: Sendable {
  /// The dotted paths of other state dicts in the same file, such as `model_ema`.
  public var siblings: [String] = []
  /// The dotted paths of the values beside the state dict, such as `optimizer.param_groups`.
  public var extras: [String] = []
  /// The dotted path of the state dict itself; empty where it is the whole file.
  public var wrapper: String = ""
  /// Gives the state dict of a sibling.
  public var sibling: @Sendable (String) throws -> StateDict = { throw missing("state dict \($0)") }
  /// Gives the state dict of another checkpoint, by whatever the step calls it.
  public var checkpoint: @Sendable (String) throws -> StateDict = { throw missing("checkpoint \($0)") }

  /// Gives what lies beside the state dict of another checkpoint.
  public var beside: @Sendable (String) throws -> Inputs = { _ in Inputs() }

  /// Gives what modules say of themselves that were pickled whole with the state dict's tensors.
  public var modules: @Sendable () -> [Module] = { [] }

  /// What a module says of itself that its tensors do not tell.
  public struct Module: Sendable {
    /// Its name within the state dict, such as `model.4.bn`.
    public let name: String
    /// What a norm adds to the variance.
    public let epsilon: Double?
    /// Whether a convolution is transposed.
    public let isTransposed: Bool?
    /// The stage that it runs of the backbone that it holds, as YOLOv5's `ConvNeXt_Block` has it.
    public let stage: Int?

    public init(_ name: String, epsilon: Double? = nil, isTransposed: Bool? = nil, stage: Int? = nil) {
      (self.name, self.epsilon, self.isTransposed, self.stage) = (name, epsilon, isTransposed, stage)
    }
  }

  /// Gives a YOLOv5 model file, with so many classes, and anchors a level, where that is said.
  public var modelFile: @Sendable (String, _ classes: Int?, _ anchors: Int?) throws -> ModelFile = {
    path, _, _ in
    throw missing("model file \(path)")
  }

  /// No siblings and no other checkpoints.
  public init() {}

  private static func missing(_ what: String) -> Failure {
    Failure(.refused, "there is no way to open the \(what)")
  }
}
