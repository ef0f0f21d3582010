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

/// The C function is `pwrite`.
func writeOnce(_ descriptor: CInt, _ source: UnsafeRawPointer?, _ count: Int, at offset: Int) -> Int {
  retrying {
    guard let count = Faults.disturb(count) else { return -1 }
    return unsafe pwrite(descriptor, source, count, off_t(offset))
  }
}

/// The C function is `write`.
func writeOnce(_ descriptor: CInt, _ source: UnsafeRawPointer?, _ count: Int) -> Int {
  retrying {
    guard let count = Faults.disturb(count) else { return -1 }
    return unsafe write(descriptor, source, count)
  }
}
