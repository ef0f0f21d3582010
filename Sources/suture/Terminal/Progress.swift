internal import SutureBytes
internal import SutureText
internal import SutureWorkflows

/// Says how far the work is, to a person or to a program, from whatever thread does it.
final class Progress: Sendable {
  enum Style: String, CaseIterable, Sendable {
    /// A line on a terminal, once the work has taken half a second; nothing elsewhere.
    case auto
    /// Lines of JSON on standard error.
    case json
    case none
  }

  private let total: Int
  private let file: String
  private let style: Style
  private let start = CurrentProcess.seconds
  private let state = Guarded(State())

  private struct State {
    var done = 0
    var lastShown = 0.0
  }

  init(total: Int, file: String = "", style: Style = .auto) {
    (self.total, self.file) = (total, file)
    let isShown = StandardStream.error.isTerminal && CurrentProcess.environment("TERM") != "dumb"
    self.style = style == .auto && !isShown ? .none : style
  }

  /// Shows what a workflow tells of each file.
  static func handler(_ style: Style) -> WorkProgress.Handler? {
    if style == .none { return nil }
    let shown = Guarded<[String: Progress]>([:])
    return { work in
      let progress = shown.withLock { shown in
        let known = shown[work.file] ?? Progress(total: work.total, file: work.file, style: style)
        shown[work.file] = work.isFinished ? nil : known
        return known
      }
      progress.update { $0 = work.done }
      if work.isFinished { progress.finish() }
    }
  }

  func advance(_ count: Int) { update { $0 = $0.adding(saturating: count) } }

  private func update(_ count: (inout Int) -> Void) {
    if style == .none { return }
    state.withLock { state in
      count(&state.done)
      let now = CurrentProcess.seconds
      guard now - start > 0.5, now - state.lastShown > 0.1 else { return }
      state.lastShown = now
      show(state.done, now - start)
    }
  }

  /// Takes the line away; a program is told the end.
  func finish() {
    state.withLock { state in
      switch style {
      case .none: return
      case .auto: if state.lastShown > 0 { try? StandardStream.error.write("\r\u{1B}[K") }
      case .json: show(state.done, CurrentProcess.seconds - start)
      }
    }
  }

  private func show(_ done: Int, _ seconds: Double) {
    let rate = seconds > 0 ? Double(done) / seconds : 0
    let left = rate > 0 ? Double(max(total - done, 0)) / rate : 0
    if style == .json {
      let report = JSONReport(
        "suture.progress/2",
        [
          "file": file, "done": done, "total": total, "bytes_per_second": Int(min(rate, 1e18)),
          "seconds_left": (left * 10).rounded() / 10,
        ])
      try? StandardStream.error.write(report.text(isLine: true))
      return
    }
    let share = total > 0 ? Int(100 * Double(done) / Double(total)) : 100
    let line =
      "\(share) %  \(Format.bytes(done)) of \(Format.bytes(total))  \(Format.bytes(Int(min(rate, 1e18))))/s  "
      + "\(Format.decimal(left, places: 0)) s left"
    try? StandardStream.error.write("\r\u{1B}[K\(line)")
  }
}
