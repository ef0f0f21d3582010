internal import Bytes

/// A line on the terminal that says how far the work is: only there, and only once it has taken half a second.
final class Progress {
  private let total: Int
  private let start = Process.seconds
  private var done = 0
  private var lastShown = 0.0
  private let isShown: Bool

  init(total: Int) {
    self.total = total
    isShown = StandardStream.error.isTerminal && Process.environment("TERM") != "dumb"
  }

  func advance(_ count: Int) {
    done = done.adding(saturating: count)
    guard isShown else { return }
    let now = Process.seconds
    guard now - start > 0.5, now - lastShown > 0.1 else { return }
    lastShown = now
    let rate = Double(done) / (now - start)
    let left = Double(max(total - done, 0)) / rate
    let share = total > 0 ? Int(100 * Double(done) / Double(total)) : 100
    let line =
      "\(share) %  \(Format.bytes(done)) of \(Format.bytes(total))  \(Format.bytes(Int(rate)))/s  "
      + "\(Format.decimal(left, places: 0)) s left"
    try? StandardStream.error.write("\r\u{1B}[K\(line)")
  }

  /// Takes the line away.
  func finish() {
    if lastShown > 0 { try? StandardStream.error.write("\r\u{1B}[K") }
  }
}
