internal import SutureYAML

/// An argument of a module, at its place in the row's list.
struct ModuleArgument: Sendable {
  enum Kind: Sendable {
    case int(ClosedRange<Int>)
    case bool
    /// Above 0, up to 4.
    case fraction
    /// From 0 up to 1: how often training leaves something out.
    case rate
    case ints(count: Int, ClosedRange<Int>)
    /// Nothing else is supported.
    case exactly(ModelValue)
    /// The anchors that the file gives.
    case anchors
  }

  let name: String
  let kind: Kind
  /// What it is where it is left out; None stands for what the module computes itself.
  let fallback: ModelValue?

  init(_ name: String, _ kind: Kind, default fallback: ModelValue? = nil) {
    (self.name, self.kind, self.fallback) = (name, kind, fallback)
  }

  /// How many channels come out, before the width multiple.
  static let channels = ModuleArgument("channels", .int(1...maximumChannels))
  static let groups = ModuleArgument("groups", .int(1...(1 << 16)), default: .int(1))

  /// No layer is wider than this.
  static let maximumChannels = 1 << 16
}

/// A row of a model file as its module sees it: the arguments, what it reads, and how often it stands there.
struct ModuleRow {
  let file: ModelFile.Header
  /// The layer's number.
  let index: Int
  /// The layers that it reads by number; −1 is the image.
  let sources: [Int]
  /// How many channels each layer gives that it reads.
  let inputs: [Int]
  /// Whether it names what it reads in a list.
  let readsList: Bool
  /// How often it is repeated, scaled by the depth multiple.
  let repeats: Int
  /// The arguments as they were written.
  let values: [ModelValue]
  let isLast: Bool
  let schema: [ModuleArgument]
  let usage: String
  /// An error with the row's place.
  let error: (String) -> YAMLError

  /// Refuses arguments that are not what the module takes.
  func validate() throws {
    if values.count > schema.count {
      throw error("\(values.count) arguments, of which \(schema.count) are supported")
    }
    for (place, argument) in schema.enumerated() {
      if place < values.count {
        try validate(values[place], at: place, argument)
      } else if argument.fallback == nil {
        if case .int = argument.kind { throw error("argument \(place) is missing") }
        throw error(usage)
      }
    }
  }

  private func validate(_ value: ModelValue, at place: Int, _ argument: ModuleArgument) throws {
    if value == .none, argument.fallback == value { return }
    var wanted: String?
    switch argument.kind {
    case .int(let range):
      if !(value.int.map(range.contains) ?? false) {
        wanted = "a whole number from \(range.lowerBound) to \(range.upperBound)"
      }
    case .bool: if value.bool == nil { wanted = "True or False" }
    case .fraction:
      if !(value.number.map { $0 > 0 && $0 <= 4 } ?? false) { wanted = "a number above 0 and up to 4" }
    case .rate: if !(value.number.map { $0 >= 0 && $0 <= 1 } ?? false) { wanted = "a number from 0 to 1" }
    case .ints(let count, let range):
      guard let ints = value.ints, ints.count == count, ints.allSatisfy(range.contains) else {
        throw error(usage)
      }
    case .exactly(let only): if value != only { throw error(usage) }
    case .anchors: if value != .anchors(file.anchors) { throw error(usage) }
    }
    if let wanted { throw error("argument \(place) is \(value); \(wanted) is needed") }
  }

  /// The argument of that name, or what it is where it is left out.
  subscript(name: String) -> ModelValue {
    guard let place = schema.firstIndex(where: { $0.name == name }) else {
      preconditionFailure("no argument is called \(name)")
    }
    return place < values.count ? values[place] : schema[place].fallback ?? ModelValue.none
  }

  func int(_ name: String) -> Int { self[name].int ?? 0 }

  // MARK: Channels

  /// How many channels the only layer gives that it reads.
  func onlyInput() throws -> Int {
    guard !readsList else { throw error("it reads one layer, not a list") }
    return inputs[0]
  }

  /// The declared channels times the width multiple, rounded up to a multiple of 8 or what the file says.
  ///
  /// YOLOv5 leaves a width alone that happens to be what Detect gives: 255 for 80 classes.
  func width() throws -> Int {
    let declared = int(ModuleArgument.channels.name)
    if declared == file.outputsPerPixel { return declared }
    let multiple = file.channelMultiple
    let width = Int((Double(declared) * file.widthMultiple / Double(multiple)).rounded(.up)) * multiple
    guard width <= ModuleArgument.maximumChannels else {
      throw error("\(width) channels are more than \(ModuleArgument.maximumChannels)")
    }
    return width
  }

  /// Half of the channels that come out, or another fraction of them.
  func hiddenWidth(_ outputs: Int) throws -> Int {
    let hidden = Int(Double(outputs) * (self["expansion"].number ?? 0))
    guard hidden > 0 else { throw error("its hidden layer would have no channel") }
    return hidden
  }

  func groups(_ inputs: Int, _ outputs: Int) throws -> Int {
    let groups = int(ModuleArgument.groups.name)
    guard inputs % groups == 0, outputs % groups == 0 else {
      throw error("\(groups) groups divide \(inputs) and \(outputs) channels with a rest")
    }
    return groups
  }
}
