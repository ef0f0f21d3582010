/// Channels become pixels: `Expand(gain=2)`.
struct ExpandModule: YOLOModule {
  static let name = "Expand"
  static let summary = "the channels of each pixel become a square of them"
  static let example = "[-1, 1, Expand, [2]]"
  static let arguments: [ModuleArgument] = [.init("gain", .int(1...16))]

  let shownArguments: [ModelValue]
  let channels: Int
  private let gain: Int

  init(_ row: ModuleRow) throws {
    let input = try row.onlyInput()
    (gain, shownArguments) = (row.int("gain"), row.values)
    guard input % (gain * gain) == 0 else {
      throw row.error("\(input) channels are not \(gain)×\(gain) times as many, and PyTorch stops")
    }
    channels = input / (gain * gain)
  }

  func side(for inputs: [Int]) throws(ModuleMisfit) -> Int { inputs[0] * gain }

  func build(into network: inout some NetworkBuilding, as name: String, of x: [Int]) throws -> [Int] {
    [try network.expand(name, gain: gain, of: x[0])]
  }
}
