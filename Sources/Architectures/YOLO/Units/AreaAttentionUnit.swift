/// The `ABlock` of YOLO12: attention among the pixels of an area, then two convolutions, each added to what came in.
struct AreaAttentionUnit: ModuleUnit {
  let outputs: Int
  /// Into how many areas, each a band of rows, a map is divided.
  private let areas: Int
  private let hidden: Int

  /// - Parameter ratio: how many times as many channels the hidden layer has.
  /// - Throws: an error with the row's place where there would be no area, or no channel.
  init(outputs: Int, ratio: Double, _ row: ModuleRow) throws {
    (self.outputs, areas) = (outputs, row.int("area"))
    hidden = Int(Double(outputs) * ratio)
    guard areas > 0, hidden > 0 else {
      throw row.error("a map in \(areas) areas, and \(hidden) hidden channels, are none that could be run")
    }
  }

  /// The channels of a head.
  private static let width = 32

  private func plain(_ outputs: Int, of inputs: Int) -> ConvolutionUnit {
    ConvolutionUnit(inputs: inputs, outputs: outputs, activates: false)
  }

  private var position: ConvolutionUnit {
    ConvolutionUnit(inputs: outputs, outputs: outputs, kernel: 7, groups: outputs, activates: false)
  }
  private var wide: ConvolutionUnit { ConvolutionUnit(inputs: outputs, outputs: hidden) }

  var tensors: [ModuleTensor] {
    (plain(3 * outputs, of: outputs).tensors.within("attn.qkv")
      + plain(outputs, of: outputs).tensors.within("attn.proj")
      + position.tensors.within("attn.pe") + wide.tensors.within("mlp.0")
      + plain(outputs, of: hidden).tensors.within("mlp.1"))
      .map {
        $0.name.hasSuffix("conv.weight") ? ModuleTensor($0.name, $0.shape, .normal(deviation: 0.02)) : $0
      }
  }

  func side(for input: Int) throws(ModuleMisfit) -> Int {
    guard input * input % areas == 0 else {
      throw ModuleMisfit(
        "a map of \(input)×\(input) pixels is not divided into \(areas) areas without a rest")
    }
    return input
  }

  func build(into network: inout some NetworkBuilding, as name: String, of x: Int) throws -> Int {
    let attention = name + ".attn"
    let projected = try plain(3 * outputs, of: outputs).build(into: &network, as: attention + ".qkv", of: x)
    let heads = outputs / Self.width
    // Each head's queries, keys and values stand beside one another.
    func part(_ name: String, _ place: Int) throws -> Int {
      let ranges = (0..<heads).map { head in
        let first = (3 * head + place) * Self.width
        return first..<(first + Self.width)
      }
      return try network.channels("\(attention).\(name)", ranges, of: projected)
    }
    let all = try part("v", 2)
    let attended = try network.attention(
      attention, heads: heads, areas: areas, queries: try part("q", 0), keys: try part("k", 1), values: all)
    let placed = try network.add(
      attention + ".placed", attended, try position.build(into: &network, as: attention + ".pe", of: all))
    let first = try plain(outputs, of: outputs).build(
      into: &network, as: attention + ".proj", of: placed, adding: x)
    let changed = try wide.build(into: &network, as: name + ".mlp.0", of: first)
    return try plain(outputs, of: hidden).build(
      into: &network, as: name + ".mlp.1", of: changed, adding: first)
  }
}
