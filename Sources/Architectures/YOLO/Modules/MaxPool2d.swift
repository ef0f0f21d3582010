/// The largest of each window: `nn.MaxPool2d(kernel_size, stride=None, padding=0, …, ceil_mode=False)`.
struct MaxPool2dModule: YOLOModule {
  static let name = "nn.MaxPool2d"
  static let classNames = torch("pooling")
  static let summary = "the largest of each window, channel by channel"
  static let example = "[-1, 1, nn.MaxPool2d, [2, 2, 0]]"
  static let arguments: [ModuleArgument] = [
    .init("kernel_size", .int(1...63)), .init("stride", .int(1...63), default: ModelValue.none),
    .init("padding", .int(0...31), default: .int(0)), .init("dilation", .exactly(.int(1)), default: .int(1)),
    .init("return_indices", .exactly(.bool(false)), default: .bool(false)),
    .init("ceil_mode", .bool, default: .bool(false)),
  ]
  static let usage =
    "it takes [kernel_size, stride, padding, 1, False, ceil_mode]; dilation 1 and return_indices False are supported"

  let shownArguments: [ModelValue]
  let channels: Int
  private let kernel: Int
  private let stride: Int
  private let padding: Int
  private let roundsUp: Bool

  init(_ row: ModuleRow) throws {
    (channels, kernel, padding) = (try row.onlyInput(), row.int("kernel_size"), row.int("padding"))
    (stride, shownArguments) = (row["stride"].int ?? kernel, row.values)
    roundsUp = row["ceil_mode"].bool ?? false
    guard padding * 2 <= kernel else {
      throw row.error(
        "a padding of \(padding) is more than half of its kernel of \(kernel), and PyTorch stops")
    }
  }

  func side(for inputs: [Int]) throws(ModuleMisfit) -> Int {
    try ConvolutionLayer.outputSize(
      inputs[0], inputs[0], kernel: Sides(kernel), stride: Sides(stride), padding: Sides(padding),
      roundsUp: roundsUp
    ).height
  }

  func build(into network: inout some NetworkBuilding, as name: String, of x: [Int]) throws -> [Int] {
    [
      try network.maxPool(
        name, kernel: kernel, stride: stride, padding: padding, roundsUp: roundsUp, of: x[0])
    ]
  }
}
