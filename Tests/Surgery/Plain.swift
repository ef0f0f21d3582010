import SutureBytes
import SutureNumbers
import SutureTensors
import TestSupport

/// A tensor as a list of numbers in row-major order: the model that the steps are compared with.
struct Plain: Equatable {
  var shape: [Int]
  var values: [Double]

  init(_ shape: [Int], _ value: ([Int]) throws -> Double) rethrows {
    self.shape = shape
    values = []
    for index in Self.indices(shape) { values.append(try value(index)) }
  }

  init(_ tensor: Tensor) throws {
    shape = tensor.shape
    values = try ElementReader(tensor).doubles()
    // What is streamed and what is read from any place must be the same.
    let streamed = tensor.dtype.codec?.decode(
      try tensor.contiguousBytes(), count: tensor.elementCount)
    if streamed?.map(\.bitPattern) != values.map(\.bitPattern) { values = [] }
  }

  subscript(index: [Int]) -> Double {
    values[zip(index, shape).reduce(0) { $0 * $1.1 + $1.0 }]
  }

  static func indices(_ shape: [Int]) -> [[Int]] {
    var all: [[Int]] = [[]]
    for size in shape { all = all.flatMap { start in (0..<size).map { start + [$0] } } }
    return all
  }

  /// Rounded to a dtype, as the product stores it.
  func rounded(to dtype: DType) -> Plain {
    guard dtype.floatFormat != nil, let codec = dtype.codec else { return self }
    var bytes = [UInt8](repeating: 0, count: values.count * dtype.byteCount)
    codec.encode(values, into: &bytes)
    var copy = self
    copy.values = codec.decode(bytes, count: values.count)
    return copy
  }
}

extension Seeded {
  /// A tensor of that shape: its axes stored in any order, with an offset and gaps.
  mutating func tensor(_ shape: [Int], _ dtype: DType = .float32, positive: Bool = false) throws -> Tensor {
    let order = Array(shape.indices).shuffled(using: &self)
    let gaps = shape.map { _ in Int.random(in: 0...1, using: &self) }
    let stored = order.map { shape[$0] + gaps[$0] }
    let offset = Int.random(in: 0...3, using: &self)
    let count = stored.reduce(1, *) + offset
    let values = (0..<count).map { _ in Double.random(in: (positive ? 0.1 : -2)...2, using: &self) }
    var bytes = [UInt8](repeating: 0, count: count * dtype.byteCount)
    dtype.codec?.encode(values, into: &bytes)
    var strides = [Int](repeating: 1, count: shape.count)
    var step = 1
    for (place, axis) in order.enumerated().reversed() {
      strides[axis] = step
      step *= stored[place]
    }
    return try Tensor(Storage(bytes), dtype: dtype, shape: shape, strides: strides, offset: offset)
  }

  mutating func shape(_ rank: ClosedRange<Int> = 1...4) -> [Int] {
    (0..<Int.random(in: rank, using: &self)).map { _ in Int.random(in: 1...5, using: &self) }
  }

  mutating func dtype() -> DType {
    [.float32, .float16, .bfloat16, .float64].randomElement(using: &self) ?? .float32
  }
}
