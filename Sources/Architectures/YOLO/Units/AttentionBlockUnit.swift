/// The `PSABlock` of YOLO11 and the `ABlock` of YOLO12: attention among the pixels of an area, then two convolutions, each added to
/// what came in.
struct AttentionBlockUnit: ModuleUnit {
  let outputs: Int
  private let heads: Int
  /// The channels of a head's queries, and of its keys.
  private let keys: Int
  /// Into how many areas, each a band of rows, a map is divided.
  private let areas: Int
  private let hidden: Int
  /// What the two convolutions are called.
  private let layers: String
  /// Of what tells the pixels their places.
  private let kernel: Sides
  /// What weights are drawn from; what PyTorch takes where it is `nil`.
  private let start: InitialValues?

  /// A `PSABlock`.
  ///
  /// - Throws: an error with the row's place where the heads do not divide the channels.
  init(outputs: Int, _ row: ModuleRow) throws {
    let heads = max(outputs / 64, 1)
    guard outputs % heads == 0, outputs / heads > 1 else {
      throw row.error("\(heads) heads divide \(outputs) channels with a rest, or leave one")
    }
    (self.outputs, self.heads, areas, hidden) = (outputs, heads, 1, 2 * outputs)
    (keys, layers, kernel, start) = (outputs / heads / 2, "ffn", 3, nil)
  }

  /// An `ABlock`, whose outputs are a multiple of 32.
  ///
  /// - Parameter ratio: how many times as many channels the hidden layer has.
  /// - Throws: an error with the row's place where there would be no area, or no channel.
  init(outputs: Int, ratio: Double, _ row: ModuleRow) throws {
    (self.outputs, heads, areas) = (outputs, outputs / 32, row.int("area"))
    (hidden, keys) = (Int(Double(outputs) * ratio), 32)
    (layers, kernel, start) = ("mlp", 7, .normal(deviation: 0.02))
    guard areas > 0, hidden > 0 else {
      throw row.error("a map in \(areas) areas, and \(hidden) hidden channels, are none that could be run")
    }
  }

  /// The channels of a head's values.
  private var values: Int { outputs / heads }

  private func plain(_ outputs: Int, of inputs: Int) -> ConvolutionUnit {
    ConvolutionUnit(inputs: inputs, outputs: outputs, activates: false)
  }

  private var projection: ConvolutionUnit { plain(outputs + 2 * keys * heads, of: outputs) }
  /// Depthwise, over the values.
  private var position: ConvolutionUnit {
    ConvolutionUnit(inputs: outputs, outputs: outputs, kernel: kernel, groups: outputs, activates: false)
  }
  private var wide: ConvolutionUnit { ConvolutionUnit(inputs: outputs, outputs: hidden) }

  var tensors: [ModuleTensor] {
    let all =
      projection.tensors.within("attn.qkv") + plain(outputs, of: outputs).tensors.within("attn.proj")
      + position.tensors.within("attn.pe") + wide.tensors.within("\(layers).0")
      + plain(outputs, of: hidden).tensors.within("\(layers).1")
    guard let start else { return all }
    return all.map { $0.name.hasSuffix("conv.weight") ? ModuleTensor($0.name, $0.shape, start) : $0 }
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
    let projected = try projection.build(into: &network, as: attention + ".qkv", of: x)
    // Each head's queries, keys and values stand beside one another.
    func part(_ name: String, from start: Int, _ count: Int) throws -> Int {
      let ranges = (0..<heads).map { head in
        let first = head * (2 * keys + values) + start
        return first..<(first + count)
      }
      return try network.channels("\(attention).\(name)", ranges, of: projected)
    }
    let all = try part("v", from: 2 * keys, values)
    let attended = try network.attention(
      attention, heads: heads, areas: areas, queries: try part("q", from: 0, keys),
      keys: try part("k", from: keys, keys), values: all)
    let placed = try network.add(
      attention + ".placed", attended, try position.build(into: &network, as: attention + ".pe", of: all))
    let first = try plain(outputs, of: outputs).build(
      into: &network, as: attention + ".proj", of: placed, adding: x)
    let changed = try wide.build(into: &network, as: "\(name).\(layers).0", of: first)
    return try plain(outputs, of: hidden).build(
      into: &network, as: "\(name).\(layers).1", of: changed, adding: first)
  }
}
