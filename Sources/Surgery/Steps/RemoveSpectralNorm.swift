internal import SutureJSON
internal import SutureTensors
internal import SutureText

/// Divides weights by their spectral norm, as a module does when it is evaluated and `remove_spectral_norm` when it ends.
///
///     w' = w / (u · W v)
///
/// `W` is the weight with one axis before all others. The parts are `weight_orig`, `weight_u` and `weight_v`, or
/// `parametrizations.weight.original`, `.0._u` and `.0._v`. Which axis it is tell an option, a module that was pickled whole,
/// or the sizes of `u` and `v`; where those fit several, it is the first, and that is told.
public struct RemoveSpectralNorm: ParametrizationStep {
  static let parts = PartNames(hooked: ["_orig", "_u", "_v"], parametrized: ["original", "0._u", "0._v"])
  static let what = "spectral norm"
  let patterns: [String]
  let axis: Int?

  /// - Parameters:
  ///   - patterns: fit the names of the weights that come, such as `*.weight`.
  ///   - axis: the `dim` of the norm, 1 for transposed convolutions.
  public init(_ patterns: String..., axis: Int? = nil) { self.init(patterns, axis: axis) }
  public init(_ patterns: [String], axis: Int? = nil) { (self.patterns, self.axis) = (patterns, axis) }

  public static let schema = StepSchema(
    "remove-spectral-norm", .tensors, "Divide weights by their spectral norm, old or parametrized.",
    operand: .operand(.patterns, "PATTERN"), fields: [.optional("axis", .integer, "AXIS", after: "@")],
    example: #"{remove-spectral-norm: "*"}"#,
    on: "fc.weight_orig [8,4] fc.weight_u [8] fc.weight_v [4]")

  public init(_ record: StepRecord) throws {
    self.init(try record.operand.strings(), axis: try record["axis"]?.integer())
  }

  public var record: StepRecord {
    StepRecord(
      "remove-spectral-norm", .strings(patterns), axis.map { [("axis", .integer($0))] } ?? [])
  }

  func weight(_ name: String, of parts: [Draft.Entry?], _ draft: Draft, _ outcome: inout StepOutcome) throws
    -> Tensor
  {
    guard let original = parts[0], let left = parts[1] else {
      throw SurgeryError(.noMatch, "found no spectral norm")
    }
    guard let right = parts[2] else {
      throw original.doesNotFit(
        "there is no \(name)_v beside it: torch before 1.1 did not keep it",
        remedies: ["load it once with a torch that has spectral_norm, and save it again"])
    }
    for entry in [original, left, right] { try entry.requireNumbers() }
    let tensor = original.tensor
    let view = AxisView(tensor.shape, axis: try axis(name, original, left, right, draft, &outcome))
    let (numbers, lefts, rights) = (
      try ElementReader(tensor), try ElementReader(left.tensor), try ElementReader(right.tensor)
    )
    let norm = MadeOnce<Double>()
    return try Tensor(
      dtype: tensor.dtype, shape: tensor.shape, rowLength: 1, label: tensor.storage.label,
      from: [numbers.storage, lefts.storage, rights.storage]
    ) { range, reading in
      let norm = try norm.made(reading) {
        let (u, v) = (try lefts.doubles(reading), try rights.doubles(reading))
        var sum = 0.0
        try view.forEach(numbers, reading) { sum += u[view.place($0)] * $1 * v[view.rest($0)] }
        return sum
      }
      return try numbers.doubles(range, reading).map { $0 / norm }
    }
  }

  /// Which axis of the weight comes first.
  private func axis(
    _ name: String, _ weight: Draft.Entry, _ left: Draft.Entry, _ right: Draft.Entry, _ draft: Draft,
    _ outcome: inout StepOutcome
  ) throws -> Int {
    let shape = weight.tensor.shape
    let fitting = shape.indices.filter { axis in
      var others = shape
      others.remove(at: axis)
      return left.tensor.shape == [shape[axis]] && right.tensor.shape == [others.reduce(1, *)]
    }
    guard let first = fitting.first else {
      throw weight.doesNotFit(
        "no axis of \(shape) fits \(left.name) of \(left.tensor.shape) and \(right.name) of \(right.tensor.shape)"
      )
    }
    if let axis {
      let wanted = try weight.axis(axis)
      if fitting.contains(wanted) { return wanted }
      throw weight.doesNotFit("axis \(axis) of \(shape) does not fit \(left.name) of \(left.tensor.shape)")
    }
    if fitting.count == 1 { return first }
    if let isTransposed = isTransposed(weight, draft) { return isTransposed ? 1 : 0 }
    outcome.notes.append(
      "\(name) is taken for no transposed convolution: its sizes fit the axes \(fitting), and axis 1 is theirs"
    )
    return first
  }

  private func isTransposed(_ weight: Draft.Entry, _ draft: Draft) -> Bool? {
    guard let origin = Self.parts.weight(ofFirst: weight.origin)?.name,
      let dot = origin.utf8.lastIndex(of: UInt8(ascii: "."))
    else { return nil }
    let module = ExactString(String(origin[..<dot]))
    return draft.inputs.modules().first { ExactString($0.name) == module }?.isTransposed
  }
}
