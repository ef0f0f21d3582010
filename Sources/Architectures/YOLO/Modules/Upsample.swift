/// Larger maps: `nn.Upsample(size=None, scale_factor, mode)`.
package struct UpsampleModule: YOLOModule {
  package static let name = "nn.Upsample"
  package static let className = "torch.nn.modules.upsampling.Upsample"
  package static let summary = "each pixel becomes a square of them"
  package static let example = "[-1, 1, nn.Upsample, [None, 2, 'nearest']]"
  package static let usage = "[None, 2, 'nearest'] is supported: a whole factor, and the nearest pixel"
  package static let arguments: [ModuleArgument] = [
    .init("size", .exactly(.none)), .init("factor", .int(1...64)),
    .init("mode", .exactly(.string("nearest"))),
  ]

  package let shownArguments: [ModelValue]
  package let channels: Int
  private let factor: Int

  package init(_ row: ModuleRow) throws {
    guard row.repeats == 1 else { throw row.error(Self.usage) }
    (channels, factor, shownArguments) = (try row.onlyInput(), row.int("factor"), row.values)
  }

  package func side(for inputs: [Int]) throws(ModuleMisfit) -> Int { inputs[0] * factor }

  package func build<Builder: NetworkBuilding>(
    into builder: inout Builder, as name: String, of inputs: [Builder.Value]
  ) throws -> [Builder.Value] {
    [try builder.upsample(name, factor: factor, of: inputs[0])]
  }
}
