internal import CSuturePeak
internal import SutureBytes

/// What this machine can compute at most, measured.
package enum MachinePeak {
  /// How many threads the fast engine runs: `OMP_NUM_THREADS`, or one for each processor at hand.
  public static var threads: Int { CompilerContext.threads }

  /// Floating-point operations a second of bare multiply-adds in registers, on all of the engine's threads.
  ///
  /// The best of some rounds of a few milliseconds; 0 on a processor whose instructions are not known here.
  public static func measure(_ precision: Precision) -> Double {
    let lanes = CInt((try? InstructionSet.chosen() ?? .plain)?.lanes ?? 4)
    let threads = threads
    var best = 0.0
    for _ in 0..<8 {
      let total = Guarded(0.0)
      let start = now
      concurrently(threads, workers: threads) { _ in
        let rounds = Int64(1_000_000)
        let done =
          precision == .float32 ? suture_peak_float32(rounds, lanes) : suture_peak_bfloat16(rounds)
        total.withLock { $0 += done }
      }
      best = max(best, total.withLock { $0 } / (now - start))
    }
    return best
  }
}
