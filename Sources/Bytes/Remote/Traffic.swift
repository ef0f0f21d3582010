internal import Synchronization

/// What this process has asked servers for.
public enum Traffic {
  private static let requested = Atomic(0)
  private static let received = Atomic(0)

  static func count(requests: Int) { requested.wrappingAdd(requests, ordering: .relaxed) }
  static func count(bytes: Int) { received.wrappingAdd(bytes, ordering: .relaxed) }

  /// How many requests were made, redirections and repetitions among them.
  public static var requests: Int { requested.load(ordering: .relaxed) }

  /// How many bytes of files came.
  public static var bytesRead: Int { received.load(ordering: .relaxed) }
}
