internal import SutureBytes
internal import SutureCheckpoints
internal import SutureTensors
internal import SutureText

/// One part of a plan, done by one process.
///
/// It may be ended at any time and done again: each file appears under its name once it is whole, and what is done is not
/// done again. Two processes cannot do the same part at once.
public struct PartRun: Sendable {
  public let plan: PartPlan
  public let part: Int

  /// - Precondition: the plan has such a part.
  public init(_ plan: PartPlan, part: Int) { (self.plan, self.part) = (plan, part) }

  public enum Event: Sendable {
    case written(path: String, byteCount: Int)
    /// It is there and whole.
    case skipped(path: String)
    case failed(input: String, any Error)
  }

  /// What was done.
  public struct Report: Sendable {
    public internal(set) var written: [String] = []
    public internal(set) var skipped: [String] = []
    public internal(set) var byteCount = 0
    public internal(set) var failures: [(input: String, error: any Error)] = []
  }

  /// Does the part.
  ///
  /// - Parameter report: is told of each file, and of each input of several that could not be done.
  /// - Throws: `Failure` where another process does the part; of a plan with one input whatever is wrong with it.
  public func run(_ report: (Event) -> Void = { _ in }) throws -> Report {
    let own = plan.files(of: part)
    var done = Report()
    if own.isEmpty { return done }
    // The plan was read as JSON, in which every range is a value.
    returnFreedMemory()
    if !plan.folder.isEmpty { try makeFolder(String(plan.folder.dropLast())) }
    if !isFolder(plan.marks), try plan.missingParts().isEmpty {
      done.skipped = own.flatMap { job, files in files.map { plan.jobs[job].files[$0].path } }
      for path in done.skipped { report(.skipped(path: path)) }
      return done
    }
    try makeFolder(plan.marks)
    let lock = try FileLock(
      "\(plan.marks)/part-\(part).lock", taken: "another process does part \(part) of this plan",
      remedies: ["wait for it: what it has done need not be done again"])
    defer { withExtendedLifetime(lock) {} }
    // What a process that was killed had begun is nobody's.
    try makeFolder(String(temporary.dropLast()))
    for name in try fileNames(in: temporary) { removeFile(temporary + name) }
    var manifest = try PartManifest(plan, part: part)
    for (job, files) in own {
      do { try run(job, files, &manifest, &done, report) } catch {
        if plan.jobs.count == 1 { throw error }
        done.failures.append((plan.jobs[job].input, error))
        report(.failed(input: plan.jobs[job].input, error))
      }
    }
    return done
  }

  /// Where files are written until they are whole.
  private var temporary: String { "\(plan.marks)/part-\(part).tmp/" }

  private func makeFolder(_ path: String) throws {
    if isFolder(path) { return }
    do { try createFolder(path) } catch {
      // Another part may have made it meanwhile.
      guard isFolder(path) else { throw error }
    }
  }

  private func run(
    _ job: Int, _ files: [Int], _ manifest: inout PartManifest, _ done: inout Report,
    _ report: (Event) -> Void
  ) throws {
    let planned = plan.jobs[job]
    let isVerified = !plan.work.request.verifies || manifest.hasVerified(job)
    let open = files.filter { !manifest.hasWritten(planned.files[$0].path) }
    func skip(_ path: String) {
      done.skipped.append(path)
      report(.skipped(path: path))
    }
    for file in files where !open.contains(file) { skip(planned.files[file].path) }
    if open.isEmpty, isVerified { return }
    let prepared = try plan.prepare(planned)
    let taken = open.filter { manifest[planned.files[$0].path] == nil && pathExists(planned.files[$0].path) }
    if !taken.isEmpty, !plan.work.request.replaces {
      // What a run before has left whole is as good as what would be written; anything else is not ours.
      guard try prepared.plan.isThere() else { throw OutputExists(path: planned.files[taken[0]].path) }
      for file in files {
        let path = planned.files[file].path
        manifest[path] = .written(try FileIdentity(of: path))
        if open.contains(file) { skip(path) }
      }
      manifest.markVerified(job)
      return try manifest.save()
    }
    for file in open { manifest[planned.files[file].path] = .begun }
    try manifest.save()
    let verification = PartVerification(prepared, planned)
    if !isVerified {
      try verification.run(part)
      manifest.markVerified(job)
    }
    let meter = ProgressMeter(
      prepared.checkpoint.path, total: open.reduce(0) { $0.adding(saturating: planned.files[$1].byteCount) },
      plan.work.request.progress)
    defer { meter.finish() }
    for file in open {
      let path = planned.files[file].path
      try prepared.writer.write(file, of: prepared.plan, replacing: true, temporary: temporary) {
        meter.advance($0)
      }
      manifest[path] = .written(try FileIdentity(of: path))
      try manifest.save()
      done.written.append(path)
      done.byteCount = done.byteCount.adding(saturating: planned.files[file].byteCount)
      report(.written(path: path, byteCount: planned.files[file].byteCount))
    }
    // Where nothing was open, but something not verified.
    try manifest.save()
  }

  // MARK: The end

  /// What ``finalize(_:)`` found or made.
  public struct Final: Sendable {
    /// The files of the output, an index last.
    public let files: [String]
    public let byteCount: Int
    /// Whether all of it was there already, the index too.
    public let wasThere: Bool
  }

  /// Sees that every part is done and every file whole, and writes the indices that make checkpoints of them.
  ///
  /// - Throws: `Failure` of the kind `refused` where a part is missing.
  public static func finalize(_ plan: PartPlan) throws -> Final {
    let missing = try plan.missingParts()
    guard missing.isEmpty else {
      let list = PartNumber.expression(missing)
      throw Failure(
        .refused,
        "\(missing.count) of \(plan.parts) parts \(missing.count == 1 ? "is" : "are") not done, or not whole any more: \(list)",
        remedies: [.setting("part", value: "\(missing[0])/\(plan.parts)", "does the first of them")])
    }
    let wasThere = !isFolder(plan.marks)
    var files: [String] = []
    var bytes = 0
    for job in plan.jobs {
      let prepared = try plan.prepare(job)
      for place in job.files.indices where try !prepared.plan.isThere(place) {
        throw Failure(
          in: job.files[place].path, "it is not what the plan says",
          remedies: [
            .setting("part", value: "\(job.files[place].part)/\(plan.parts)", "writes it, once it is gone")
          ],
          kind: .refused)
      }
      if try !prepared.plan.indexIsThere() {
        try prepared.writer.writeIndex(of: prepared.plan, replacing: plan.work.request.replaces)
      }
      files += prepared.plan.paths
      bytes = bytes.adding(saturating: prepared.plan.byteCount)
    }
    if isFolder(plan.marks) {
      for path in try fileNames(in: plan.marks).map({ "\(plan.marks)/\($0)" }) {
        for name in isFolder(path) ? try fileNames(in: path) : [] { removeFile("\(path)/\(name)") }
        removeFile(path)
        removeFolder(path)
      }
      removeFolder(plan.marks)
    }
    return Final(files: files, byteCount: bytes, wasThere: wasThere)
  }
}

/// How the input of a job is compared with its checksums where several parts read it.
///
/// What one file reads whole is compared by whoever reads it. Of what several files have a piece of, none reads all: each part
/// compares a share of these records, so that together they read each once more, as one process would.
private struct PartVerification {
  private let apart: [Storage]
  private let parts: [Int]

  init(_ prepared: PreparedWrite, _ job: PartPlan.Job) {
    let reads = prepared.plan.outputs.map { output in
      Dictionary(output.reads.map { ($0.file, $0.ranges) }) { one, _ in one }
    }
    func isWhole(_ record: Storage) -> Bool {
      let extents = record.extents(0..<record.byteCount).joined
      return !extents.isEmpty
        && reads.contains { file in
          extents.allSatisfy { extent in
            extent.ranges.allSatisfy { range in
              file[extent.file]?.contains {
                $0.lowerBound <= range.lowerBound && $0.upperBound >= range.upperBound
              }
                ?? false
            }
          }
        }
    }
    apart = prepared.checkpoint.records.filter { $0.recordsChecksum && $0.byteCount > 0 && !isWhole($0) }
    // Records are read through objects of their own, or through those of the tensors.
    let storages = prepared.checkpoint.stateDict.storages.map(\.whole).filter {
      $0.byteCount > 0 && !isWhole($0)
    }
    for record in apart + storages where !record.extents(0..<record.byteCount).isEmpty {
      record.deferVerification()
    }
    parts = Array(Set(job.files.map(\.part))).sorted()
  }

  /// Compares the share of a part.
  func run(_ part: Int) throws {
    guard let own = parts.firstIndex(of: part) else { return }
    var loads = [Int](repeating: 0, count: parts.count)
    for index in apart.indices.sorted(by: { (-apart[$0].byteCount, $0) < (-apart[$1].byteCount, $1) }) {
      let least = loads.indices.min { (loads[$0], $0) < (loads[$1], $1) } ?? 0
      loads[least] = loads[least].adding(saturating: apart[index].byteCount)
      if least == own { try apart[index].forEachChunk { _, _ in } }
    }
  }
}
