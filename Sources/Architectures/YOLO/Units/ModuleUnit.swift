/// A piece that modules are made of: one map in, one map out.
protocol ModuleUnit: Sendable {
  /// The channels that it gives.
  var outputs: Int { get }
  /// Names without its own.
  var tensors: [ModuleTensor] { get }
  /// The side of its output for a square input, in pixels.
  func side(for input: Int) throws(ModuleMisfit) -> Int
  func build(into network: inout some NetworkBuilding, as name: String, of x: Int) throws -> Int
}

extension ModuleUnit {
  var tensors: [ModuleTensor] { [] }
  func side(for input: Int) throws(ModuleMisfit) -> Int { input }
}

/// A module that is one unit.
protocol UnitModule: YOLOModule {
  associatedtype Unit: ModuleUnit
  var unit: Unit { get }
}

extension UnitModule {
  var channels: Int { unit.outputs }
  var tensors: [ModuleTensor] { unit.tensors }
  func side(for inputs: [Int]) throws(ModuleMisfit) -> Int { try unit.side(for: inputs[0]) }
  func build(into network: inout some NetworkBuilding, as name: String, of x: [Int]) throws -> [Int] {
    [try unit.build(into: &network, as: name, of: x[0])]
  }
}

/// Units one behind the other, each under a name of its own: `nn.Sequential`.
struct SequenceUnit: ModuleUnit {
  let units: [(name: String, unit: any ModuleUnit)]
  let outputs: Int

  var tensors: [ModuleTensor] { units.flatMap { $0.unit.tensors.within($0.name) } }

  func side(for input: Int) throws(ModuleMisfit) -> Int {
    var side = input
    for (_, unit) in units { side = try unit.side(for: side) }
    return side
  }

  func build(into network: inout some NetworkBuilding, as name: String, of x: Int) throws -> Int {
    var value = x
    for (own, unit) in units { value = try unit.build(into: &network, as: "\(name).\(own)", of: value) }
    return value
  }
}
