/// Larger maps: `nn.Upsample(size=None, scale_factor, mode, align_corners)`.
struct UpsampleModule: YOLOModule {
  static let name = "nn.Upsample"
  static let classNames = torch("upsampling")
  static let summary = "each pixel becomes a square of them"
  static let example = "[-1, 1, nn.Upsample, [None, 2, 'nearest']]"
  static let usage =
    "[None, 2, 'nearest'] is supported: a whole factor, and the mode nearest, bilinear or bicubic; for the latter two "
    + "align_corners may follow"
  static let arguments: [ModuleArgument] = [
    .init("size", .exactly(.none)), .init("factor", .int(1...64)),
    .init("mode", .words(["nearest", "bilinear", "bicubic"]), default: .string("nearest")),
    .init("align_corners", .bool, default: ModelValue.none),
  ]

  let shownArguments: [ModelValue]
  let channels: Int
  private let factor: Int
  /// `nil` for the nearest pixel.
  private let mode: UpsampleMode?

  init(_ row: ModuleRow) throws {
    guard row.repeats == 1 else { throw row.error(Self.usage) }
    (channels, factor, shownArguments) = (try row.onlyInput(), row.int("factor"), row.values)
    let aligns = row["align_corners"].bool
    switch row["mode"] {
    case .string("bilinear"): mode = UpsampleMode(isCubic: false, alignsCorners: aligns ?? false)
    case .string("bicubic"): mode = UpsampleMode(isCubic: true, alignsCorners: aligns ?? false)
    default:
      guard aligns == nil else {
        throw row.error("align_corners goes with the modes bilinear and bicubic, and PyTorch stops")
      }
      mode = nil
    }
  }

  func side(for inputs: [Int]) throws(ModuleMisfit) -> Int { inputs[0] * factor }

  func build(into network: inout some NetworkBuilding, as name: String, of x: [Int]) throws -> [Int] {
    if let mode { return [try network.resample(name, factor: factor, mode: mode, of: x[0])] }
    return [try network.upsample(name, factor: factor, of: x[0])]
  }
}
