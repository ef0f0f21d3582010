internal import SutureArchitectures
internal import SutureYAML

/// The arguments of a row, asked for by their place.
struct Arguments {
  private let values: [ModelValue]
  let error: (String) -> YAMLError

  init(_ values: [ModelValue], _ error: @escaping (String) -> YAMLError) {
    (self.values, self.error) = (values, error)
  }

  func int(_ place: Int, _ range: ClosedRange<Int>, default fallback: Int? = nil) throws -> Int {
    guard place < values.count else {
      if let fallback { return fallback }
      throw error("argument \(place) is missing")
    }
    guard let value = values[place].int, range.contains(value) else {
      throw error(
        "argument \(place) is \(values[place]); a whole number from \(range.lowerBound) to \(range.upperBound) is needed"
      )
    }
    return value
  }

  private func bool(_ place: Int, default fallback: Bool) throws -> Bool {
    guard place < values.count else { return fallback }
    guard case .bool(let value) = values[place] else {
      throw error("argument \(place) is \(values[place]); True or False is needed")
    }
    return value
  }

  private func fraction(_ place: Int, default fallback: Double) throws -> Double {
    guard place < values.count else { return fallback }
    let value: Double? =
      switch values[place] {
      case .double(let value): value
      case .int(let value): Double(value)
      default: nil
      }
    guard let value, value > 0, value <= 4 else {
      throw error("argument \(place) is \(values[place]); a number above 0 and up to 4 is needed")
    }
    return value
  }

  private func atMost(_ count: Int) throws {
    if values.count > count { throw error("\(values.count) arguments, of which \(count) are supported") }
  }

  /// [channels, index, input channels, depths, dims].
  func backbone() throws -> (index: Int, ConvNeXtConfiguration) {
    try atMost(5)
    let (index, inputs) = (try int(1, 0...3), try int(2, 1...4096))
    guard values.count == 5, let depths = values[3].ints, let dims = values[4].ints, depths.count == 4,
      dims.count == 4, depths.allSatisfy({ (1...1000).contains($0) }),
      dims.allSatisfy({ (1...1 << 16).contains($0) })
    else { throw error("it takes [channels, index, 3, four depths, four dims]") }
    return (index, ConvNeXtConfiguration(depths: depths, dims: dims, inputChannels: inputs))
  }

  /// [channels, kernel, stride, padding, groups].
  func convolution(_ inputs: Int, _ outputs: Int) throws -> DetectorLayer.ConvolutionShape {
    try atMost(5)
    var shape = DetectorLayer.ConvolutionShape(inputs: inputs, outputs: outputs)
    shape.kernel = try int(1, 1...63, default: 1)
    shape.stride = try int(2, 1...63, default: 1)
    if values.count > 3, values[3] != .none { shape.padding = try int(3, 0...63) }
    shape.groups = try groups(4, inputs, outputs)
    return shape
  }

  /// [channels, shortcut, groups, expansion].
  func bottleneck(_ inputs: Int, _ outputs: Int) throws -> DetectorLayer.BottleneckShape {
    try atMost(4)
    let hidden = try hidden(outputs)
    return DetectorLayer.BottleneckShape(
      inputs: inputs, outputs: outputs, hidden: hidden, groups: try groups(2, hidden, outputs),
      shortcut: try bool(1, default: true) && inputs == outputs)
  }

  /// [channels, shortcut, groups, expansion].
  func csp(_ inputs: Int, _ outputs: Int, _ repeats: Int) throws -> DetectorLayer.CSPShape {
    try atMost(4)
    let hidden = try hidden(outputs)
    return DetectorLayer.CSPShape(
      inputs: inputs, outputs: outputs, hidden: hidden, groups: try groups(2, hidden, hidden),
      shortcut: try bool(1, default: true), repeats: repeats)
  }

  private func hidden(_ outputs: Int) throws -> Int {
    let hidden = Int(Double(outputs) * (try fraction(3, default: 0.5)))
    guard hidden > 0 else { throw error("its hidden layer would have no channel") }
    return hidden
  }

  private func groups(_ place: Int, _ inputs: Int, _ outputs: Int) throws -> Int {
    let groups = try int(place, 1...(1 << 16), default: 1)
    guard inputs % groups == 0, outputs % groups == 0 else {
      throw error("\(groups) groups divide \(inputs) and \(outputs) channels with a rest")
    }
    return groups
  }
}
