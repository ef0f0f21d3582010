import Foundation
import TestSupport
import Testing

@testable import SutureNumbers

@Suite struct `Exponentials in bulk` {
  private func numbers(_ generator: inout Seeded) -> [Float] {
    let random = (0..<2000).map { _ in Float.random(in: -100...100, using: &generator) }
    return random + [0, -0.0, .leastNonzeroMagnitude, 87.5, -87.5, 1e30, -1e30, .infinity, -.infinity]
  }

  @Test func `are sigmoids to within their bound`() {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = Seeded(seed)
    let numbers = numbers(&generator)
    var found = [Float](repeating: -1, count: numbers.count + 3)
    found.withUnsafeMutableBufferPointer { found in
      Exponentials.sigmoids(of: numbers, count: numbers.count, to: found.baseAddress! + 1)
    }
    for (index, number) in numbers.enumerated() {
      let right = 1 / (1 + exp(-Double(number)))
      #expect(abs(Double(found[index + 1]) - right) <= max(2e-7 * right, 2e-38), "\(number), seed \(seed)")
    }
    #expect(found[0] == -1 && found.suffix(2) == [-1, -1])
  }

  @Test func `are powers of e to within their bound`() {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = Seeded(seed)
    let numbers = numbers(&generator).filter { $0 < 80 }
    var found = [Float](repeating: 0, count: numbers.count)
    Exponentials.powers(of: numbers, count: numbers.count, less: 3, to: &found)
    for (index, number) in numbers.enumerated() {
      let right = exp(Double(number - 3))
      #expect(abs(Double(found[index]) - right) <= max(2e-7 * right, 2e-38), "\(number), seed \(seed)")
    }
  }

  @Test func `keep what is no number`() {
    var found: [Float] = [0]
    Exponentials.sigmoids(of: [.nan], count: 1, to: &found)
    #expect(found[0].isNaN)
    Exponentials.powers(of: [.nan], count: 1, less: 0, to: &found)
    #expect(found[0].isNaN)
  }
}
