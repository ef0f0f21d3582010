internal import CSutureCurl
internal import SutureText

/// A connection to a server, by libcurl; it is used again from request to request, by one thread at a time.
@safe final class Connection: @unchecked Sendable {
  private let handle: OpaquePointer

  /// - Throws: `Failure` where this machine has no libcurl.
  init() throws(Failure) {
    if let missing = unsafe suture_curl_open() {
      throw Failure(
        .remote, "an address cannot be read without libcurl: \(unsafe String(cString: missing))",
        remedies: ["on Debian: apt-get install libcurl4"])
    }
    guard let handle = unsafe suture_connection_make() else {
      throw Failure(.remote, "there is no memory for a connection")
    }
    unsafe self.handle = handle
  }

  deinit { unsafe suture_connection_free(handle) }

  /// What is asked for.
  struct Request {
    let url: String
    /// The bytes; `nil` for all.
    var range: Range<Int>?
    /// The first byte of an answer that goes to the end.
    var start: Int?
    /// A validator: where it is no longer true, all is sent.
    var condition: String?
    var token: String?
  }

  enum State { case running, done, failed }

  /// Begins a request; one that is not done is given up.
  func start(_ request: Request) throws(Failure) {
    Traffic.count(requests: 1)
    let range =
      request.range.map { "\($0.lowerBound)-\($0.upperBound - 1)" } ?? request.start.map { "\($0)-" }
    let started = unsafe request.url.withCString { url in
      unsafe withOptionalCString(range) { range in
        unsafe withOptionalCString(request.condition) { condition in
          unsafe withOptionalCString(request.token) { token in
            unsafe withOptionalCString(Self.certificates) { certificates in
              unsafe withOptionalCString(Self.certificateFolder) { folder in
                unsafe Self.agent.withCString { agent in
                  var request = unsafe suture_request(
                    url: url, range: range, condition: condition, token: token, agent: agent,
                    certificates: certificates, certificate_folder: folder, seconds: Self.patience,
                    bytes_per_second: 1000)
                  return unsafe suture_connection_start(handle, &request)
                }
              }
            }
          }
        }
      }
    }
    guard started != 0 else { throw Failure(.remote, "libcurl does not take the request") }
  }

  /// Waits until so many bytes of the body are at hand, or the transfer ends.
  func wait(for count: Int) -> State {
    switch unsafe suture_connection_wait(handle, count) {
    case SUTURE_RUNNING: .running
    case SUTURE_DONE: .done
    default: .failed
    }
  }

  /// How many bytes of the body are at hand.
  var available: Int { unsafe suture_connection_available(handle) }

  /// Takes the first `count` bytes that are at hand, to `offset` of `buffer`.
  func take(_ count: Int, into buffer: inout [UInt8], at offset: Int) {
    precondition(count >= 0 && count <= available && offset >= 0 && count <= buffer.count - offset)
    if count == 0 { return }
    Traffic.count(bytes: count)
    unsafe buffer.withUnsafeMutableBytes {
      unsafe suture_connection_take(handle, $0.baseAddress.map { unsafe $0 + offset }, count)
    }
  }

  /// Lends all bytes that are at hand, and takes them where nothing is thrown.
  func takeAll(_ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
    let count = available
    if count == 0 { return }
    try unsafe body(UnsafeRawBufferPointer(start: suture_connection_bytes(handle), count: count))
    skip(count)
  }

  /// Throws the first `count` bytes that are at hand away.
  func skip(_ count: Int) {
    precondition(count >= 0 && count <= available)
    Traffic.count(bytes: count)
    unsafe suture_connection_take(handle, nil, count)
  }

  var status: Int { unsafe suture_connection_status(handle) }

  /// Where a redirection leads.
  var redirection: String? {
    unsafe suture_connection_redirection(handle).map { unsafe String(cString: $0) }
  }

  /// How many seconds the server asks to wait.
  var retryAfter: Int { unsafe suture_connection_retry_after(handle) }

  /// The value of a line of the header, whose name is in lower case; the last where there are several.
  func header(_ name: String) -> String? {
    let text = unsafe String(cString: suture_connection_header(handle))
    var value: String?
    for line in text.split(whereSeparator: \.isNewline) {
      guard let colon = line.firstIndex(of: ":"), line[..<colon].lowercased() == name else { continue }
      let rest = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
      value = String(rest)
    }
    return value
  }

  // MARK: What went wrong

  private var error: CInt { unsafe suture_connection_error(handle) }
  var errorText: String { unsafe String(cString: suture_connection_error_text(handle)) }
  /// Whether another try may succeed.
  var mayPass: Bool { suture_curl_may_pass(error) != 0 }
  var isCertificate: Bool { suture_curl_is_certificate(error) != 0 }
  var isTimeout: Bool { suture_curl_is_timeout(error) != 0 }

  // MARK: Settings

  private static let agent = "suture"

  /// The variables that curl reads, in its order.
  private static let certificates = variable("CURL_CA_BUNDLE") ?? variable("SSL_CERT_FILE")
  private static let certificateFolder = variable("SSL_CERT_DIR")

  /// How many seconds a server may be silent, or nearly.
  static let patience = variable("SUTURE_TIMEOUT").flatMap(Int.init).map { min(max($0, 1), 3600) } ?? 30

  private static func variable(_ name: String) -> String? {
    CurrentProcess.environment(name).flatMap { $0.isEmpty ? nil : $0 }
  }
}

private func withOptionalCString<R>(_ text: String?, _ body: (UnsafePointer<CChar>?) throws -> R) rethrows
  -> R
{
  guard let text else { return try body(nil) }
  return try unsafe text.withCString { try unsafe body($0) }
}
