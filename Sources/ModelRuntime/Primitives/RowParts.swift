internal import Glibc
internal import SutureBytes

extension CompilerContext {
  /// Calls `body` with the rows of a map divided among the threads; with all of them at once where it is small.
  ///
  /// - Parameter floats: how many numbers a row has.
  static func divide(rows: Int, floats: Int, _ body: @Sendable (Range<Int>) -> Void) {
    let parts = rows.multiplied(saturating: floats) < Self.worthDividing ? 1 : min(threads, rows)
    guard parts > 1 else { return body(0..<rows) }
    concurrently(parts, workers: parts) { part in body((rows * part / parts)..<(rows * (part + 1) / parts)) }
  }

  /// Copies numbers on all threads.
  static func copy(_ source: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, count: Int) {
    // Each thread has numbers of its own of both.
    nonisolated(unsafe) let (source, target) = unsafe (source, target)
    divide(rows: count, floats: 1) { part in
      unsafe memcpy(target + part.lowerBound, source + part.lowerBound, part.count * 4)
    }
  }

  /// Fewer numbers are moved before another thread has come.
  private static let worthDividing = 1 << 13
}
