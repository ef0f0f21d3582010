internal import SutureCheckpoints
internal import SutureTensors
internal import SutureText

/// What is said about every file that is opened.
enum Notes {
  /// - Parameter keepsExtras: whether everything beside the state dict goes on too.
  static func opened(_ checkpoint: Checkpoint, keepsExtras: Bool = false) {
    let dict = checkpoint.stateDict
    Console.note(
      "read   \(checkpoint.path)  \(checkpoint.container.rawValue)\(place(checkpoint)): "
        + "\(Format.plural(dict.count, "tensor")), \(Format.plural(dict.elementCount, "element")), "
        + Format.bytes(dict.byteCount))
    if !keepsExtras {
      for candidate in checkpoint.candidates { Console.note("       not taken: \(offer(candidate))") }
    }
    if !checkpoint.extras.isEmpty {
      let what = "\(Format.plural(checkpoint.extras.count, "value")) outside the state dict"
      Console.note(
        "       \(keepsExtras ? "kept" : "left out"): \(what) (suture inspect --extras lists them)")
    }
    for warning in checkpoint.warnings { Console.warning(warning) }
  }

  static func place(_ checkpoint: Checkpoint) -> String {
    var parts: [String] = []
    if let world = checkpoint.sharding?.world { parts.append("of \(Format.plural(world, "rank"))") }
    if let step = checkpoint.sharding?.step { parts.append("step \(Format.name(step))") }
    if !checkpoint.wrapper.isEmpty {
      parts.append("weights under \"\(checkpoint.wrapper.joined(separator: "."))\"")
    }
    return parts.map { ", \($0)" }.joined()
  }

  static func offer(_ candidate: Checkpoint.Candidate) -> String {
    "\(candidate.path) (\(Format.plural(candidate.tensorCount, "tensor"))); --key \(candidate.path) takes it"
  }
}
