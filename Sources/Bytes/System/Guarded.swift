internal import Glibc

/// A value that one thread at a time may touch.
///
/// The standard library's `Mutex` does the same, but ThreadSanitizer cannot see into it, and takes everything behind one
/// for a race; it understands POSIX's.
@safe public final class Guarded<Value>: @unchecked Sendable {
  private var value: Value
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>

  public init(_ value: Value) {
    self.value = value
    unsafe mutex = .allocate(capacity: 1)
    unsafe pthread_mutex_init(mutex, nil)
  }

  deinit {
    unsafe pthread_mutex_destroy(mutex)
    unsafe mutex.deallocate()
  }

  /// Calls `body` with the value, which must not come out of it in part.
  public func withLock<R>(_ body: (inout Value) throws -> R) rethrows -> R {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    return try body(&value)
  }

  /// The value, which is made by whoever asks first.
  public func made<Made>(_ make: () throws -> Made) rethrows -> Made where Value == Made? {
    try withLock { value in
      if let value { return value }
      let made = try make()
      value = made
      return made
    }
  }
}
