internal import Glibc

/// A command that is run to its end and measured as a whole.
struct ChildProcess {
  struct Figures {
    let seconds: Double
    /// What the processors worked, which does not count what others do beside it.
    let cpuSeconds: Double
    let peakBytes: Int
  }

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  let words: [String]

  /// Runs the command with its output thrown away.
  func run() throws -> Figures {
    let began = Self.now
    let process = try start { posix_spawn_file_actions_addopen(&$0, 1, "/dev/null", O_WRONLY, 0) }
    let usage = try end(of: process)
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return Figures(
      seconds: Self.now - began, cpuSeconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
      peakBytes: usage.ru_maxrss * 1024)
  }

  /// Runs the command and gives what it prints.
  func output() throws -> [UInt8] {
    var ends: [CInt] = [0, 0]
    guard pipe(&ends) == 0 else { throw Failure(description: "no pipe") }
    defer { close(ends[0]) }
    let process = try start {
      posix_spawn_file_actions_adddup2(&$0, ends[1], 1)
      posix_spawn_file_actions_addclose(&$0, ends[0])
    }
    close(ends[1])
    var (said, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 4096))
    while true {
      let count = read(ends[0], &buffer, buffer.count)
      if count <= 0 { break }
      said += buffer[..<count]
    }
    _ = try end(of: process)
    return said
  }

  /// Starts the command with the standard output that `redirect` gives it.
  private func start(redirect: (inout posix_spawn_file_actions_t) -> Void) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    redirect(&actions)
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { arguments.forEach { free($0) } }
    var process = pid_t()
    guard posix_spawnp(&process, words[0], &actions, nil, &arguments, environ) == 0 else {
      throw Failure(description: "cannot start \(words[0])")
    }
    return process
  }

  /// Waits for the command, which must do well.
  private func end(of process: pid_t) throws -> rusage {
    var status: CInt = 0
    var usage = rusage()
    guard wait4(process, &status, 0, &usage) == process, status == 0 else {
      throw Failure(description: "\(words.joined(separator: " ")) failed")
    }
    return usage
  }

  private static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
