import Testing

@testable import SutureSurgery

@Suite struct `The length of a vector` {
  private func length(_ components: [Double]) -> Double {
    var length = VectorLength()
    for component in components { length.add(component) }
    return length.value
  }

  @Test func `is that of Pythagoras`() {
    #expect(length([]) == 0 && length([0, -0.0]) == 0)
    #expect(length([3, -4]) == 5 && length([-7]) == 7)
  }

  @Test(arguments: [0x1p-1060, 0x1p-900, 0x1p-511, 0x1p-400, 1, 0x1p400, 0x1p487, 0x1p1000])
  func `does not depend on the scale`(scale: Double) {
    #expect(length([3 * scale, 4 * scale]) == 5 * scale)
    #expect(length([3 * scale, 4 * scale, 12 * scale, 84 * scale]) == 85 * scale)
  }

  @Test func `takes what is small beside what is large, and infinities`() {
    #expect(length([1e300, 1, 1e-300]) == 1e300)
    #expect(length([3, 1e-200, 4]) == 5)
    // As many of two kinds at the edge between them count alike.
    #expect(length([0x1p-511, 0x1.8p-512, 0]).isLess(than: 0x1.5p-511))
    #expect(length([1, -.infinity]) == .infinity)
  }
}
