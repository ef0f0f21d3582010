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

  /// ``contiguousStrides(_:)`` of a shape of which it is known that they do not overflow.
  static func rowMajorStrides(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    var step = 1
    for axis in shape.indices.reversed() {
      strides[axis] = step
      step &*= Swift.max(shape[axis], 1)
    }
    return strides
  }

  /// Whether these are exactly the strides that ``contiguousStrides(_:)`` gives.
  static func areRowMajor(_ strides: [Int], of shape: [Int]) -> Bool {
    guard strides.count == shape.count else { return false }
    var (step, overflows) = (1, false)
    for axis in shape.indices.reversed() {
      if overflows || strides[axis] != step { return false }
      (step, overflows) = step.multipliedReportingOverflow(by: Swift.max(shape[axis], 1))
    }
    return !overflows
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
    for axis in shape.indices.reversed() where shape[axis] != 1 {
      if strides[axis] != expected { return false }
      expected *= shape[axis]
    }
    return true
  }

  /// The strides with which a view of other sizes has the same elements in the same order; `nil` where there are none, or
  /// no elements.
  ///
  /// Axes that lie one in the other, `strides[i] == shape[i + 1] * strides[i + 1]`, are one run, and each run has to be
  /// divided among new axes by itself.
  static func strides(of sizes: [Int], viewing shape: [Int], strides: [Int]) -> [Int]? {
    if shape.contains(0) || sizes.contains(0) { return nil }
    let axes = zip(shape, strides).filter { $0.0 != 1 }
    var runs: [(count: Int, stride: Int)] = []
    for (size, stride) in axes.reversed() {
      if let inner = runs.last,
        case let (step, overflow) = inner.stride.multipliedReportingOverflow(by: inner.count),
        !overflow, step == stride
      {
        let (count, overflow) = inner.count.multipliedReportingOverflow(by: size)
        if overflow { return nil }
        runs[runs.count - 1].count = count
      } else {
        runs.append((size, stride))
      }
    }
    var result = [Int](repeating: 1, count: sizes.count)
    var (run, used) = (0, 1)
    for axis in sizes.indices.reversed() {
      if run < runs.count, used == runs[run].count, sizes[axis] != 1 { (run, used) = (run + 1, 1) }
      guard run < runs.count else {
        if sizes[axis] != 1 { return nil }
        result[axis] = runs.last.map { $0.stride &* $0.count } ?? 1
        continue
      }
      let (stride, overflow) = runs[run].stride.multipliedReportingOverflow(by: used)
      let (next, tooLarge) = used.multipliedReportingOverflow(by: sizes[axis])
      if overflow || tooLarge || next > runs[run].count || runs[run].count % next != 0 { return nil }
      (result[axis], used) = (stride, next)
    }
    return result
  }
}
