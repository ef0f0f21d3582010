public import SutureText

/// The address of a file at a server.
///
/// `https://HOST/PATH`, `http://HOST/PATH`, and `hf://OWNER/REPO[@REVISION]/PATH` for a file of a repository on the
/// Hugging Face Hub, whose own address `HF_ENDPOINT` may replace.
public struct Address: Sendable, Equatable {
  /// As it was given.
  public let text: String
  /// What a server is asked for.
  public let url: String
  /// What it is called in reports: without a password, and without the values of a query, which may be one.
  public let name: String

  /// Whether a word is meant as an address, of whatever kind.
  public static func isAddress(_ text: String) -> Bool { scheme(of: text) != nil }

  /// What may be kept and shown in the place of a word: an address with a password or a query goes by its name from now on,
  /// under which this process alone can ask for it.
  ///
  /// A command conceals its words before it looks at them, so that no message, no report and no output can give one away.
  public static func concealed(_ word: String) -> String {
    guard isAddress(word), case let name = shown(word), name != word, (try? Address(word)) != nil else {
      return word
    }
    return secrets.withLock { secrets in
      if secrets[word] != nil { return word }
      var candidate = name
      var number = 2
      // Several may differ in what is not shown alone.
      while let other = secrets[candidate], other != word {
        candidate = "\(name)(\(number))"
        number += 1
      }
      secrets[candidate] = word
      return candidate
    }
  }

  /// The addresses by what they go by.
  private static let secrets = Guarded<[String: String]>([:])

  /// - Throws: `Failure` of the kind `usage`, in which no password stands.
  public init(_ given: String) throws(Failure) {
    text = given
    let text = Self.secrets.withLock { $0[given] } ?? given
    let scheme = Self.scheme(of: text) ?? ""
    let shown = Self.shown(text)
    // A line break would end a line of the request, and what stands behind it would be another's.
    guard text.utf8.allSatisfy({ $0 > 32 && $0 != 127 }) else {
      throw Failure(
        .usage, at: FailurePlace(file: shown), "an address has no spaces and no control characters",
        remedies: ["write %20 for a space"])
    }
    switch scheme {
    case "http", "https":
      guard !Self.host(of: text).isEmpty else {
        throw Failure(.usage, at: FailurePlace(file: shown), "the address names no host")
      }
      (url, name) = (Self.withoutFragment(text), shown)
    case "hf":
      (url, name) = (try Self.hub(text), shown)
    case "file":
      throw Failure(
        .usage, at: FailurePlace(file: shown), "a file: address is a path of this machine",
        remedies: [.advice("name the file itself: \(Self.rest(of: text).visible)")])
    default:
      throw Failure(
        .usage, at: FailurePlace(file: shown), "\(scheme): is no address that is read",
        remedies: ["https://, http:// and hf:// are"])
    }
  }

  /// A file in the folder in which this one lies.
  ///
  /// - Parameter path: names, with a slash between; nothing in it leads elsewhere.
  public func beside(_ path: String) throws(Failure) -> Address {
    let encoded = path.utf8.map { $0 == 37 ? "%25" : Self.encoded($0) }.joined()
    let whole = Self.secrets.withLock { $0[text] } ?? text
    return try Address(Self.concealed(Self.folder(of: Self.withoutQuery(whole)) + encoded))
  }

  /// The last part of the path, decoded; empty where there is none.
  public var fileName: String {
    let path = Self.withoutQuery(url).dropFirst(Self.scheme(of: url).map { $0.count + 3 } ?? 0)
    guard let slash = path.lastIndex(of: "/") else { return "" }
    return Self.decoded(path[path.index(after: slash)...])
  }

  // MARK: Its parts

  /// The scheme, in lower case; `nil` where none stands before `://`.
  static func scheme(of text: String) -> String? {
    guard let colon = text.firstRange(of: "://") else {
      // A file: address may have one slash.
      return text.lowercased().hasPrefix("file:/") ? "file" : nil
    }
    let scheme = text[..<colon.lowerBound].lowercased()
    let isName = scheme.utf8.allSatisfy {
      (97...122).contains($0) || (48...57).contains($0) || [43, 45, 46].contains($0)
    }
    return isName && scheme.first?.isLetter == true ? scheme : nil
  }

  /// The host with its port, in lower case and without a user.
  static func host(of text: String) -> String {
    let authority = rest(of: text).prefix { !"/?#\\".contains($0) }
    return String(authority.split(separator: "@", omittingEmptySubsequences: false).last ?? "").lowercased()
  }

  /// What follows `://`.
  private static func rest(of text: String) -> Substring {
    if let start = text.firstRange(of: "://") { return text[start.upperBound...] }
    return text[(text.firstIndex(of: "/") ?? text.endIndex)...]
  }

  private static func withoutFragment(_ text: String) -> String {
    String(text.prefix { $0 != "#" })
  }

  private static func withoutQuery(_ text: String) -> String {
    String(text.prefix { $0 != "#" && $0 != "?" })
  }

  private static func folder(of text: String) -> String {
    text.lastIndex(of: "/").map { String(text[...$0]) } ?? text
  }

  /// An address as it may be shown.
  static func shown(_ text: String) -> String {
    guard let start = text.firstRange(of: "://") else { return text.visible }
    let rest = text[start.upperBound...]
    let authority = rest.prefix { !"/?#\\".contains($0) }
    let host =
      authority.lastIndex(of: "@").map { "…@" + authority[authority.index(after: $0)...] }
      ?? String(authority)
    let path = rest[authority.endIndex...].prefix { $0 != "#" && $0 != "?" }
    let query = rest.contains("?") ? "?…" : ""
    return (text[..<start.upperBound] + host + path + query).visible
  }

  // MARK: The Hub

  /// Where the Hub is.
  static var hubEndpoint: String {
    let given = CurrentProcess.environment("HF_ENDPOINT") ?? ""
    let endpoint = given.isEmpty ? "https://huggingface.co" : given
    return endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint
  }

  private static func hub(_ text: String) throws(Failure) -> String {
    let parts = withoutQuery(text).dropFirst(5).split(separator: "/", omittingEmptySubsequences: false)
    let repository = parts.count > 1 ? parts[1].split(separator: "@", maxSplits: 1) : []
    guard parts.count > 2, repository.count > 0, parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." })
    else {
      throw Failure(
        .usage, at: FailurePlace(file: shown(text)), "it names no file of a repository",
        remedies: ["hf://OWNER/REPO/FILE, or hf://OWNER/REPO@REVISION/FILE"])
    }
    let revision = repository.count > 1 ? String(repository[1]) : "main"
    let path = parts[2...].map { $0.utf8.map(encoded).joined() }.joined(separator: "/")
    return "\(hubEndpoint)/\(parts[0])/\(repository[0])/resolve/"
      + "\(revision.utf8.map { $0 == 47 ? "%2F" : encoded($0) }.joined())/\(path)"
  }

  /// Whether the Hub's token may be told to the host of `url`: it is the Hub itself, by the same scheme.
  static func isHub(_ url: String) -> Bool {
    scheme(of: url) == scheme(of: hubEndpoint) && host(of: url) == host(of: hubEndpoint)
  }

  /// Whether the Hub is asked.
  package var isAtHub: Bool { Self.isHub(url) }

  // MARK: Percent signs

  /// A byte of a path; what is encoded already stays.
  private static func encoded(_ byte: UInt8) -> String {
    switch byte {
    case 48...57, 65...90, 97...122, 45, 46, 95, 126, 47, 37: String(UnicodeScalar(byte))
    default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }
  }

  private static func decoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      let digits = String(decoding: rest.prefix(2), as: UTF8.self)
      if byte == 37, digits.utf8.count == 2, let value = UInt8(digits, radix: 16) {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
