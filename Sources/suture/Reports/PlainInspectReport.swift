internal import SutureCheckpoints
internal import SutureTensors
internal import SutureText
internal import SutureWorkflows

extension Inspection {
  /// A line for each thing in the file, which depends on nothing else in it and on nothing outside: so that of two versions of
  /// a file those lines differ that tell of what differs.
  var plainLines: [String] {
    get throws {
      var lines = ["format \(checkpoint.container.rawValue)"]
      if !checkpoint.wrapper.isEmpty {
        lines.append("weights under \(Format.name(checkpoint.wrapper.joined(separator: ".")))")
      }
      lines += checkpoint.stateDict.metadata.map {
        "metadata \(Format.name($0.key)) = \(Format.name($0.value))"
      }
      for entry in shown { lines.append(try line(entry)) }
      lines += checkpoint.stateDict.sharing.map { group in
        "shared \(group.kind.rawValue): \(group.names.map(Format.name).joined(separator: ", "))"
      }
      lines += checkpoint.extras.map {
        "value \(Format.name($0.path)) \(Format.name($0.kind)) \(Format.name($0.value))"
      }
      lines += checkpoint.globals.filter { $0.judgement != .known }.map {
        "name \(Format.name($0.name)) \($0.judgement)\($0.isCalled ? ", called" : "")"
      }
      return lines
    }
  }

  private func line(_ entry: StateDict.Entry) throws -> String {
    let tensor = entry.tensor
    var line = "tensor \(Format.name(entry.name)) \(tensor.dtype.rawValue) \(Format.shape(tensor.shape))"
    if let layout = tensor.layout.name { line += " \(layout)" }
    if measures, tensor.hasStatistics {
      let found = try tensor.statistics()
      let numbers = [
        ("min", found.minimum), ("max", found.maximum), ("mean", found.mean), ("std", found.deviation),
      ]
      for (name, number) in numbers { line += " \(name) \(number.map(Format.significant) ?? "–")" }
      for (name, count) in [("nan", found.nanCount), ("inf", found.infinityCount)] where count > 0 {
        line += " \(name) \(count)"
      }
    }
    if hashes, tensor.hasElements { line += " sha256 \(try tensor.sha256())" }
    return line
  }
}
