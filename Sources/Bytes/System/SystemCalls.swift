internal import CSutureSystem
internal import Glibc

// The calls that move bytes, the only place that makes them. In debug builds they can be made to fail as they do once
// in a long while: see ``Faults``.

/// Repeats a system call that a signal interrupted.
func retrying(_ call: () -> Int) -> Int {
  while true {
    let result = call()
    if result == -1 && suture_errno() == EINTR { continue }
    return result
  }
}

/// The C function is `pread`.
func readOnce(_ descriptor: CInt, _ target: UnsafeMutableRawPointer?, _ count: Int, at offset: Int) -> Int {
  retrying {
    guard let count = Faults.disturb(count) else { return -1 }
    return unsafe pread(descriptor, target, count, off_t(offset))
  }
}

/// Writes the first `count` of `bytes`: from `offset` of a file on, or to a stream.
///
/// - Throws: ``SystemError``, in which the file or the stream is called `name`.
func writeAll(
  _ bytes: UnsafeRawBufferPointer, _ count: Int, to descriptor: CInt, at offset: Int? = nil, name: String
) throws {
  var done = 0
  while done < count {
    let source = unsafe bytes.baseAddress.map { unsafe $0 + done }
    let put = retrying {
      guard let part = Faults.disturb(count - done) else { return -1 }
      guard let offset else { return unsafe write(descriptor, source, part) }
      return unsafe pwrite(descriptor, source, part, off_t(offset + done))
    }
    if put < 0 { throw SystemError.last("write", name) }
    done += put
  }
}

/// Lets the thread sleep.
func pause(_ seconds: Double) {
  var time = timespec(tv_sec: Int(seconds), tv_nsec: Int((seconds - Double(Int(seconds))) * 1e9))
  unsafe nanosleep(&time, nil)
}
