internal import SutureBytes
internal import SuturePickle
internal import SutureTensors
internal import SutureText

/// A file that `pickle.dump` wrote, with no container around it.
///
/// Tensors in it carry their storages with them, arrays their bytes.
enum PickleFile: CheckpointFormat {
  static let suffixes = [".pkl"]

  static func open(_ input: CheckpointInput) throws -> Checkpoint? {
    // Without PROTO, a letter or two may be a pickle by chance.
    guard let file = input.file, let graph = try input.pickle(),
      input.head[0] == 0x80 || graph.streamByteCount >= 4
    else { return nil }
    // The bytes of an array may happen to end the pickle.
    if graph.names.contains(where: { $0.qualified == "joblib.numpy_pickle.NumpyArrayWrapper" }) {
      throw ForeignFile.joblib(input.name)
    }
    let object = PickledObject(
      graph: graph, location: PickleLocation(path: input.name), references: NoReferences(path: input.name),
      limits: input.limits)
    let rest = file.byteCount - graph.streamByteCount
    let others = try OtherPickles(
      in: file, from: graph.streamByteCount, PickleLocation(path: input.name), input.limits)
    var contents = try object.contents(
      key: input.key,
      warnings: rest > 0 ? ["\(rest) bytes follow the end of the pickle, and are ignored"] : [])
    contents.add(others)
    return Checkpoint(input, .pickle, contents)
  }
}

extension Checkpoint.Container {
  public static let pickle = Self(rawValue: "pickle")
}
