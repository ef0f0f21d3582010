/// Zeros around each map: `nn.ZeroPad2d(padding)`, one number or left, right, top, bottom.
struct ZeroPad2dModule: YOLOModule {
  static let name = "nn.ZeroPad2d"
  static let classNames = torch("padding")
  static let summary = "zeros around each map: left, right, top, bottom"
  static let example = "[-1, 1, nn.ZeroPad2d, [[0, 1, 0, 1]]]"
  static let arguments: [ModuleArgument] = [.init("padding", .intOrInts(count: 4, 0...63))]

  let shownArguments: [ModelValue]
  let channels: Int
  private let padding: Padding

  init(_ row: ModuleRow) throws {
    let sides = row["padding"].ints ?? .init(repeating: row.int("padding"), count: 4)
    padding = Padding(left: sides[0], right: sides[1], top: sides[2], bottom: sides[3])
    guard padding.left + padding.right == padding.top + padding.bottom else {
      throw row.error("\(sides) makes a square image none; as many rows as columns are supported")
    }
    (channels, shownArguments) = (try row.onlyInput(), row.values)
  }

  func side(for inputs: [Int]) throws(ModuleMisfit) -> Int { inputs[0] + padding.top + padding.bottom }

  func build(into network: inout some NetworkBuilding, as name: String, of x: [Int]) throws -> [Int] {
    [try network.zeroPad(name, padding, of: x[0])]
  }
}
