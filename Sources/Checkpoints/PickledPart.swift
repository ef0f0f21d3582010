internal import SutureBytes
internal import SuturePickle
internal import SutureTensors
internal import SutureText
internal import SutureZipArchive

/// The object of one of several files that are a checkpoint together: what it holds is for the format of the whole to say.
struct PickledPart {
  let object: PickledObject
  var globals: [Checkpoint.Global]
  var warnings: [String] = []
  /// The calls that do harm, where such a file is to be salvaged, and what is made of them.
  private let tainted: Set<PickleID>

  /// - Throws: `Failure` where the pickle calls something harmful.
  init(_ object: PickledObject) throws {
    self.object = object
    try object.checkSafety()
    let judgement = GlobalJudgement(object.graph, object.location)
    globals = judgement.globals
    tainted = judgement.harmfulCalls.isEmpty ? [] : judgement.tainted
    if !judgement.harmfulCalls.isEmpty {
      warnings.append(
        "\(object.location.path.visible) calls \(judgement.sentence): what depends on it is left out")
    }
    try object.tensors.checkReferences()
  }

  /// Whether there is nothing to say about it beside what it holds.
  var isPlain: Bool { tainted.isEmpty && warnings.isEmpty }

  var graph: PickleGraph { object.graph }
  var root: PickleID { object.graph.root }

  /// Everything that stands at the end of a path through the object.
  ///
  /// - Parameter place: the keys that lead to the object in the whole.
  func leaves(under place: [String] = []) throws -> [Leaf] {
    var walk = LeafWalk(object, leavingOut: tainted)
    try walk.run()
    return place.isEmpty ? walk.leaves : walk.leaves.map { $0.moved(under: place) }
  }

  /// The tensor that a value is.
  func tensor(_ id: PickleID) throws -> Tensor {
    if tainted.contains(id) {
      throw object.location.failure(
        "a tensor depends on what a harmful call makes", at: graph.offset(of: id), kind: .unsafe)
    }
    return try object.tensors.tensor(id)
  }

  /// What `torch.save` wrote into `source`.
  ///
  /// - Throws: `Failure` where it is no such file, damaged or unsafe.
  static func open(_ source: any ByteSource, _ limits: ReadLimits) throws -> PickledPart {
    guard try source.bytes(0..<min(4, source.byteCount)) == ForeignFile.zipMagic else {
      throw Failure(
        in: source.name, "it does not begin as the zip archive that torch.save writes",
        remedies: ["the file is damaged, or incomplete: fetch it again"])
    }
    let archive = try ArchiveReader(source, recordLimit: limits.records, inflation: limits.inflation)
    return try TorchZipFile(archive, limits: limits).part()
  }
}

extension Leaf {
  func moved(under place: [String]) -> Leaf {
    Leaf(
      components: place + components, content: content, kind: kind, text: text,
      opaqueDepths: opaqueDepths.map { $0 + place.count }, isOfAttribute: isOfAttribute, id: id)
  }

  /// A tensor that was put together.
  init(_ components: [String], _ tensor: Tensor) {
    self.init(components: components, content: .tensor(tensor), kind: "tensor", opaqueDepths: [])
  }
}
