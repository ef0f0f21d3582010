public import SutureBytes
internal import SutureCheckpoints
internal import SutureJSON
internal import SutureText

/// The work of several processes: what is written, down to the byte, and by which of them.
///
///     let plan = try PartPlan(PartedWork(request), of: [("run/global_step20", "out/")], parts: 16)
///     try PartRun(plan, part: 3).run()                     on each machine, with a number of its own
///     try PartRun.finalize(plan)                           when all are done
///
/// The files are those that one process would write, byte for byte. Each is one part's; the largest go first to the part that
/// has the least by then.
public struct PartPlan: Sendable {
  /// A file that is read.
  public struct Input: Sendable, Equatable {
    public let path: String
    public let identity: FileIdentity
  }

  /// A file that is written.
  public struct File: Sendable, Equatable {
    public let path: String
    public let byteCount: Int
    /// Which part writes it, counted from 1.
    public let part: Int
    /// What of the inputs is read for it, by their places in the list of inputs.
    public let reads: [Read]
  }

  public struct Read: Sendable, Equatable {
    public let input: Int
    public let ranges: [Range<Int>]
  }

  /// What becomes of one input.
  public struct Job: Sendable {
    public let input: String
    public let output: String
    /// The SHA-256 of all that decides the bytes of its files, but for those of tensors.
    public let digest: String
    public let inputs: [Input]
    public let files: [File]
    /// What is written last, and makes a checkpoint of the files.
    public let index: String?
  }

  public internal(set) var work: PartedWork
  public let parts: Int
  public let jobs: [Job]
  /// The folder of the outputs, in which the parts say what they have done.
  public let folder: String
  /// The SHA-256 of everything that the plan says.
  public internal(set) var id = ""

  /// Decides what is written by whom; no tensor is read.
  ///
  /// - Parameters:
  ///   - inputs: each with where it is written.
  ///   - failed: takes what is wrong with an input, which is left out then, or throws it.
  ///   - observe: is told what is opened and planned.
  public init(
    _ work: PartedWork, of inputs: [(input: String, output: String)], parts: Int,
    observe: WriteEvent.Observer = { _ in }, failed: (String, any Error) throws -> Void = { throw $1 }
  ) throws {
    guard (1...Self.mostParts).contains(parts) else {
      throw Failure(.usage, "there can be 1 to \(Self.mostParts) parts, not \(parts)")
    }
    var drafts: [Job] = []
    for (input, output) in inputs {
      do { drafts.append(try Job(work.prepare(input, to: output, observe), input, output)) } catch {
        try failed(input, error)
      }
    }
    (self.work, self.parts) = (work, parts)
    folder = drafts.first.flatMap { $0.files.first }.map { SutureBytes.folder(of: $0.path) } ?? ""
    jobs = Self.share(drafts, among: parts)
    id = try computedID()
  }

  static let mostParts = 100_000

  /// Gives each file to a part: the largest first, to that with the least to write and to read, of several the first.
  private static func share(_ jobs: [Job], among parts: Int) -> [Job] {
    let files = jobs.indices.flatMap { job in jobs[job].files.indices.map { (job: job, file: $0) } }
    func weight(_ place: (job: Int, file: Int)) -> Int { jobs[place.job].files[place.file].byteCount }
    let order = files.indices.sorted { (-weight(files[$0]), $0) < (-weight(files[$1]), $1) }
    var loads = Loads(parts)
    var owners = [Int](repeating: 1, count: files.count)
    for index in order { owners[index] = loads.add(weight(files[index])) + 1 }
    var result = jobs
    for (index, place) in files.enumerated() {
      result[place.job] = result[place.job].giving(place.file, to: owners[index])
    }
    return result
  }

  // MARK: Parts

  /// The same, whose work says how far it is.
  public func telling(_ progress: WorkProgress.Handler?) -> Self {
    var plan = self
    plan.work.request.progress = progress
    return plan
  }

  /// The files of a part, by the places of their jobs.
  func files(of part: Int) -> [(job: Int, files: [Int])] {
    jobs.enumerated().compactMap { job, value in
      let own = value.files.indices.filter { value.files[$0].part == part }
      return own.isEmpty ? nil : (job, own)
    }
  }

  /// How many bytes each part writes.
  public var loads: [Int] {
    var loads = [Int](repeating: 0, count: parts)
    for file in jobs.flatMap(\.files) { loads[file.part - 1] += file.byteCount }
    return loads
  }
}

/// How much each part has, the least first.
private struct Loads {
  /// A heap of loads and parts.
  private var heap: [(load: Int, part: Int)]

  init(_ count: Int) { heap = (0..<count).map { (0, $0) } }

  /// Gives something to the part that has the least, and tells which that is.
  mutating func add(_ weight: Int) -> Int {
    let part = heap[0].part
    heap[0].load = heap[0].load.adding(saturating: weight)
    var place = 0
    while true {
      let children = [2 * place + 1, 2 * place + 2].filter { $0 < heap.count }
      guard let least = children.min(by: { heap[$0] < heap[$1] }), heap[least] < heap[place] else {
        return part
      }
      heap.swapAt(least, place)
      place = least
    }
  }
}

extension PartPlan.Job {
  fileprivate init(_ prepared: PartedWork.Prepared, _ input: String, _ output: String) throws {
    (self.input, self.output, digest) = (input, output, prepared.digest)
    inputs = try prepared.inputs.map { PartPlan.Input(path: $0, identity: try FileIdentity(of: $0)) }
    var places: [String: Int] = [:]
    for (place, input) in inputs.enumerated() where places[input.path] == nil { places[input.path] = place }
    let plan = prepared.write.plan
    files = plan.outputs.map { file in
      PartPlan.File(
        path: file.path, byteCount: file.byteCount, part: 1,
        reads: file.reads.compactMap { read in places[read.file].map { .init(input: $0, ranges: read.ranges) }
        })
    }
    index = plan.indexPath
  }

  fileprivate func giving(_ place: Int, to part: Int) -> Self {
    var files = files
    let file = files[place]
    files[place] = .init(path: file.path, byteCount: file.byteCount, part: part, reads: file.reads)
    return Self(input: input, output: output, digest: digest, inputs: inputs, files: files, index: index)
  }
}

// MARK: Inputs

extension PartPlan.Job {
  /// Throws unless each input is still what it was when the plan was made.
  func checkInputs() throws {
    for input in inputs {
      let now = try FileIdentity(of: input.path)
      guard now == input.identity else {
        throw Failure(
          in: input.path,
          now.byteCount == input.identity.byteCount
            ? "it was written since the plan was made"
            : "it has \(now.byteCount) bytes, and had \(input.identity.byteCount) when the plan was made",
          remedies: ["make the plan anew, and do all its parts"], kind: .refused)
      }
    }
  }
}
