/// A C2f of blocks of attention within areas, or of C3s:
/// `A2C2f(c1, c2, n=1, a2=True, area=1, residual=False, mlp_ratio=2.0, e=0.5, g=1, shortcut=True)`.
struct A2C2fModule: UnitModule {
  static let name = "A2C2f"
  static let classNames = ultralytics("block")
  static let summary =
    "a Conv and the outputs of a chain of blocks, of attention within areas or C3s, joined by a second Conv"
  static let example = "[-1, 4, A2C2f, [512, True, 4]]"
  static let arguments: [ModuleArgument] = [
    .channels, .init("a2", .bool, default: .bool(true)), .init("area", .int(-1...64), default: .int(1)),
    .init("residual", .bool, default: .bool(false)), .init("mlp_ratio", .fraction, default: .double(2)),
    .expansion(0.5), .groups, .init("shortcut", .bool, default: .bool(true)),
  ]
  static let takesRepeats = true

  let shownArguments: [ModelValue]
  let unit: Unit

  struct Unit: ModuleUnit {
    let inputs: Int
    let outputs: Int
    let hidden: Int
    let block: any ModuleUnit
    let count: Int
    /// Whether what it computes is scaled channel by channel and added to its input.
    let isResidual: Bool

    private var entry: ConvolutionUnit { ConvolutionUnit(inputs: inputs, outputs: hidden) }
    private var exit: ConvolutionUnit { ConvolutionUnit(inputs: (1 + count) * hidden, outputs: outputs) }

    var tensors: [ModuleTensor] {
      let own = block.tensors
      let scale = isResidual ? [ModuleTensor("gamma", [outputs], .constant(0.01))] : []
      return scale + entry.tensors.within("cv1") + exit.tensors.within("cv2")
        + (0..<count).flatMap { own.within("m.\($0)") }
    }

    func side(for input: Int) throws(ModuleMisfit) -> Int { try block.side(for: input) }

    func build(into network: inout some NetworkBuilding, as name: String, of x: Int) throws -> Int {
      var values = [try entry.build(into: &network, as: name + ".cv1", of: x)]
      for place in 0..<count {
        values.append(try block.build(into: &network, as: "\(name).m.\(place)", of: values[place]))
      }
      let joined = try exit.build(
        into: &network, as: name + ".cv2", of: try network.concat(name + ".cat", values))
      guard isResidual else { return joined }
      let scaled = try network.scaled(name + ".scaled", by: name + ".gamma", channels: outputs, of: joined)
      return try network.add(name + ".residual", x, scaled)
    }
  }

  init(_ row: ModuleRow) throws {
    let (input, output) = (try row.onlyInput(), try row.width())
    let hidden = try row.hiddenWidth(output)
    guard hidden % 32 == 0 else {
      throw row.error(
        "its \(hidden) hidden channels are no multiple of 32: Ultralytics stops with an AssertionError")
    }
    // The larger scales put a layer scale and narrower blocks behind whatever the row says.
    let isLarge = ["l", "x"].contains(row.file.scale.name)
    guard !isLarge || row.values.count == 3 else {
      throw row.error(
        "of the scales l and x Ultralytics puts True, 1.2 behind its arguments, for which there must be three, "
          + "not \(row.values.count)")
    }
    let attends = row["a2"].bool ?? true
    let isResidual = attends && (isLarge || row["residual"].bool == true)
    guard !isResidual || input == output else {
      throw row.error(
        "what it computes is added to its input: as many channels as it takes, not \(input) and \(output)")
    }
    let ratio = isLarge ? 1.2 : row["mlp_ratio"].number ?? 0
    let block: any ModuleUnit =
      attends
      ? SequenceUnit(
        units: try (0..<2).map { ("\($0)", try AttentionBlockUnit(outputs: hidden, ratio: ratio, row)) },
        outputs: hidden)
      : try C3k2Module.deepBlock(row, hidden)
    unit = Unit(
      inputs: input, outputs: output, hidden: hidden, block: block, count: row.repeats,
      isResidual: isResidual)
    let more: [ModelValue] = isLarge ? [.bool(true), .double(1.2)] : []
    shownArguments = [.int(input), .int(output), .int(row.repeats)] + row.values.dropFirst() + more
  }
}
