/// The version of this library and of the command, as `--version` prints it and provenance records it.
public enum SutureVersion {
  public static let text = "0.2.0"

  /// What provenance calls the tool.
  static let tool = "suture \(text)"
}
