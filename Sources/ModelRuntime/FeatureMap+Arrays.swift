internal import SutureArchitectures

extension FeatureMap {
  /// A map from nested arrays as PyTorch has them, N×C×H×W.
  ///
  /// - Throws: ``ModelError`` where a size is 0, or arrays of one level differ in length.
  public init(nchw values: [[[[Float]]]]) throws {
    try self.init(lengths: Self.lengths(values)) { image, row, column, channel in
      values[image][channel][row][column]
    }
  }

  /// A map from nested arrays as images have them, N×H×W×C.
  ///
  /// - Throws: ``ModelError`` where a size is 0, or arrays of one level differ in length.
  public init(nhwc values: [[[[Float]]]]) throws {
    let (batch, height, width, channels) = try Self.lengths(values)
    try self.init(lengths: (batch, channels, height, width)) { image, row, column, channel in
      values[image][row][column][channel]
    }
  }

  private init(
    lengths: (batch: Int, channels: Int, height: Int, width: Int),
    _ value: (_ image: Int, _ row: Int, _ column: Int, _ channel: Int) -> Float
  ) throws {
    try self.init(
      batch: lengths.batch, height: lengths.height, width: lengths.width, channels: lengths.channels)
    var place = 0
    for image in 0..<batch {
      for row in 0..<height {
        for column in 0..<width {
          for channel in 0..<channels {
            values[place] = value(image, row, column, channel)
            place += 1
          }
        }
      }
    }
  }

  /// How long the arrays of each level are.
  private static func lengths(_ values: [[[[Float]]]]) throws -> (Int, Int, Int, Int) {
    func length<Value>(_ arrays: some Sequence<[Value]>) throws -> Int {
      let lengths = Set(arrays.lazy.map(\.count))
      guard let only = lengths.first, lengths.count == 1 else {
        throw ModelError.wrongInput("the arrays of one level are of different lengths, or there are none")
      }
      return only
    }
    let planes = values.joined()
    return (
      values.count, try length(values), try length(planes), try length(planes.joined())
    )
  }
}
