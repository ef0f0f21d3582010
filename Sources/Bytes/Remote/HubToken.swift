/// The token with which the Hugging Face Hub knows its user.
enum HubToken {
  /// `HF_TOKEN`, or what `hf auth login` has left; `nil` where there is none.
  static var value: String? {
    if let token = CurrentProcess.environment("HF_TOKEN"), !token.isEmpty { return clean(token) }
    guard let path, let file = try? FileSource(path), file.byteCount <= 4096,
      let bytes = try? file.bytes(0..<file.byteCount)
    else { return nil }
    return clean(String(decoding: bytes, as: UTF8.self))
  }

  private static var path: String? {
    func variable(_ name: String) -> String? {
      CurrentProcess.environment(name).flatMap { $0.isEmpty ? nil : $0 }
    }
    if let path = variable("HF_TOKEN_PATH") { return path }
    if let home = variable("HF_HOME") { return home + "/token" }
    if let cache = variable("XDG_CACHE_HOME") { return cache + "/huggingface/token" }
    return variable("HOME").map { $0 + "/.cache/huggingface/token" }
  }

  /// A token goes into a line of a header: it is printable, and one word.
  private static func clean(_ text: String) -> String? {
    let token = text.utf8.drop { $0 <= 32 }.reversed().drop { $0 <= 32 }.reversed()
    guard !token.isEmpty, token.allSatisfy({ $0 > 32 && $0 < 127 }) else { return nil }
    return String(decoding: Array(token), as: UTF8.self)
  }
}
