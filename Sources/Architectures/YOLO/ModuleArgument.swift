internal import SutureYAML

/// An argument of a module, at its place in the row's list.
package struct ModuleArgument: Sendable {
  package enum Kind: Sendable {
    /// How many channels come out, before the width multiple.
    case channels
    case int(ClosedRange<Int>, default: Int? = nil)
    /// None stands for what the module computes itself.
    case optionalInt(ClosedRange<Int>)
    case bool(default: Bool)
    /// Above 0, up to 4.
    case fraction(default: Double)
    case ints(count: Int, ClosedRange<Int>)
    /// Nothing else is supported.
    case exactly(ModelValue)
    /// The anchors that the file gives.
    case anchors
  }

  package let name: String
  package let kind: Kind

  package init(_ name: String, _ kind: Kind) { (self.name, self.kind) = (name, kind) }

  static let channels = ModuleArgument("channels", .channels)
  static let groups = ModuleArgument("groups", .int(1...(1 << 16), default: 1))
}

/// A row of a model file as its module sees it: the arguments, what it reads, and how often it stands there.
package struct ModuleRow {
  package let file: ModelFile.Header
  /// The layer's number.
  package let index: Int
  /// The layers that it reads by number; −1 is the image.
  package let sources: [Int]
  /// How many channels each layer gives that it reads.
  package let inputs: [Int]
  /// Whether it names what it reads in a list.
  package let readsList: Bool
  /// How often it is repeated, scaled by the depth multiple.
  package let repeats: Int
  /// The arguments as they were written.
  package let values: [ModelValue]
  let isLast: Bool
  let schema: [ModuleArgument]
  let usage: String
  /// An error with the row's place.
  let error: (String) -> YAMLError

  /// No layer is wider than this.
  private static let maximumChannels = 1 << 16

  /// Refuses arguments that are not what the module takes.
  func validate() throws {
    if values.count > schema.count {
      throw error("\(values.count) arguments, of which \(schema.count) are supported")
    }
    for (place, argument) in schema.enumerated() {
      guard place < values.count else {
        switch argument.kind {
        case .int(_, default: .some), .optionalInt, .bool, .fraction: continue
        case .channels, .int: throw error("argument \(place) is missing")
        case .ints, .exactly, .anchors: throw error(usage)
        }
      }
      try validate(values[place], at: place, argument.kind)
    }
  }

  private func validate(_ value: ModelValue, at place: Int, _ kind: ModuleArgument.Kind) throws {
    func require(_ isRight: Bool, _ wanted: @autoclosure () -> String) throws {
      if !isRight { throw error("argument \(place) is \(value); \(wanted()) is needed") }
    }
    func require(_ value: ModelValue, in range: ClosedRange<Int>) throws {
      try require(
        value.int.map(range.contains) ?? false,
        "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    switch kind {
    case .channels: try require(value, in: 1...Self.maximumChannels)
    case .int(let range, _): try require(value, in: range)
    case .optionalInt(let range): if value != .none { try require(value, in: range) }
    case .bool: try require(value.bool != nil, "True or False")
    case .fraction:
      try require(value.number.map { $0 > 0 && $0 <= 4 } ?? false, "a number above 0 and up to 4")
    case .ints(let count, let range):
      guard let ints = value.ints, ints.count == count, ints.allSatisfy(range.contains) else {
        throw error(usage)
      }
    case .exactly(let only): if value != only { throw error(usage) }
    case .anchors: if value != .anchors(file.anchors) { throw error(usage) }
    }
  }

  // MARK: Values

  private func find(_ name: String) -> (value: ModelValue?, kind: ModuleArgument.Kind) {
    guard let place = schema.firstIndex(where: { $0.name == name }) else {
      preconditionFailure("no argument is called \(name)")
    }
    return (place < values.count ? values[place] : nil, schema[place].kind)
  }

  /// The whole number, or its default.
  package func int(_ name: String) -> Int {
    let (value, kind) = find(name)
    if let value = value?.int { return value }
    if case .int(_, let fallback?) = kind { return fallback }
    return 0
  }

  package func optionalInt(_ name: String) -> Int? { find(name).value?.int }

  package func bool(_ name: String) -> Bool {
    let (value, kind) = find(name)
    if let value = value?.bool { return value }
    if case .bool(let fallback) = kind { return fallback }
    return false
  }

  package func fraction(_ name: String) -> Double {
    let (value, kind) = find(name)
    if let value = value?.number { return value }
    if case .fraction(let fallback) = kind { return fallback }
    return 0
  }

  package func ints(_ name: String) -> [Int] { find(name).value?.ints ?? [] }

  // MARK: Channels

  /// How many channels the only layer gives that it reads.
  package func onlyInput() throws -> Int {
    guard !readsList else { throw error("it reads one layer, not a list") }
    return inputs[0]
  }

  /// The declared channels times the width multiple, rounded up to a multiple of 8.
  ///
  /// YOLOv5 leaves a width alone that happens to be what Detect gives: 255 for 80 classes.
  package func width() throws -> Int {
    let declared = int(ModuleArgument.channels.name)
    if declared == file.outputsPerPixel { return declared }
    let width = Int((Double(declared) * file.widthMultiple / 8).rounded(.up)) * 8
    guard width <= Self.maximumChannels else {
      throw error("\(width) channels are more than \(Self.maximumChannels)")
    }
    return width
  }

  /// Half of the channels that come out, or another fraction of them.
  package func hiddenWidth(_ outputs: Int) throws -> Int {
    let hidden = Int(Double(outputs) * fraction("expansion"))
    guard hidden > 0 else { throw error("its hidden layer would have no channel") }
    return hidden
  }

  package func groups(_ inputs: Int, _ outputs: Int) throws -> Int {
    let groups = int(ModuleArgument.groups.name)
    guard inputs % groups == 0, outputs % groups == 0 else {
      throw error("\(groups) groups divide \(inputs) and \(outputs) channels with a rest")
    }
    return groups
  }
}
