import Glibc
import SutureBytes

/// An HTTP server on the loopback that answers as a test wants, also as no server should.
public final class LoopbackServer: @unchecked Sendable {
  public struct Request: Sendable {
    public let path: String
    /// Names in lower case.
    public let headers: [String: String]

    /// The bytes that are asked for; an open end is as far as `byteCount`.
    public func range(of byteCount: Int) -> Range<Int>? {
      guard let text = headers["range"], text.hasPrefix("bytes=") else { return nil }
      let ends = text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard ends.count == 2, let start = ends[0], start < byteCount else { return nil }
      return start..<min((ends[1] ?? byteCount - 1) + 1, byteCount)
    }
  }

  public struct Answer: Sendable {
    public var status: Int
    public var headers: [(String, String)]
    public var body: [UInt8]
    /// How many bytes of the body are sent before the connection is cut; `nil` for all.
    public var cutsAfter: Int?
    /// How many seconds pass before each byte.
    public var secondsPerByte = 0.0

    public init(
      _ status: Int, _ headers: [(String, String)] = [], _ body: [UInt8] = [], cutsAfter: Int? = nil
    ) {
      (self.status, self.headers, self.body, self.cutsAfter) = (status, headers, body, cutsAfter)
    }

    /// What a good server answers that has `bytes`.
    public static func file(_ bytes: [UInt8], _ request: Request, tag: String = "\"one\"") -> Answer {
      guard let range = request.range(of: bytes.count) else {
        return Answer(200, [("ETag", tag)], bytes)
      }
      return Answer(
        206,
        [
          ("ETag", tag),
          ("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(bytes.count)"),
        ],
        Array(bytes[range]))
    }
  }

  public let port: Int
  private let socket: CInt
  private let answer: @Sendable (Request, _ number: Int) -> Answer
  private let seen = Guarded<[Request]>([])

  /// - Parameter answer: is asked on a thread of its own for each connection; `number` counts the requests from 0.
  public init(_ answer: @escaping @Sendable (_ request: Request, _ number: Int) -> Answer) {
    self.answer = answer
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let (descriptor, size) = (socket, length)
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        precondition(bind(descriptor, $0, size) == 0 && listen(descriptor, 64) == 0)
        getsockname(descriptor, $0, &length)
      }
    }
    port = Int(UInt16(bigEndian: address.sin_port))
    Self.start { [weak self, descriptor] in
      while true {
        let connection = accept(descriptor, nil, nil)
        guard connection >= 0, let server = self else {
          if connection >= 0 { close(connection) }
          close(descriptor)
          return
        }
        Self.start {
          server.serve(connection)
          close(connection)
        }
      }
    }
  }

  deinit {
    // The thread that waits on it closes it: its number may be another's by then.
    shutdown(socket, Int32(SHUT_RDWR))
  }

  public var address: String { "http://127.0.0.1:\(port)" }

  /// What was asked for up to now.
  public var requests: [Request] { seen.withLock { $0 } }

  private func serve(_ connection: CInt) {
    while let request = Self.read(connection) {
      let number = seen.withLock { seen in
        seen.append(request)
        return seen.count - 1
      }
      let answer = answer(request, number)
      var head = "HTTP/1.1 \(answer.status) Said\r\n"
      for (name, value) in answer.headers { head += "\(name): \(value)\r\n" }
      if !answer.headers.contains(where: { $0.0 == "Content-Length" }) {
        head += "Content-Length: \(answer.body.count)\r\n"
      }
      guard Self.send(Array((head + "\r\n").utf8), to: connection) else { return }
      let body = answer.body.prefix(answer.cutsAfter ?? answer.body.count)
      if answer.secondsPerByte > 0 {
        for byte in body {
          usleep(UInt32(answer.secondsPerByte * 1e6))
          guard Self.send([byte], to: connection) else { return }
        }
      } else if !Self.send(Array(body), to: connection) {
        return
      }
      if answer.cutsAfter != nil { return }
    }
  }

  private static func read(_ connection: CInt) -> Request? {
    var bytes: [UInt8] = []
    var byte: UInt8 = 0
    while !bytes.suffix(4).elementsEqual(Array("\r\n\r\n".utf8)) {
      guard recv(connection, &byte, 1, 0) == 1, bytes.count < 65536 else { return nil }
      bytes.append(byte)
    }
    let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
    let words = lines.first?.split(separator: " ") ?? []
    guard words.count == 3 else { return nil }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let value = line[line.index(after: colon)...].drop { $0 == " " }
      headers[line[..<colon].lowercased()] = String(value)
    }
    return Request(path: String(words[1]), headers: headers)
  }

  private static func send(_ bytes: [UInt8], to connection: CInt) -> Bool {
    var done = 0
    while done < bytes.count {
      let put = bytes.withUnsafeBytes {
        Glibc.send(connection, $0.baseAddress.map { $0 + done }, bytes.count - done, Int32(MSG_NOSIGNAL))
      }
      if put <= 0 { return false }
      done += put
    }
    return true
  }

  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  private static func start(_ body: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let state = Unmanaged.passRetained(Body(body))
    let started = pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
      }, state.toOpaque())
    precondition(started == 0)
    pthread_detach(thread)
  }
}
