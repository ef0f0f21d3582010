internal import Glibc

/// How long the engine's threads spin while they wait for each other.
enum EngineThreads {
  /// Makes them spin for some tens of microseconds, where the environment does not say otherwise.
  ///
  /// GNU's OpenMP lets them spin for milliseconds, in which a thread that lost its processor to another program cannot go
  /// on: on a busy machine a forward pass takes ten times longer. It reads the setting when it is loaded, before any code
  /// of ours runs; so the process starts itself anew, with the setting made. That takes some 2 ms.
  static func spinBriefly() {
    let name = "GOMP_SPINCOUNT"
    guard getenv(name) == nil, getenv("OMP_WAIT_POLICY") == nil else { return }
    setenv(name, "5000", 1)
    var arguments: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) } + [nil]
    // Returns only where it fails; then the threads spin as they did.
    execv("/proc/self/exe", &arguments)
    for argument in arguments { free(argument) }
  }
}
