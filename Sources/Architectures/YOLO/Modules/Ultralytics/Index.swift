/// One map of a list: `Index(index=0)`.
struct IndexModule: YOLOModule {
  static let name = "Index"
  static let classNames = ultralytics("conv")
  static let summary = "one of the maps of a layer that gives a list"
  static let example = "[0, 1, Index, [192, 4]]"
  static let usage = "it takes [channels, index]: \(example)"
  static let arguments: [ModuleArgument] = [
    .init("channels", .int(0...ModuleArgument.maximumChannels)),
    .init("index", .int(-64...63), default: .int(0)),
  ]
  static let takesList = true

  let shownArguments: [ModelValue]
  let channels: Int
  /// From the first map on.
  private let place: Int

  init(_ row: ModuleRow) throws {
    _ = try row.onlyInput()
    let source = row.sources[0] < 0 ? "the image" : "layer \(row.sources[0])"
    guard let list = row.lists[0], row.repeats == 1 else {
      throw row.error(
        row.lists[0] == nil
          ? "\(source) gives one map, no list: TorchVision gives one where its last argument, split, is True"
          : "it cannot be repeated")
    }
    let isAlone = row.indexedAlone && row.values.count == 1
    let index = isAlone ? row.int("channels") : row.int("index")
    let place = index < 0 ? index + list.count : index
    guard list.indices.contains(place) else {
      throw row.error(
        "\(source) gives a list of \(list.count) maps, from 0 to \(list.count - 1), and there is no \(index)")
    }
    (self.place, channels, shownArguments) = (place, list[place], [.int(index)])
    let declared = row.int("channels")
    guard isAlone || declared == channels else {
      throw row.error("it declares \(declared) channels, and map \(index) of \(source) has \(channels)")
    }
  }

  func side(for inputs: [Int]) throws(ModuleMisfit) -> Int { inputs[place] }

  func build(into network: inout some NetworkBuilding, as name: String, of x: [Int]) throws -> [Int] {
    [x[place]]
  }
}
