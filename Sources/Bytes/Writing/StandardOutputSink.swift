/// Standard output as the place for a file.
///
/// It gets bytes in order and can take none back: whoever reads them must wait for the exit code.
public final class StandardOutputSink: ByteSink {
  private var pending: [UInt8] = []

  private static let bufferSize = 1 << 17

  public init() {}

  /// Writes the file that `plan` describes.
  public func write(_ plan: OutputPlan, progress: (Int) -> Void) throws {
    try plan.write(to: self, progress: progress)
    try flush()
  }

  public func write(_ bytes: [UInt8], count: Int) throws {
    pending.append(contentsOf: bytes[..<count])
    if pending.count >= Self.bufferSize { try flush() }
  }

  private func flush() throws {
    try unsafe pending.withUnsafeBytes {
      try unsafe writeAll($0, $0.count, to: 1, name: "standard output")
    }
    pending.removeAll(keepingCapacity: true)
  }
}
