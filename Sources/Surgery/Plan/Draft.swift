public import SutureTensors

/// A state dict under the knife: views with their names so far and where they come from.
public struct Draft: Sendable {
  public struct Entry: Sendable {
    public var name: String
    /// The names in the input of all tensors that its elements come from; none where they were made anew.
    public var origins: [String]
    public var tensor: Tensor

    public init(name: String, origins: [String], tensor: Tensor) {
      (self.name, self.origins, self.tensor) = (name, origins, tensor)
    }

    public init(name: String, origin: String, tensor: Tensor) {
      self.init(name: name, origins: [origin], tensor: tensor)
    }

    /// The first of the names in the input.
    public var origin: String { origins.first ?? name }
  }

  public var entries: [Entry]

  /// What a step has to say: near misses, names that it could not use.
  public var notes: [String] = []

  /// What a step did, in words that tell more than its summary: what it found out about the names, say.
  public var resolvedSummary: String?

  /// The names that the step touched, as they were before it.
  public var touched: [String] = []

  /// What there is beside the state dict.
  public let inputs: Inputs

  /// The state dict whose keys are to be accounted for.
  private(set) var input: StateDict

  /// The keys of the input whose elements were replaced by new ones.
  var replaced: [String] = []

  /// What was cast, for those who want to know of overflows.
  var casts: [DTypeCast] = []

  /// Whether everything beside the state dict that has to do with training is to go.
  var stripsOptimizer = false

  init(_ stateDict: StateDict, _ inputs: Inputs = Inputs()) {
    (input, self.inputs) = (stateDict, inputs)
    entries = stateDict.entries.map { Entry(name: $0.name, origin: $0.name, tensor: $0.tensor) }
  }

  /// Begins anew with another state dict.
  mutating func restart(with stateDict: StateDict) {
    input = stateDict
    entries = stateDict.entries.map { Entry(name: $0.name, origin: $0.name, tensor: $0.tensor) }
  }

  /// Whether nothing has been done to the input yet.
  var isUntouched: Bool {
    entries.count == input.count
      && zip(entries, input.entries).allSatisfy {
        $0.name.utf8.elementsEqual($1.name.utf8) && ViewIdentity($0.tensor) == ViewIdentity($1.tensor)
      }
  }
}
