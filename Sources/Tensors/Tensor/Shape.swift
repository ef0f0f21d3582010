public import SutureBytes

/// Arithmetic on shapes and strides, both in elements.
public enum Shape {
  /// How many elements a shape holds; 1 for a shape of no dimensions.
  public static func elementCount(_ shape: [Int]) throws(ArithmeticOverflow) -> Int { try shape.product() }

  /// The strides of a row-major tensor without gaps.
  public static func contiguousStrides(_ shape: [Int]) throws(ArithmeticOverflow) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    var step = 1
    for axis in shape.indices.reversed() {
      strides[axis] = step
      step = try step.multiplied(checked: Swift.max(shape[axis], 1))
    }
    return strides
  }

  /// How many elements lie between the first and one past the last that a view can reach; 0 where it is empty.
  public static func extent(_ shape: [Int], strides: [Int]) throws(ArithmeticOverflow) -> Int {
    var last = 0
    for (size, stride) in zip(shape, strides) {
      if size == 0 { return 0 }
      last = try last.adding(checked: try (size - 1).multiplied(checked: stride))
    }
    return try last.adding(checked: 1)
  }

  /// Whether the elements lie one after another in row-major order.
  ///
  /// Dimensions of size 1 do not matter.
  public static func isContiguous(_ shape: [Int], strides: [Int]) -> Bool {
    if shape.contains(0) { return true }
    var expected = 1
    for (size, stride) in zip(shape, strides).reversed() where size != 1 {
      if stride != expected { return false }
      expected *= size
    }
    return true
  }
}
