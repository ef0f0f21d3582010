internal import CSuturePeak
internal import SutureBytes

/// What this machine can compute at most, measured.
package enum MachinePeak {
  /// How many threads the fast engine runs: `OMP_NUM_THREADS`, or one for each processor at hand.
  public static var threads: Int { CompilerContext.threads }

  /// Floating-point operations a second of bare multiply-adds in registers, on all of the engine's threads, over some 20
  /// milliseconds; 0 on a processor whose instructions are not known here.
  ///
  /// That long, as a pass of a network is: in single milliseconds a processor that others share is now faster and now slower.
  public static func measure(_ precision: Precision) -> Double {
    let lanes = CInt((try? InstructionSet.chosen() ?? .plain)?.lanes ?? 4)
    let threads = threads
    let total = Guarded(0.0)
    let start = now
    concurrently(threads, workers: threads) { _ in
      let rounds = Int64(8_000_000)
      let done =
        precision == .float32 ? suture_peak_float32(rounds, lanes) : suture_peak_bfloat16(rounds)
      total.withLock { $0 += done }
    }
    return total.withLock { $0 } / (now - start)
  }
}
