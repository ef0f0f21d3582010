internal import CSutureThreads
internal import Synchronization

/// How many processors this process may use.
public var processorCount: Int { Int(suture_processor_count()) }

/// How many threads compute where all may: `OMP_NUM_THREADS`, or one for each processor.
package var teamSize: Int { Int(suture_team_size()) }

/// Calls `body` with every number below `count`, on several threads at once; the calling thread is one of them.
///
/// The numbers are begun in order. After an error no further one is begun. Within a call of `body` there is one thread.
///
/// - Throws: the first error that `body` throws.
public func concurrently<Problem: Error>(
  _ count: Int, workers: Int, _ body: @Sendable (Int) throws(Problem) -> Void
) throws(Problem) {
  guard min(count, workers) > 1 else {
    for index in 0..<count { try body(index) }
    return
  }
  let next = Atomic(0)
  let hasFailed = Atomic(false)
  let failure = Guarded<Problem?>(nil)
  withoutActuallyEscaping({ () -> Void in
    while !hasFailed.load(ordering: .relaxed) {
      let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
      if index >= count { return }
      do throws(Problem) { try body(index) } catch {
        failure.withLock { if $0 == nil { $0 = error } }
        hasFailed.store(true, ordering: .relaxed)
      }
    }
  }) { runTeam(min(count, workers), $0) }
  if let problem = failure.withLock({ $0 }) { throw problem }
}

/// Calls `body` on each of up to `size` threads.
private func runTeam(_ size: Int, _ body: @escaping () -> Void) {
  let job = Job(body)
  unsafe suture_team_run(
    { argument in
      if let argument = unsafe argument {
        unsafe Unmanaged<Job>.fromOpaque(argument).takeUnretainedValue().body()
      }
    }, Unmanaged.passUnretained(job).toOpaque(), CInt(clamping: size))
  withExtendedLifetime(job) {}
}

/// What C can carry to another thread.
private final class Job {
  let body: () -> Void
  init(_ body: @escaping () -> Void) { self.body = body }
}
