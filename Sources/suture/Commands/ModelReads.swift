internal import SutureBytes
internal import SutureModelRuntime
internal import SutureText

/// Which keys a forward pass of a YOLOv5 reads that is built of a model file.
struct ModelReads {
  let path: String
  private let isRead: [ExactString: Bool]

  init(_ path: String) throws {
    self.path = path
    let expected = try ModelFile(path: path).expectedTensors()
    isRead = Dictionary(expected.map { (ExactString($0.name), $0.isRead) }) { first, _ in first }
  }

  /// `nil` where the model has no such key.
  subscript(name: String) -> Bool? { isRead[ExactString(name)] }
}
