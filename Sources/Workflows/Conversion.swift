public import SutureArchitectures
public import SutureCheckpoints
internal import SutureJSON
public import SutureSurgery
internal import SutureTensors

/// What a workflow that writes tells while it works.
public enum WriteEvent: Sendable {
  /// A checkpoint is open.
  ///
  /// - Parameter keepsExtras: whether everything beside its state dict goes on too.
  case opened(Checkpoint, keepsExtras: Bool)
  /// The steps have been planned.
  case planned(Plan)
  /// A graft has been planned.
  case grafted(Graft)

  public typealias Observer = (WriteEvent) -> Void
}

/// Writes a checkpoint anew: in another format, in shards, in another dtype, under another naming.
///
/// A `.pth` keeps everything beside the state dict as plain data, unless a key or the request says otherwise.
public struct Conversion: Sendable {
  /// The path of a checkpoint, of the index of a sharded one, or of its folder.
  public var input: String
  public var request: WriteRequest
  /// The dict to take instead of the one that is found; `.` takes every tensor.
  public var key: String?
  /// How a ConvNeXt is to be named.
  public var naming: NamingScheme?
  public var limits = ReadLimits()

  public init(of input: String, _ request: WriteRequest) { (self.input, self.request) = (input, request) }

  /// Opens the input, and decides how it is written.
  public func prepare(_ observe: WriteEvent.Observer = { _ in }) throws -> PreparedWrite {
    let target = try WriteTarget(request)
    let checkpoint = try Checkpoint.open(input, key: key, limits: request.limits(limits))
    let keepsExtras = try target.keepsExtras(request, of: checkpoint, default: key == nil)
    observe(.opened(checkpoint, keepsExtras: keepsExtras))
    try checkpoint.requireTensors()
    // A tensor under a new name has no place of its own in what is beside it.
    let object = keepsExtras ? try checkpoint.plainObject(keepsStructure: naming == nil) : nil
    guard let naming else {
      return try PreparedWrite(checkpoint.stateDict, from: checkpoint, request, key: key, object: object)
    }
    let plan = try Plan(of: checkpoint.stateDict, steps: [AdoptNaming(naming)])
    observe(.planned(plan))
    return try PreparedWrite(
      plan.output, from: checkpoint, request, steps: plan.reports.map(\.record.json), key: key, object: object
    )
  }

  /// Writes it.
  public func run() throws -> WriteReport { try prepare().write() }
}

extension WriteRequest {
  /// How files that are written anew are opened.
  func limits(_ limits: ReadLimits) -> ReadLimits {
    var limits = limits
    limits.verifies = verifies
    return limits
  }
}
