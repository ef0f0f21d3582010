/// The `PSABlock` of YOLO11: attention among all pixels, then two convolutions, each added to what came in.
struct AttentionBlockUnit: ModuleUnit {
  let outputs: Int
  private let heads: Int

  /// - Throws: an error with the row's place where the heads do not divide the channels.
  init(outputs: Int, _ row: ModuleRow) throws {
    (self.outputs, heads) = (outputs, max(outputs / 64, 1))
    guard outputs % heads == 0, outputs / heads > 1 else {
      throw row.error("\(heads) heads divide \(outputs) channels with a rest, or leave one")
    }
  }

  /// The channels of a head's values.
  private var values: Int { outputs / heads }
  /// The channels of a head's keys, and of its queries.
  private var keys: Int { values / 2 }

  private func plain(_ outputs: Int, of inputs: Int) -> ConvolutionUnit {
    ConvolutionUnit(inputs: inputs, outputs: outputs, activates: false)
  }

  private var projection: ConvolutionUnit { plain(outputs + 2 * keys * heads, of: outputs) }
  /// What tells the pixels their places: depthwise, over the values.
  private var position: ConvolutionUnit {
    ConvolutionUnit(inputs: outputs, outputs: outputs, kernel: 3, groups: outputs, activates: false)
  }
  private var wide: ConvolutionUnit { ConvolutionUnit(inputs: outputs, outputs: 2 * outputs) }

  var tensors: [ModuleTensor] {
    projection.tensors.within("attn.qkv") + plain(outputs, of: outputs).tensors.within("attn.proj")
      + position.tensors.within("attn.pe") + wide.tensors.within("ffn.0")
      + plain(outputs, of: 2 * outputs).tensors.within("ffn.1")
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
      attention, heads: heads, areas: 1, queries: try part("q", from: 0, keys),
      keys: try part("k", from: keys, keys),
      values: all)
    let placed = try network.add(
      attention + ".placed", attended, try position.build(into: &network, as: attention + ".pe", of: all))
    let first = try plain(outputs, of: outputs).build(
      into: &network, as: attention + ".proj", of: placed, adding: x)
    let hidden = try wide.build(into: &network, as: name + ".ffn.0", of: first)
    return try plain(outputs, of: 2 * outputs).build(
      into: &network, as: name + ".ffn.1", of: hidden, adding: first)
  }
}
