internal import SuturePickle
internal import SutureText

/// Where a pickle lies, for errors.
struct PickleLocation {
  let path: String
  /// The record of the archive that holds it.
  var record: String?
  /// Where the record begins in the file; `nil` where that is not known, or its bytes are not there as they are.
  var recordStart: Int?
  /// Where it begins in the record or, without one, in the file.
  var start = 0

  /// - Parameter offset: counted from the start of the pickle.
  func place(at offset: Int?) -> FailurePlace {
    let byteOffset = offset.map { start + $0 }
    let fileOffset = recordStart.flatMap { start in byteOffset.map { start + $0 } }
    return FailurePlace(file: path, record: record, byteOffset: byteOffset, fileOffset: fileOffset)
  }

  /// - Parameter offset: counted from the start of the pickle.
  func failure(
    _ reason: String, at offset: Int? = nil, remedies: [Remedy] = [], kind: FailureKind = .unreadable
  ) -> Failure {
    Failure(kind, at: place(at: offset), reason, remedies: remedies)
  }

  /// What is wrong with the stream itself.
  ///
  /// - Parameters:
  ///   - what: which of several pickles it is.
  ///   - usual: what to do where it asks for no more than it may.
  func failure(_ error: PickleError, of what: String? = nil, usually usual: Remedy) -> Failure {
    failure(
      (what.map { "\($0), " } ?? "") + error.reason, at: error.offset,
      remedies: error.isLimit ? error.remedies : [usual], kind: error.kind)
  }
}
