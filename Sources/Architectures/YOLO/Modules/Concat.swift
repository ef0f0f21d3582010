/// Channels of several layers, one after the other: `Concat(dimension=1)`.
package struct ConcatModule: YOLOModule {
  package static let name = "Concat"
  package static let summary = "the channels of several layers, one after the other"
  package static let example = "[[-1, 2], 1, Concat, [1]]"
  package static let usage = "it joins a list of layers along dimension 1: \(example)"
  package static let arguments: [ModuleArgument] = [.init("dimension", .exactly(.int(1)))]

  package let shownArguments: [ModelValue]
  package let channels: Int

  package init(_ row: ModuleRow) throws {
    guard row.repeats == 1, row.readsList else { throw row.error(Self.usage) }
    channels = row.inputs.reduce(0, +)
    shownArguments = row.values
  }

  package func side(for inputs: [Int]) throws(ModuleMisfit) -> Int {
    guard inputs.allSatisfy({ $0 == inputs[0] }) else {
      throw ModuleMisfit(
        "it joins maps of different sizes, of strides "
          + inputs.map { "\(Double(ModelFile.strideSide) / Double($0))" }.joined(separator: " and "))
    }
    return inputs[0]
  }

  package func build<Builder: NetworkBuilding>(
    into builder: inout Builder, as name: String, of inputs: [Builder.Value]
  ) throws -> [Builder.Value] {
    [try builder.concat(name, inputs)]
  }
}
