internal import Glibc

/// Makes system calls stumble in debug builds: calls that a signal interrupts, and reads and writes that do only a part.
///
/// The environment variable `SUTURE_FAULTS` holds a seed; without it, and in release builds, nothing stumbles.
enum Faults {
  #if DEBUG
  private static let generator = Guarded<UInt64>(
    CurrentProcess.environment("SUTURE_FAULTS").flatMap { UInt64($0) } ?? 0)

  /// Begins to stumble, as the seed decides; 0 ends it.
  static func inject(seed: UInt64) { generator.withLock { $0 = seed } }

  /// How many of `count` bytes to ask for; `nil`, with `errno` set, where a signal comes between.
  static func disturb(_ count: Int) -> Int? {
    let dice: UInt64 = generator.withLock { state in
      if state == 0 { return 7 }
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 33
    }
    switch dice % 8 {
    case 0:
      errno = EINTR
      return nil
    case 1, 2: return count > 1 ? 1 + Int(dice / 8) % (count - 1) : count
    default: return count
    }
  }
  #else
  @inline(__always) static func disturb(_ count: Int) -> Int? { count }
  #endif
}
