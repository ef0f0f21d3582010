internal import SutureText
internal import SutureWorkflows

/// What an error means to the person who sees it, and to the program that reads the exit code.
struct Diagnosis: SutureError {
  let kind: FailureKind
  let place: FailurePlace
  let reason: String
  var remedies: [Remedy]

  init(_ error: any Error) {
    let known = error as? any SutureError ?? Failure(.unreadable, "\(error)")
    (kind, place, reason, remedies) = (known.kind, known.place, known.reason, known.remedies)
  }

  var code: ExitCode { .failure(kind) }

  /// The place and the reason.
  var message: String { place.description.isEmpty ? reason : "\(place): \(reason)" }

  /// The remedies in the words of the command line.
  var hints: [String] { remedies.map(Self.words) }

  private static func words(_ remedy: Remedy) -> String {
    switch remedy {
    case .advice(let text): text
    case .setting(let name, let value?, let effect): "--\(name) \(value) \(effect)"
    case .setting(let name, nil, let effect): "--\(name) \(effect)"
    }
  }

  /// The schema `suture.error/1`.
  ///
  /// - Parameters:
  ///   - more: what the command knows of it besides.
  ///   - code: with which the process ends, where that is not what the kind stands for.
  func report(_ more: JSONObject = [:], code: ExitCode? = nil) -> JSONReport {
    JSONReport(
      "suture.error/1",
      more + [
        "kind": kind.rawValue, "exit_code": Int((code ?? self.code).rawValue),
        "place": [
          "file": place.file, "record": place.record, "byte_offset": place.byteOffset, "path": place.path,
          "line": place.line, "column": place.column,
        ] as JSONObject,
        "reason": reason,
        "remedies": remedies.map { remedy -> JSONObject in
          guard case .setting(let name, let value, let effect) = remedy else {
            return ["text": Self.words(remedy)]
          }
          return ["text": Self.words(remedy), "setting": name, "value": value, "effect": effect]
        },
      ])
  }
}
