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
    /// One number, or so many.
    case intOrInts(count: Int, ClosedRange<Int>)
    /// A list of so many numbers.
    case list(ClosedRange<Int>, of: ClosedRange<Int>)
    /// One of a few.
    case words([String])
    /// Nothing else is supported.
    case exactly(ModelValue)
    /// The anchors that the file gives.
    case anchors
    /// A word, or None.
    case word
    /// Whatever it is, nothing is made of it.
    case any
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
  static let stride = ModuleArgument("stride", .int(1...63), default: .int(1))
  static let dilation = ModuleArgument("dilation", .int(1...63), default: .int(1))
  /// Whether an activation follows.
  static let act = ModuleArgument("act", .bool, default: .bool(true))
  static func kernel(_ usual: Int) -> ModuleArgument {
    ModuleArgument("kernel", .int(1...63), default: .int(usual))
  }
  /// What part of the channels that come out the hidden layer has.
  static func expansion(_ usual: Double) -> ModuleArgument {
    ModuleArgument("expansion", .fraction, default: .double(usual))
  }

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
  /// The channels of each of its maps where such a layer gives a list of them.
  let lists: [[Int]?]
  /// Whether it names what it reads in a list.
  let readsList: Bool
  /// How often it is repeated, scaled by the depth multiple.
  let repeats: Int
  /// The arguments as they were written.
  let values: [ModelValue]
  /// Whether the places of such a list are named without the channels that they give.
  let indexedAlone: Bool
  /// How many channels the layer before it gives, whatever it reads.
  let channelsBefore: Int
  let isLast: Bool
  let schema: [ModuleArgument]
  let usage: String
  /// An error with the row's place.
  let error: (String) -> YAMLError
  /// An error with the place of an argument.
  let argumentError: (Int, String) -> YAMLError

  /// Refuses arguments that are not what the module takes.
  func validate() throws {
    if values.count > schema.count {
      throw argumentError(schema.count, "\(values.count) arguments, of which \(schema.count) are supported")
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
    let fits =
      switch argument.kind {
      case .int(let range): value.int.map(range.contains) ?? false
      case .bool: value.bool != nil
      case .fraction: value.number.map { $0 > 0 && $0 <= 4 } ?? false
      case .rate: value.number.map { $0 >= 0 && $0 <= 1 } ?? false
      case .intOrInts(let count, let range):
        value.int.map(range.contains)
          ?? value.ints.map { $0.count == count && $0.allSatisfy(range.contains) } ?? false
      case .list(let count, let range):
        value.ints.map { count.contains($0.count) && $0.allSatisfy(range.contains) } ?? false
      case .ints(let count, let range):
        value.ints.map { $0.count == count && $0.allSatisfy(range.contains) } ?? false
      case .words(let words): words.contains { value == .string($0) }
      case .exactly(let only): value == only
      case .anchors: value == .anchors(file.anchors)
      case .word: value.string != nil || value == .none
      case .any: true
      }
    if fits { return }
    switch argument.kind {
    case .ints, .exactly, .anchors, .words: throw argumentError(place, usage)
    default: throw argumentError(place, "argument \(place) is \(value); \(argument.kind.words) is needed")
    }
  }

  /// The argument of that name, or what it is where it is left out.
  subscript(name: String) -> ModelValue {
    guard let place = schema.firstIndex(where: { $0.name == name }) else {
      preconditionFailure("no argument is called \(name)")
    }
    return place < values.count ? values[place] : schema[place].fallback ?? ModelValue.none
  }

  func int(_ name: String) -> Int { self[name].int ?? 0 }

  /// What the module is made with, where that is both widths and what the row says behind its own.
  func shown(_ input: Int, _ output: Int) -> [ModelValue] {
    [.int(input), .int(output)] + values.dropFirst()
  }

  // MARK: Channels

  /// How many channels the only layer gives that it reads.
  func onlyInput() throws -> Int {
    guard !readsList else { throw error("it reads one layer, not a list") }
    return inputs[0]
  }

  /// The declared channels times the width multiple, rounded up to a multiple of 8 or what the file says.
  ///
  /// YOLOv5 leaves a width alone that happens to be what Detect gives: 255 for 80 classes. Ultralytics takes no more
  /// than the scale's most channels.
  func width() throws -> Int {
    let declared = int(ModuleArgument.channels.name)
    if file.dialect == .yolov5, declared == file.outputsPerPixel { return declared }
    let most = min(Double(declared), file.scale.maximumChannels ?? .infinity)
    let multiple = file.channelMultiple
    let width = Int((most * file.widthMultiple / Double(multiple)).rounded(.up)) * multiple
    try validateWidth(width)
    return width
  }

  func validateWidth(_ width: Int) throws {
    guard width <= ModuleArgument.maximumChannels else {
      throw error("\(width) channels are more than \(ModuleArgument.maximumChannels)")
    }
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
