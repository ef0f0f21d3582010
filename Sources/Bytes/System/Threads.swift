internal import CSutureSystem
internal import Glibc
internal import Synchronization

/// How many processors this process may use.
public var processorCount: Int { Int(suture_processor_count()) }

/// Calls `body` with every number below `count`, on several threads at once; the calling thread is one of them.
///
/// The numbers are begun in order. After an error no further one is begun.
///
/// - Throws: the first error that `body` throws.
public func concurrently(_ count: Int, workers: Int, _ body: @Sendable (Int) throws -> Void) throws {
  guard min(count, workers) > 1 else {
    for index in 0..<count { try body(index) }
    return
  }
  try withoutActuallyEscaping(body) { body in
    let work = Work(count: count, body)
    var threads: [pthread_t] = []
    for _ in 1..<min(count, workers) {
      var thread = pthread_t()
      let state = unsafe Unmanaged.passRetained(work)
      let started = unsafe pthread_create(
        &thread, nil,
        { argument in
          if let argument = unsafe argument {
            unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run()
          }
          return nil
        }, state.toOpaque())
      // Without a thread the work is done all the same, by fewer.
      if started == 0 { threads.append(thread) } else { unsafe state.release() }
    }
    work.run()
    for thread in threads { pthread_join(thread, nil) }
    if let failure = work.failure { throw failure }
  }
}

private final class Work: Sendable {
  private let count: Int
  private let body: @Sendable (Int) throws -> Void
  private let next = Atomic(0)
  private let firstFailure = Guarded<(any Error)?>(nil)

  init(count: Int, _ body: @escaping @Sendable (Int) throws -> Void) {
    (self.count, self.body) = (count, body)
  }

  var failure: (any Error)? { firstFailure.withLock { $0 } }

  func run() {
    while true {
      let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
      if index >= count || failure != nil { return }
      do { try body(index) } catch {
        firstFailure.withLock { if $0 == nil { $0 = error } }
        return
      }
    }
  }
}
