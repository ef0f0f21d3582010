internal import SutureBytes
internal import SuturePickle
internal import SutureText

/// Pickles that follow one another, with other data between them, as torch 0.1 wrote them.
struct Pickles {
  let source: any ByteSource
  /// Where the next one begins.
  var position = 0
  private let limits: PickleLimits

  init(_ source: any ByteSource, _ limits: PickleLimits) { (self.source, self.limits) = (source, limits) }

  private var location: PickleLocation { PickleLocation(path: source.name, start: position) }

  /// Reads the pickle at ``position``, and moves past it.
  ///
  /// - Throws: `Failure`, also where it names something that would run code in Python.
  mutating func next() throws -> PickleGraph {
    let graph: PickleGraph
    do { graph = try Unpickler.load(source, at: position, limits: limits) } catch let error as PickleError {
      throw location.failure(error, usually: "the file is damaged or cut short")
    }
    try graph.refuseUnsafe(location)
    position += graph.streamByteCount
    return graph
  }

  /// Reads a pickle that says how many of something follow.
  mutating func count(_ what: String) throws -> Int {
    let graph = try next()
    guard let count = graph.int(graph.root), (0...source.byteCount).contains(count) else {
      throw Failure(
        in: source.name, at: position, "the number of \(what) is not a number",
        remedies: ["the file is damaged or cut short"])
    }
    return count
  }
}
