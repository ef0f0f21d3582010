internal import SutureBytes
internal import SuturePickle
internal import SutureText

/// The pickles of a file that hold none of its tensors: what follows another's STOP, or lies in a record of its own.
///
/// Python may come to load them, so they are judged like the one that counts.
struct OtherPickles {
  private(set) var globals: [Checkpoint.Global] = []
  /// Where the last of them ends.
  private(set) var end: Int
  /// What begins as a pickle and cannot be read as one to its end, so that it is not known what it calls.
  private(set) var unread: Integrity.Problem?

  /// As many pickles as anyone writes one behind the other.
  private static let most = 1000

  /// Reads pickles one behind the other from `start`, until something is none.
  ///
  /// - Throws: `Failure` where one calls something harmful.
  init(in source: any ByteSource, from start: Int, _ location: PickleLocation, _ limits: ReadLimits) throws {
    end = start
    var count = 0
    while end < source.byteCount {
      count += 1
      let (graph, fault) = try Unpickler.prefix(of: source, at: end, limits: limits.pickle)
      var place = location
      place.start += end
      // Python does what stands before a fault.
      try graph.refuseHarm(place, limits)
      if fault == nil, count <= Self.most {
        globals.merge(GlobalJudgement(graph, place).globals)
        end += graph.streamByteCount
        continue
      }
      // Any byte may begin a pickle of an old protocol, but few begin with a protocol that Python has.
      let head = try source.bytes(end..<min(end + 2, source.byteCount))
      let isMeant = head.count == 2 && head[0] == 0x80 && (2...5).contains(head[1])
      guard isMeant || end == 0 && location.record.map(Self.isNamedForMacOS) == false else { return }
      globals.merge(GlobalJudgement(graph, place).globals)
      let name = location.record ?? location.path
      let reason = fault.map { "byte \($0.offset): \($0.reason)" } ?? "it follows \(Self.most) others"
      let sentence =
        "\(end > 0 ? "what follows a pickle" : "it") cannot be read as a pickle, so what it "
        + "calls is not known (\(reason))"
      unread = Integrity.Problem(
        kind: .unreadable, place: name, message: "\(name.shownName): \(sentence)", reason: sentence,
        extent: place.place(at: 0).fileOffset.map { FileExtent(location.path, $0..<$0) })
      return
    }
  }
}

extension OtherPickles {
  /// Whether a record is what macOS puts beside a file into an archive, under the same name: its attributes, no pickle.
  fileprivate static func isNamedForMacOS(_ record: String) -> Bool {
    record.hasPrefix("__MACOSX/") || record.split(separator: "/").last?.hasPrefix("._") == true
  }
}

extension PickledObject.Contents {
  /// Adds what other pickles of the file name, and which cannot be read.
  mutating func add(_ others: OtherPickles) {
    globals.merge(others.globals)
    guard let unread = others.unread else { return }
    unreadPickles.append(unread)
    warnings.append(unread.message)
  }
}
