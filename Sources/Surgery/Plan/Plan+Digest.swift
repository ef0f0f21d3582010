internal import SutureBytes
internal import SutureJSON
internal import SutureTensors

extension Plan {
  /// The SHA-256 of all that the plan says: the input's names, dtypes and shapes, the steps, and for each tensor of the
  /// output its name, dtype, shape, origins, and which others it shares its storage with.
  ///
  /// The same steps on a file of the same names and shapes have the same digest, wherever it lies.
  public var digest: String {
    var text: [UInt8] = []
    func add(_ value: JSONValue) { text += JSONWriter.bytes(value) + [UInt8(ascii: "\n")] }
    func sizes(_ tensor: Tensor) -> JSONValue { .array(tensor.shape.map { .integer($0) }) }
    add("suture.plan/2")
    for entry in input.entries {
      add([.string(entry.name), .string(entry.tensor.dtype.rawValue), sizes(entry.tensor)])
    }
    for record in records { add(record.json) }
    var places: [ObjectIdentifier: Int] = [:]
    for (entry, origins) in zip(output.entries, origins) {
      let id = ObjectIdentifier(entry.tensor.storage)
      let place = places[id] ?? places.count
      places[id] = place
      add([
        .string(entry.name), .string(entry.tensor.dtype.rawValue), sizes(entry.tensor),
        .array(origins.map { .string($0) }), .integer(place),
      ])
    }
    var digest = SHA256()
    digest.update(text)
    return "sha256:" + digest.hexadecimal()
  }
}
