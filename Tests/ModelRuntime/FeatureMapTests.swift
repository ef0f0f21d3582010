import SutureModelRuntime
import Testing

@Suite struct FeatureMapTests {
  /// One image of two channels, one row and three columns.
  private let planes: [[[[Float]]]] = [[[[1, 2, 3]], [[4, 5, 6]]]]

  @Test func `nested arrays are taken in PyTorch's order`() throws {
    let map = try FeatureMap(nchw: planes)
    #expect(map.shape == [1, 2, 1, 3])
    #expect(map.nchw == [1, 2, 3, 4, 5, 6])
    #expect(map.values == [1, 4, 2, 5, 3, 6])
  }

  @Test(
    arguments: [[], [[]], [[[]]], [[[[]]]], [[[[1]], [[1, 2]]]], [[[[1]]], [[[1]], [[1]]]]] as [[[[[Float]]]]]
  )
  func `what is empty or ragged is refused`(values: [[[[Float]]]]) {
    #expect(throws: (any Error).self) { try FeatureMap(nchw: values) }
  }
}
