import Glibc
import SutureBytes
import TestSupport

/// What a run of the command left.
struct Said {
  let code: Int32
  let output: String
  let messages: String
}

func suture(_ words: String...) throws -> Said { try suture(words) }

/// Runs the command that was built beside the tests.
///
/// - Parameters:
///   - input: the file that is its standard input.
///   - output: the file that is its standard output, whose text is not kept.
func suture(_ words: [String], environment: [String] = [], input: String = "/dev/null", output: String? = nil)
  throws -> Said
{
  try Running(words, environment: environment, input: input, output: output).wait()
}

/// The command at work.
final class Running {
  private var process = pid_t()
  private let folder: TemporaryFolder

  init(
    _ words: [String], environment: [String] = [], input: String = "/dev/null", output: String? = nil
  ) throws {
    folder = try TemporaryFolder()
    try folder.write("out", [])
    let command = try Self.command()
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output ?? folder.path + "/out", O_WRONLY | O_CREAT, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, folder.path + "/err", O_WRONLY | O_CREAT, 0o600)
    var arguments: [UnsafeMutablePointer<CChar>?] = ([command] + words).map { strdup($0) } + [nil]
    defer { arguments.forEach { free($0) } }
    var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) }
    let own = variables
    defer { own.forEach { free($0) } }
    var inherited = environ
    while let variable = inherited.pointee {
      variables.append(variable)
      inherited += 1
    }
    variables.append(nil)
    // Threads of the test runner block signals, which a child would inherit.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    let started = posix_spawn(&process, command, &actions, &attributes, &arguments, &variables)
    guard started == 0 else { throw SystemError("start", command, code: started) }
  }

  func send(_ signal: CInt) { kill(process, signal) }

  func wait() throws -> Said {
    var status: CInt = 0
    waitpid(process, &status, 0)
    // A signal leaves no exit code: a trap must not look like one.
    let code = status & 0x7F == 0 ? (status >> 8) & 0xFF : -1
    return Said(code: code, output: try folder.text("out"), messages: try folder.text("err"))
  }

  private static func command() throws -> String {
    // The test bundle is an executable in the folder of all products.
    let bundle = CommandLine.arguments[0]
    let products =
      bundle.contains(".xctest") ? bundle.prefix(upTo: bundle.lastIndex(of: "/") ?? bundle.startIndex) : ""
    let command = "\(products)/suture"
    if !products.isEmpty, access(command, X_OK) == 0 { return command }
    let runner = String(decoding: try readLink("/proc/self/exe"), as: UTF8.self)
    return String(runner.prefix(upTo: runner.lastIndex(of: "/") ?? runner.startIndex)) + "/suture"
  }
}

private func readLink(_ path: String) throws -> [UInt8] {
  var buffer = [CChar](repeating: 0, count: 4096)
  let count = readlink(path, &buffer, buffer.count)
  return buffer.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }
}
