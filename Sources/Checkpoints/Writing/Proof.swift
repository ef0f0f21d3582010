internal import SutureTensors
internal import SutureText

/// Reads a file that was written, and compares every tensor with what it should be.
enum Proof {
  /// - Parameter progress: is told how many more bytes of tensors have been compared.
  /// - Throws: `Failure`, or what reading throws.
  static func check(_ path: String, _ file: WritePlan.File, progress: (Int) -> Void = { _ in }) throws {
    func fail(_ reason: String) -> Failure {
      Failure(
        in: file.path, "it did not turn out as it should: \(reason)",
        remedies: ["the disk or the memory of this machine may be failing"], kind: .cannotWrite)
    }
    let written = try Checkpoint.open(path, key: ".").stateDict
    for entry in file.expected.entries {
      let name = (file.place + [entry.name]).joined(separator: ".")
      guard let tensor = written[name] else { throw fail("\(name) is missing") }
      guard tensor.dtype == entry.tensor.dtype, tensor.shape == entry.tensor.shape else {
        throw fail(
          "\(name) is \(tensor.dtype) \(tensor.shape), not \(entry.tensor.dtype) \(entry.tensor.shape)")
      }
      let pairs = zip(entry.tensor.views, tensor.views)
      guard entry.tensor.views.count == tensor.views.count,
        try pairs.allSatisfy({ try $0.sha256() == $1.sha256() })
      else { throw fail("the bytes of \(name) are not those of the source") }
      progress(tensor.byteCount)
    }
  }
}
