internal import SutureBytes

extension WritePlan {
  /// Whether all that is planned stands there already, as far as can be told without its tensors: the sizes of the files
  /// to the byte, and everything in them that is no tensor.
  public func isThere() throws -> Bool {
    for file in files where !(try Self.isThere(file.path, file.output)) { return false }
    guard let index else { return true }
    return try Self.isThere(index.path, try OutputPlan([.init(MemoryPayload(index.bytes))]))
  }

  private static func isThere(_ path: String, _ plan: OutputPlan) throws -> Bool {
    guard pathExists(path), let file = try? FileSource(path), file.byteCount == plan.byteCount else {
      return false
    }
    return try plan.agrees(with: file)
  }

  /// Whether every tensor that stands there is what it should be, by its hash.
  public func isProven() -> Bool {
    files.allSatisfy { file in (try? Proof.check(file.path, file)) != nil }
  }
}
