internal import SutureArchitectures
public import SutureTensors

/// Activations: N images of H×W pixels with C channels, stored N×H×W×C.
public struct FeatureMap: Sendable {
  public let batch: Int
  public let height: Int
  public let width: Int
  public let channels: Int
  public var values: [Float]

  /// A map of zeros.
  ///
  /// - Throws: ``ModelError`` before anything is allocated, where a size is 0 or they are beyond measure.
  public init(batch: Int, height: Int, width: Int, channels: Int) throws {
    let shape = MapShape(batch: batch, height: height, width: width, channels: channels)
    try shape.check("an image")
    self.init(shape, [Float](repeating: 0, count: shape.count))
  }

  init(_ shape: MapShape, _ values: [Float]) {
    precondition(values.count == shape.count)
    (batch, height, width, channels) = (shape.batch, shape.height, shape.width, shape.channels)
    self.values = values
  }

  /// A map from a tensor as PyTorch has it, N×C×H×W, of any floating dtype.
  public init(nchw tensor: Tensor) throws {
    let shape = tensor.shape
    guard shape.count == 4, shape.allSatisfy({ $0 > 0 }) else {
      throw ModelError.wrongInput("an image tensor is N×C×H×W with no size 0; this one is \(shape)")
    }
    try self.init(shape, nchw: try tensor.floats())
  }

  /// A map from nested arrays as PyTorch has them, N×C×H×W.
  ///
  /// - Throws: ``ModelError`` where a size is 0, or arrays of one level differ in length.
  public init(nchw values: [[[[Float]]]]) throws {
    func length<Value>(_ arrays: some Sequence<[Value]>) throws -> Int {
      let lengths = Set(arrays.lazy.map(\.count))
      guard let only = lengths.first, lengths.count == 1 else {
        throw ModelError.wrongInput("the arrays of one level are of different lengths, or there are none")
      }
      return only
    }
    let planes = values.joined()
    let shape = [values.count, try length(values), try length(planes), try length(planes.joined())]
    try self.init(shape, nchw: Array(planes.joined().joined()))
  }

  private init(_ shape: [Int], nchw elements: @autoclosure () throws -> [Float]) throws {
    try self.init(batch: shape[0], height: shape[2], width: shape[3], channels: shape[1])
    let source = try elements()
    let area = height * width
    for image in 0..<batch {
      for channel in 0..<channels {
        for pixel in 0..<area {
          values[(image * area + pixel) * channels + channel] =
            source[(image * channels + channel) * area + pixel]
        }
      }
    }
  }

  var mapShape: MapShape { MapShape(batch: batch, height: height, width: width, channels: channels) }

  /// The shape as PyTorch has it.
  public var shape: [Int] { mapShape.nchw }

  public var rowCount: Int { batch * height * width }

  /// The elements in PyTorch's order.
  public var nchw: [Float] {
    let area = height * width
    return unsafe [Float](unsafeUninitializedCapacity: values.count) { result, count in
      for image in 0..<batch {
        for channel in 0..<channels {
          let (from, to) = (image * area * channels + channel, (image * channels + channel) * area)
          for pixel in 0..<area { unsafe result[to + pixel] = values[from + pixel * channels] }
        }
      }
      count = values.count
    }
  }

  /// The mean of all elements.
  public var mean: Double { values.reduce(0.0) { $0 + Double($1) } / Double(max(values.count, 1)) }

  /// An image of soft waves and speckle that every run makes alike, normalised as ImageNet images are.
  public static func testImage(size: Int) throws -> FeatureMap {
    var map = try FeatureMap(batch: 1, height: size, width: size, channels: 3)
    var state: UInt32 = 0x2545_F491
    for index in map.values.indices {
      state ^= state << 13
      state ^= state >> 17
      state ^= state << 5
      let (pixel, channel) = (index / 3, index % 3)
      let wave = Float((pixel / size * (3 + channel) + pixel % size * 5) % 97) / 97
      map.values[index] = (0.7 * wave + 0.3 * Float(state >> 8) / 16_777_216) * 4 - 2
    }
    return map
  }
}
