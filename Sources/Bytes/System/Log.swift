internal import SutureText

/// What the program does, for those who look into it: `SUTURE_LOG=debug` writes it to standard error.
public enum Log {
  /// Whether anybody listens.
  public static let isOn = CurrentProcess.environment("SUTURE_LOG") == "debug"

  /// Writes a line that acts on no terminal, with the seconds since the first.
  ///
  /// - Parameter message: is not made where nobody listens.
  public static func debug(_ message: @autoclosure () -> String) {
    guard isOn else { return }
    let seconds = Int((CurrentProcess.seconds - start) * 1_000_000)
    let fraction = String(seconds % 1_000_000)
    let padded = String(repeating: "0", count: 6 - fraction.count) + fraction
    try? StandardStream.error.write("debug \(seconds / 1_000_000).\(padded) \(message().visible)\n")
  }

  private static let start = CurrentProcess.seconds
}
