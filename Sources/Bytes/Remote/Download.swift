internal import SutureText

/// What a server says a file is: whoever asks again gets the same file only where this is the same.
struct RemoteIdentity: Equatable, Sendable {
  /// `nil` where the server does not say how long the file is.
  let byteCount: Int?
  let entityTag: String?
  let lastModified: String?

  /// What `If-Range` may hold: a strong entity tag, or a date.
  var validator: String? {
    entityTag.flatMap { $0.hasPrefix("W/") ? nil : $0 } ?? lastModified
  }

  /// Whether this is for certain the file that was begun as `other`.
  func continues(_ other: RemoteIdentity?) -> Bool {
    guard let validator = other?.validator, let other else { return false }
    return (validator == entityTag || validator == lastModified) && byteCount == other.byteCount
  }
}

/// The answer to one request, redirections followed and passing faults waited out, whose body is yet to be read.
///
/// An address is asked anew for each request: where it leads to may hold for one range only.
struct Download {
  let connection: Connection
  let status: Int
  /// The bytes that the body is; `nil` where the server does not say how many.
  let range: Range<Int>?
  let identity: RemoteIdentity
  /// The SHA-256 of the file in the Hub's own record, which stands in the answer that redirects.
  let recordedSHA256: String?

  /// What is asked of an address.
  struct Query {
    let address: Address
    /// The bytes; `nil` for the whole file.
    var range: Range<Int>?
    /// The first byte of the rest of a file that was begun before.
    var rest: Int?
    /// What the file was when it was begun.
    var identity: RemoteIdentity?
  }

  private static let mostTries = 6
  private static let mostRedirections = 10
  /// A server that asks for more patience is not waited for.
  private static let longestWait = 120

  /// Asks until an answer is there.
  ///
  /// - Throws: `Failure` of the kind `remote`.
  static func begin(_ query: Query, on connection: Connection) throws -> Download {
    var tries = 0
    while true {
      tries += 1
      switch try ask(query, on: connection) {
      case .answer(let download): return download
      case .again(let seconds, let failure):
        if tries >= mostTries || seconds.map({ $0 > longestWait }) == true { throw failure }
        Log.debug("\(query.address.name): \(failure.reason); try \(tries)")
        pause(seconds.map(Double.init) ?? 0.25 * Double(1 << (tries - 1)))
      }
    }
  }

  private enum Outcome {
    case answer(Download)
    /// It may pass: how many seconds the server asks to wait, and what to say where it does not.
    case again(after: Int?, Failure)
  }

  private static func ask(_ query: Query, on connection: Connection) throws -> Outcome {
    let name = query.address.name
    var url = query.address.url
    var recorded: String?
    for _ in 0...mostRedirections {
      try connection.start(
        .init(
          url: url, range: query.range, start: query.rest,
          condition: query.rest == nil ? nil : query.identity?.validator,
          token: Address.isHub(url) ? HubToken.value : nil))
      let state = connection.wait(for: 1)
      let status = connection.status
      if state == .failed, status == 0 || connection.available == 0 {
        return try failed(connection, name, url)
      }
      if Address.isHub(url) { recorded = sha256(connection.header("x-linked-etag")) ?? recorded }
      switch status {
      case 301, 302, 303, 307, 308:
        guard let next = connection.redirection, let scheme = Address.scheme(of: next) else {
          throw Failure.remote(name, "the server redirects (\(status)) to nowhere")
        }
        guard scheme == "https" || scheme == Address.scheme(of: url) && scheme == "http" else {
          throw Failure.remote(
            name,
            "the server redirects from \(Address.scheme(of: url) ?? "") to \(scheme):, which is less safe",
            "ask for the address that it leads to, if that is meant: \(Address.shown(next))")
        }
        url = next
      case 200, 206: return .answer(try accept(query, status, connection, recorded))
      case 416 where query.rest != nil: return .answer(try accept(query, status, connection, recorded))
      case 408, 425, 429, 500, 502, 503, 504:
        let wait = connection.retryAfter
        return .again(
          after: wait > 0 ? wait : nil,
          .remote(
            name,
            "\(Address.host(of: url).visible) answers \(status)\(Self.meaning(status))"
              + (wait > 0 ? " and asks to wait \(wait) seconds" : ""), "try again later"))
      default: throw refusal(status, name, url)
      }
    }
    throw Failure.remote(name, "more than \(mostRedirections) redirections follow one another")
  }

  private static func meaning(_ status: Int) -> String {
    switch status {
    case 429: ": too many requests"
    case 500...599: ": it has a fault of its own"
    default: ""
    }
  }

  private static func failed(_ connection: Connection, _ name: String, _ url: String) throws -> Outcome {
    let host = Address.host(of: url).visible
    if connection.isCertificate {
      throw Failure.remote(
        name, "the certificate of \(host) cannot be trusted: \(connection.errorText)",
        "CURL_CA_BUNDLE names a file of other certificates, if this is meant")
    }
    let failure = Failure.remote(
      name,
      connection.isTimeout
        ? "\(host) has not answered for \(Connection.patience) seconds"
        : "\(host) cannot be asked: \(connection.errorText)",
      connection.isTimeout
        ? "SUTURE_TIMEOUT is how many seconds to wait" : "is the address right, and the network there?")
    guard connection.mayPass else { throw failure }
    // Who was silent for so long once will be so again.
    return .again(after: connection.isTimeout ? longestWait + 1 : nil, failure)
  }

  private static func refusal(_ status: Int, _ name: String, _ url: String) -> Failure {
    let host = Address.host(of: url).visible
    switch status {
    case 401, 403:
      let isHub = Address.isHub(url)
      return .remote(
        name, "\(host) refuses it (\(status))",
        isHub && HubToken.value == nil
          ? "HF_TOKEN is a token of the Hub; a gated repository wants its terms accepted first"
          : "may you read it, and is the address still valid?")
    case 404, 410:
      return .remote(name, "there is no such file at \(host) (\(status))", "is the address right?")
    case 416: return .remote(name, "the file is shorter than what is asked for (416)", "is it empty?")
    case 407: return .remote(name, "a proxy wants to know who you are (407)", "HTTPS_PROXY can name a user")
    default: return .remote(name, "\(host) answers \(status)", "try the address in another program")
    }
  }

  // MARK: What came

  private static func accept(
    _ query: Query, _ status: Int, _ connection: Connection, _ recorded: String?
  ) throws -> Download {
    let name = query.address.name
    func fault(_ reason: String) -> Failure {
      .remote(name, reason, "fetch the file first, and work on that")
    }
    if let encoding = connection.header("content-encoding"), encoding.lowercased() != "identity" {
      throw fault("the server sends it as \(encoding.prefix(40).visible), which was not asked for")
    }
    var (range, total): (Range<Int>?, Int?) = (nil, nil)
    if status == 206 || status == 416 {
      guard let said = connection.header("content-range"), let parsed = contentRange(said) else {
        throw fault("the server does not say which part of the file it sends")
      }
      (range, total) = parsed
    } else {
      if query.range != nil {
        throw fault("the server sends the whole file (200) where a part of it was asked for")
      }
      total = connection.header("content-length").flatMap(Int.init)
      range = total.flatMap { $0 >= 0 ? 0..<$0 : nil }
    }
    if status == 206 {
      let wanted =
        query.range.map { $0.lowerBound..<min($0.upperBound, total ?? $0.upperBound) }
        ?? (query.rest ?? 0)..<(total ?? .max)
      guard let range, range == wanted else {
        throw fault(
          "bytes \(wanted.lowerBound) to \(wanted.upperBound - 1) were asked for, and the server sends "
            + (range.map { "\($0.lowerBound) to \($0.upperBound - 1)" } ?? "others"))
      }
    }
    let identity = RemoteIdentity(
      byteCount: total, entityTag: connection.header("etag"), lastModified: connection.header("last-modified")
    )
    if let known = query.identity, query.range != nil, known != identity {
      throw Failure.remote(
        name,
        known.byteCount == identity.byteCount
          ? "the file has changed while it was being read: its \(known.entityTag == nil ? "date" : "ETag") is another"
          : "the file has changed while it was being read: it was \(known.byteCount ?? 0) bytes long, and is "
            + "\(identity.byteCount ?? 0)",
        "run it again")
    }
    return Download(
      connection: connection, status: status, range: range, identity: identity, recordedSHA256: recorded)
  }

  /// The hash that an entity tag is, as the Hub has it of large files.
  private static func sha256(_ tag: String?) -> String? {
    guard let digits = tag?.filter({ $0 != "\"" }).lowercased(), digits.utf8.count == 64,
      digits.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
    else { return nil }
    return digits
  }

  /// `bytes 0-511/1024`, or `bytes */1024` where nothing is sent.
  static func contentRange(_ text: String) -> (range: Range<Int>?, total: Int?)? {
    let unit = text.split(separator: " ")
    guard unit.count == 2, unit[0].lowercased() == "bytes" else { return nil }
    let parts = unit[1].split(separator: "/")
    guard parts.count == 2 else { return nil }
    let total = Int(parts[1])
    guard total != nil || parts[1] == "*", total.map({ $0 >= 0 }) != false else { return nil }
    if parts[0] == "*" { return (nil, total) }
    let words = parts[0].split(separator: "-", omittingEmptySubsequences: false)
    let ends = words.compactMap { Int($0) }
    guard words.count == 2, ends.count == 2, ends[0] >= 0, ends[1] >= ends[0], ends[1] < total ?? .max else {
      return nil
    }
    return (ends[0]..<(ends[1] + 1), total)
  }
}

extension Failure {
  /// A server does not answer as it should.
  static func remote(_ name: String, _ reason: String, _ remedies: Remedy...) -> Failure {
    Failure(.remote, at: FailurePlace(file: name), reason, remedies: remedies)
  }
}
