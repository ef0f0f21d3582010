internal import SutureBytes

/// How far a piece of work is, in bytes.
public struct WorkProgress: Sendable {
  /// The file that is read.
  public let file: String
  public let done: Int
  /// How many bytes there are in all, as far as that was known when the work began.
  public let total: Int
  /// Whether this is the last that is told of it, be it done or not.
  public let isFinished: Bool

  /// Is told how far work is, from any thread, one call at a time.
  public typealias Handler = @Sendable (WorkProgress) -> Void
}

/// Counts what many threads do.
package final class ProgressMeter: Sendable {
  private let file: String
  private let total: Int
  private let handler: WorkProgress.Handler?
  private let done = Guarded(0)

  package init(_ file: String = "", total: Int, _ handler: WorkProgress.Handler?) {
    (self.file, self.total, self.handler) = (file, total, handler)
    advance(0)
  }

  package func advance(_ count: Int) { tell(adding: count, isFinished: false) }

  package func finish() { tell(adding: 0, isFinished: true) }

  private func tell(adding count: Int, isFinished: Bool) {
    guard let handler else { return }
    done.withLock { done in
      done = done.adding(saturating: count)
      handler(WorkProgress(file: file, done: done, total: total, isFinished: isFinished))
    }
  }
}
