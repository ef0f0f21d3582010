internal import SutureBytes
internal import SutureText
internal import SutureWorkflows

/// How to say how far the work is, from whatever thread does it.
enum Progress: String, CaseIterable, Sendable {
  /// A line on a terminal, once the work has taken half a second; nothing elsewhere.
  case auto
  /// Lines of JSON on standard error.
  case json
  case none

  /// Shows what is told of each file; `nil` where nobody wants to see it.
  var handler: WorkProgress.Handler? {
    let isShown = StandardStream.error.isTerminal && CurrentProcess.environment("TERM") != "dumb"
    if self == .none || self == .auto && (!isShown || Console.isQuiet) { return nil }
    let files = Guarded<[String: (start: Double, lastShown: Double)]>([:])
    return { work in
      // A pager has the terminal.
      if self == .auto, Console.isPaging { return }
      files.withLock { files in
        let now = CurrentProcess.seconds
        var times = files[work.file] ?? (start: now, lastShown: 0)
        if work.isFinished {
          files[work.file] = nil
          // The line is taken away; a program is told the end.
          if self == .json {
            show(work, now - times.start)
          } else if times.lastShown > 0 {
            try? StandardStream.error.write("\r\u{1B}[K")
          }
          return
        }
        if now - times.start > 0.5, now - times.lastShown > 0.1 {
          times.lastShown = now
          show(work, now - times.start)
        }
        files[work.file] = times
      }
    }
  }

  private func show(_ work: WorkProgress, _ seconds: Double) {
    let (done, total) = (work.done, work.total)
    let rate = seconds > 0 ? Double(done) / seconds : 0
    let left = rate > 0 ? Double(max(total - done, 0)) / rate : 0
    if self == .json {
      let report = JSONReport(
        "suture.progress/2",
        [
          "file": work.file, "done": done, "total": total, "bytes_per_second": Int(min(rate, 1e18)),
          "seconds_left": (left * 10).rounded() / 10,
        ])
      try? StandardStream.error.write(report.text(isLine: true))
      return
    }
    let share = total > 0 ? Int(100 * Double(done) / Double(total)) : 100
    let line =
      "\(share) %  \(Format.bytes(done)) of \(Format.bytes(total))  \(Format.bytes(Int(min(rate, 1e18))))/s  "
      + "\(Format.decimal(left, places: 0)) s left"
    // A longer one would leave its beginning on the terminal.
    let shown = line.prefix(max((StandardStream.error.columns ?? 80) - 1, 1))
    try? StandardStream.error.write("\r\u{1B}[K\(shown)")
  }
}
