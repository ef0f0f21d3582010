internal import SutureBytes
internal import SuturePickle
internal import SutureTensors
internal import SutureText

/// A file that `pickle.dump` wrote, with no container around it.
///
/// Tensors in it carry their storages with them, arrays their bytes.
struct BarePickle: References {
  private let path: String

  static func contents(
    _ source: any ByteSource, _ graph: PickleGraph, key: String?, limits: ReadLimits
  ) throws -> PickledObject.Contents {
    let object = PickledObject(
      graph: graph, location: PickleLocation(path: source.name), references: BarePickle(path: source.name),
      limits: limits)
    let rest = source.byteCount - graph.streamByteCount
    return try object.contents(
      key: key, warnings: rest > 0 ? ["\(rest) bytes follow the end of the pickle, and are ignored"] : [],
      arraysCount: true)
  }

  func storage(_ reference: StorageReference) throws -> Storage {
    throw Failure(
      in: path, "a bare pickle refers to storage \(reference.key.prefix(40)), which is not in it",
      remedies: ["was it data.pkl of an archive? open the whole archive"])
  }
}
