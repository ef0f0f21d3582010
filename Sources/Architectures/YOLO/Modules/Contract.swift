/// Pixels become channels: `Contract(gain=2)`.
struct ContractModule: YOLOModule {
  static let name = "Contract"
  static let summary = "each square of pixels becomes the channels of one"
  static let example = "[-1, 1, Contract, [2]]"
  static let arguments: [ModuleArgument] = [.init("gain", .int(1...16))]

  let shownArguments: [ModelValue]
  let channels: Int
  private let gain: Int

  init(_ row: ModuleRow) throws {
    (gain, shownArguments) = (row.int("gain"), row.values)
    channels = try row.onlyInput() * gain * gain
    try row.validateWidth(channels)
  }

  func side(for inputs: [Int]) throws(ModuleMisfit) -> Int { try ModuleMisfit.divided(inputs[0], by: gain) }

  func build(into network: inout some NetworkBuilding, as name: String, of x: [Int]) throws -> [Int] {
    [try network.contract(name, gain: gain, order: .rows, of: x[0])]
  }
}
