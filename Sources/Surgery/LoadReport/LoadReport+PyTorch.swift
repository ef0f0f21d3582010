extension LoadReport {
  /// The text of PyTorch's own `RuntimeError`; `nil` where the load succeeds.
  ///
  /// - Parameter model: the class of the model, where it is known.
  public func errorText(model: String? = nil) -> String? {
    if passed { return nil }
    var lines = ["Error(s) in loading state_dict for \(model ?? "the model"):"]
    if !missing.isEmpty { lines.append("Missing key(s) in state_dict: \(Self.quoted(missing)). ") }
    if !unexpected.isEmpty { lines.append("Unexpected key(s) in state_dict: \(Self.quoted(unexpected)). ") }
    for mismatch in mismatched {
      lines.append(
        "size mismatch for \(mismatch.name): copying a param with shape \(Self.size(mismatch.found)) from "
          + "checkpoint, the shape in current model is \(Self.size(mismatch.expected)).")
    }
    return lines.joined(separator: "\n\t")
  }

  private static func quoted(_ names: [String]) -> String {
    names.map { "\"\($0)\"" }.joined(separator: ", ")
  }

  private static func size(_ shape: [Int]) -> String {
    "torch.Size([\(shape.map(String.init).joined(separator: ", "))])"
  }
}
