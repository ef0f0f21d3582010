internal import SutureText

/// Which part of a plan a process does, and who says so.
public struct PartNumber: Sendable, Equatable {
  /// Counted from 1.
  public let part: Int
  /// The variable of the environment that says it; `nil` where the user does.
  public let variable: String?

  /// The variables by which schedulers tell a process which of an array it is, and from what they count.
  public static let variables: [(name: String, scheduler: String, first: Int)] = [
    ("SLURM_ARRAY_TASK_ID", "Slurm, --array=1-N", 1), ("JOB_COMPLETION_INDEX", "Kubernetes' Indexed Jobs", 0),
    ("PBS_ARRAY_INDEX", "PBS, -J 1-N", 1), ("SGE_TASK_ID", "Grid Engine, -t 1-N", 1),
    ("AWS_BATCH_JOB_ARRAY_INDEX", "AWS Batch", 0), ("PARALLEL_SEQ", "GNU parallel", 1),
  ]

  /// Reads `3/16`, or `auto` for what the environment says.
  ///
  /// - Parameter environment: gives the value of a variable.
  /// - Throws: `Failure` where it is none, or where two variables say different parts.
  public init(_ word: String, of parts: Int, environment: (String) -> String?) throws {
    func usage(_ reason: String, _ remedies: [Remedy] = []) -> Failure {
      Failure(.usage, reason, remedies: remedies)
    }
    let example: Remedy = .setting("part", value: "1/\(parts)", "is the first of this plan")
    guard word == "auto" else {
      let numbers = word.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
      guard numbers.count == 2, let part = numbers[0], let count = numbers[1] else {
        throw usage("a part is said as K/N or auto, not \(word.quoted())", [example])
      }
      guard count == parts else { throw usage("the plan has \(parts) parts, and not \(count)", [example]) }
      guard (1...parts).contains(part) else { throw usage("there is no part \(part) of \(parts)", [example]) }
      (self.part, variable) = (part, nil)
      return
    }
    // Grid Engine says "undefined" where there is no array.
    let said = Self.variables.compactMap { variable -> (name: String, part: Int, first: Int)? in
      guard let value = environment(variable.name).flatMap({ Int($0) }) else { return nil }
      return (
        variable.name, value.subtractingReportingOverflow(variable.first - 1).partialValue, variable.first
      )
    }
    guard let first = said.first else {
      throw usage(
        "no variable of a scheduler says which part this is: \(Self.variables.map(\.name).joined(separator: ", "))",
        [example])
    }
    if let other = said.first(where: { $0.part != first.part }) {
      throw usage(
        "\(first.name) says part \(first.part), and \(other.name) part \(other.part)",
        [.setting("part", value: "K/\(parts)", "says which")])
    }
    guard (1...parts).contains(first.part) else {
      throw usage(
        "\(first.name) says part \(first.part), and the plan has \(parts)",
        ["the array counts from \(first.first): \(first.first) to \(parts - 1 + first.first)"])
    }
    (part, variable) = (first.part, first.name)
  }

  /// Parts as schedulers take them, `1,3-5`.
  public static func expression(_ parts: [Int]) -> String {
    var runs: [(first: Int, last: Int)] = []
    for part in parts.sorted() {
      if let last = runs.last, last.last + 1 == part {
        runs[runs.count - 1].last = part
      } else {
        runs.append((part, part))
      }
    }
    return runs.map { $0.first == $0.last ? "\($0.first)" : "\($0.first)-\($0.last)" }.joined(separator: ",")
  }
}
