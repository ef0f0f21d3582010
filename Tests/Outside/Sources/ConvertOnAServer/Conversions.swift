import Suture

/// What a client is told: a status of HTTP, and a line of text.
struct Answer: Sendable {
  let status: Int
  let text: String
}

/// Turns uploads into safetensors, for whatever speaks HTTP in front of it.
struct Conversions: Sendable {
  let folder: String
  /// What an upload may hold at most, before a byte of it is looked at.
  var largest = 10_000_000_000

  /// Converts an upload that lies on the disk; nothing appears in the folder where it cannot be done.
  func answer(to upload: String, named name: String) -> Answer {
    do {
      guard try FileSource(upload).byteCount <= largest else {
        return Answer(status: 413, text: "more than \(largest) bytes")
      }
      var request = WriteRequest(to: "\(folder)/\(name).safetensors")
      request.shared = .alias
      request.extras = .drop
      // An upload's provenance would tell the server's paths, and one upload is not to take all processors.
      (request.recordsProvenance, request.workers) = (false, 1)
      var conversion = Conversion(of: upload, request)
      conversion.limits = Self.limits
      let report = try conversion.run()
      return Answer(status: 200, text: "\(report.tensorCount) tensors, \(report.byteCount) bytes")
    } catch let error as any SutureError {
      return Answer(status: Self.status(of: error.kind), text: error.reason)
    } catch {
      return Answer(status: 500, text: "\(error)")
    }
  }

  /// Less than a person at a terminal may ask for: see ``ReadLimits``.
  private static var limits: ReadLimits {
    var limits = ReadLimits()
    (limits.depth, limits.paths, limits.records) = (100, 100_000, 100_000)
    limits.pickle.values = 1_000_000
    return limits
  }

  /// Whose fault it is: 4xx where another upload would do, 5xx where it is ours.
  private static func status(of kind: FailureKind) -> Int {
    switch kind {
    case .usage, .refused, .doesNotFit: 400
    case .unreadable: 415
    case .unsafe: 422
    case .cannotWrite: 507
    case .remote: 502
    @unknown default: 500
    }
  }
}
