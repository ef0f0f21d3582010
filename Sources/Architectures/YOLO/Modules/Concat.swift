/// Channels of several layers, one after the other: `Concat(dimension=1)`.
struct ConcatModule: YOLOModule {
  static let name = "Concat"
  static let classNames = shared(in: "conv")
  static let summary = "the channels of several layers, one after the other"
  static let example = "[[-1, 2], 1, Concat, [1]]"
  static let usage = "it joins a list of layers along dimension 1: \(example)"
  static let arguments: [ModuleArgument] = [.init("dimension", .exactly(.int(1)))]

  let shownArguments: [ModelValue]
  let channels: Int

  init(_ row: ModuleRow) throws {
    guard row.repeats == 1, row.readsList else { throw row.error(Self.usage) }
    channels = row.inputs.reduce(0, +)
    shownArguments = row.values
  }

  func side(for inputs: [Int]) throws(ModuleMisfit) -> Int {
    guard inputs.allSatisfy({ $0 == inputs[0] }) else {
      throw ModuleMisfit(
        "it joins maps of different sizes, of strides "
          + inputs.map { "\(Double(ModelFile.strideSide) / Double($0))" }.joined(separator: " and "))
    }
    return inputs[0]
  }

  func build(into network: inout some NetworkBuilding, as name: String, of x: [Int]) throws -> [Int] {
    [try network.concat(name, x)]
  }
}
