internal import Glibc

/// The process's own streams.
public enum StandardStream: CInt, Sendable {
  case input = 0
  case output = 1
  case error = 2

  /// What stands for it where a path would.
  var name: String { ["standard input", "standard output", "standard error"][Int(rawValue)] }

  /// Whether a person is likely to be looking.
  public var isTerminal: Bool { isatty(rawValue) == 1 }

  /// The terminal's width in columns, where there is one.
  public var columns: Int? { size.map(\.columns) }

  /// How large the terminal is, where there is one that says so.
  public var size: (columns: Int, rows: Int)? {
    var size = winsize()
    guard unsafe ioctl(rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return (Int(size.ws_col), size.ws_row > 0 ? Int(size.ws_row) : 24)
  }

  /// Writes all of `text`.
  ///
  /// - Throws: ``SystemError``; with ``SystemError/isBrokenPipe`` where the reader went away.
  public func write(_ text: String) throws {
    var text = text
    try text.withUTF8 { try unsafe write(UnsafeRawBufferPointer($0)) }
  }

  /// Writes all of `bytes`.
  ///
  /// - Throws: what ``write(_:)-(String)`` throws.
  public func write(_ bytes: [UInt8]) throws {
    try unsafe bytes.withUnsafeBytes { try unsafe write($0) }
  }

  private func write(_ bytes: UnsafeRawBufferPointer) throws {
    try unsafe writeAll(bytes, bytes.count, to: rawValue, name: name)
  }
}

/// What the command needs from the process around it.
public enum CurrentProcess {
  /// The value of an environment variable.
  public static func environment(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }

  /// Makes a write to a closed pipe an error instead of the process's silent end.
  public static func ignoreBrokenPipes() { _ = signal(SIGPIPE, SIG_IGN) }

  /// Names the time zone's file where the environment does not.
  ///
  /// Otherwise the C library looks for it anew at each date that libzip turns into local time: once a record.
  public static func nameTimeZone() { unsafe setenv("TZ", ":/etc/localtime", 0) }

  /// Ends the process.
  public static func exit(_ code: Int32) -> Never { Glibc.exit(code) }

  private static let kept = Guarded<(any Sendable)?>(nil)

  /// Keeps a value until the process ends, in place of the one before: taking hundreds of thousands of objects apart takes time,
  /// and nobody waits for their memory.
  public static func keep(_ value: any Sendable) { kept.withLock { $0 = value } }

  /// Seconds on a clock that only goes forward.
  public static var seconds: Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
