internal import CSutureNumbers

/// Functions of e to the power of many numbers, as fast as the processor at hand can.
package enum Exponentials {
  /// Writes 1 / (1 + e⁻ˣ) of `count` numbers from `start` on to `target` from `place` on; each is right to within 2e-7 of its
  /// value, or 2e-38.
  package static func sigmoids(
    of source: [Float], from start: Int, count: Int, to target: inout [Float], at place: Int
  ) {
    precondition(start >= 0 && count >= 0 && start + count <= source.count)
    precondition(place >= 0 && place + count <= target.count)
    unsafe source.withUnsafeBufferPointer { from in
      unsafe target.withUnsafeMutableBufferPointer { to in
        guard let from = from.baseAddress, let to = to.baseAddress else { return }
        unsafe suture_sigmoids(from + start, to + place, count)
      }
    }
  }

  /// Writes e to the power of `count` numbers from `start` on, each less `peak`, to the beginning of `target`.
  package static func powers(
    of source: [Float], from start: Int, count: Int, less peak: Float, to target: inout [Float]
  ) {
    precondition(start >= 0 && count >= 0 && start + count <= source.count && count <= target.count)
    unsafe source.withUnsafeBufferPointer { from in
      unsafe target.withUnsafeMutableBufferPointer { to in
        guard let from = from.baseAddress, let to = to.baseAddress else { return }
        unsafe suture_exponentials(from + start, peak, to, count)
      }
    }
  }
}
