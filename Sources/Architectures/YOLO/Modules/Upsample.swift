/// Larger maps: `nn.Upsample(size=None, scale_factor, mode)`.
struct UpsampleModule: YOLOModule {
  static let name = "nn.Upsample"
  static let className = "torch.nn.modules.upsampling.Upsample"
  static let summary = "each pixel becomes a square of them"
  static let example = "[-1, 1, nn.Upsample, [None, 2, 'nearest']]"
  static let usage = "[None, 2, 'nearest'] is supported: a whole factor, and the nearest pixel"
  static let arguments: [ModuleArgument] = [
    .init("size", .exactly(.none)), .init("factor", .int(1...64)),
    .init("mode", .exactly(.string("nearest"))),
  ]

  let shownArguments: [ModelValue]
  let channels: Int
  private let factor: Int

  init(_ row: ModuleRow) throws {
    guard row.repeats == 1 else { throw row.error(Self.usage) }
    (channels, factor, shownArguments) = (try row.onlyInput(), row.int("factor"), row.values)
  }

  func side(for inputs: [Int]) throws(ModuleMisfit) -> Int { inputs[0] * factor }

  func build(into network: inout some NetworkBuilding, as name: String, of x: [Int]) throws -> [Int] {
    [try network.upsample(name, factor: factor, of: x[0])]
  }
}
