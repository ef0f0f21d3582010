internal import SuturePickle

extension PickleError {
  /// What to do about it.
  func hints(_ usual: String) -> [String] {
    isLimit
      ? ["a bomb, or not a checkpoint; --limit NAME=N allows more, --limit help lists the names"] : [usual]
  }
}

/// Where a pickle lies, for errors.
struct PickleLocation {
  let path: String
  /// The record of the archive that holds it.
  var record: String?
  /// Where it begins in the record or, without one, in the file.
  var start = 0

  func error(
    _ reason: String, at offset: Int, hints: [String], kind: CheckpointError.Kind = .unreadable
  ) -> CheckpointError {
    CheckpointError(path, record: record, "byte \(start + offset): \(reason)", hints: hints, kind: kind)
  }
}
