import Glibc
import SutureBytes
import SutureCheckpoints
import SutureJSON
import SutureSurgery
import SutureTensors
import SutureText
import SutureWorkflows
import TestSupport
import Testing

/// Work that several processes do, each a part.
@Suite struct `Parts of a plan` {
  private let folder: TemporaryFolder
  private var input: String { folder.path + "/in.safetensors" }
  private var out: String { folder.path + "/out/" }

  init() throws {
    folder = try TemporaryFolder()
    var dict = StateDict()
    for index in 0..<12 {
      let values = (0..<(20 + 7 * index)).map { Float(index * 1000 + $0) }
      try dict.append("layer.\(index).weight", try Tensor(floats: values, shape: [values.count]))
    }
    try CheckpointWriter.write(dict, to: folder.path + "/in.safetensors", WriteOptions(.safetensors))
  }

  private func work(_ change: (inout PartedWork) throws -> Void = { _ in }) rethrows -> PartedWork {
    var work = PartedWork(WriteRequest(to: ""))
    (work.request.format, work.request.maximumShardSize) = (.safetensors, 600)
    try change(&work)
    return work
  }

  private func plan(_ parts: Int = 3, _ work: PartedWork? = nil) throws -> PartPlan {
    let made = try PartPlan(work ?? self.work(), of: [(input, out)], parts: parts)
    // Whoever does a part has read the plan from a file.
    return try PartPlan(Array(made.json.text().utf8), name: "plan.json")
  }

  /// What one process writes, by the names of files.
  private func alone(_ change: (inout WriteRequest) -> Void = { _ in }) throws -> [String: [UInt8]] {
    let whole = try TemporaryFolder()
    var request = WriteRequest(to: whole.path + "/out/")
    (request.format, request.maximumShardSize) = (.safetensors, 600)
    change(&request)
    _ = try Conversion(of: input, request).run()
    return try files(whole.path + "/out")
  }

  private func files(_ path: String) throws -> [String: [UInt8]] {
    // What the parts of another plan have noted is not this one's to take away.
    try names(in: path).filter { !$0.hasPrefix(".suture-parts") }.reduce(into: [:]) {
      $0[$1] = try contents(of: "\(path)/\($1)")
    }
  }

  private func refusal(_ kind: FailureKind, _ body: () throws -> Void) -> String {
    let error = #expect(throws: (any Error).self) { try body() } as? any SutureError
    #expect(error?.kind == kind)
    return error.map { "\($0)" } ?? ""
  }

  // MARK: What is done

  @Test(arguments: [1, 2, 3, 8, 40]) func `are together what one process writes, byte for byte`(parts: Int)
    throws
  {
    let plan = try plan(parts)
    for part in (1...parts).reversed() { _ = try PartRun(plan, part: part).run() }
    #expect(try plan.missingParts().isEmpty)
    let final = try PartRun.finalize(plan)
    #expect(!final.wasThere)
    #expect(try files(folder.path + "/out") == alone())
    #expect(try PartRun.finalize(plan).wasThere)
  }

  @Test func `write their own files only, and share them by their bytes`() throws {
    let plan = try plan(3)
    let files = plan.jobs[0].files
    #expect(files.count > 4)
    #expect(plan.loads.reduce(0, +) == files.reduce(0) { $0 + $1.byteCount })
    let largest = files.map(\.byteCount).max() ?? 0
    let (most, least) = (plan.loads.max() ?? 0, plan.loads.min() ?? 0)
    #expect(most - least <= largest)
    let report = try PartRun(plan, part: 2).run()
    #expect(report.written == files.filter { $0.part == 2 }.map(\.path))
    #expect(
      names(in: folder.path + "/out").filter { $0.hasSuffix(".safetensors") }.count == report.written.count)
    #expect(try plan.missingParts() == [1, 3])
  }

  @Test func `say exactly which bytes of the input each file needs`() throws {
    let plan = try plan()
    let (header, size) = (try FileSource(input).bytes(0..<8), try FileSource(input).byteCount)
    let start = 8 + header.enumerated().reduce(0) { $0 + Int($1.element) << (8 * $1.offset) }
    let ranges = plan.jobs[0].files.flatMap { $0.reads.flatMap(\.ranges) }
    #expect(ranges.first?.lowerBound == start && ranges.last?.upperBound == size)
    #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
  }

  @Test func `may be done again, and do nothing then`() throws {
    let plan = try plan()
    let first = try PartRun(plan, part: 1).run()
    let again = try PartRun(plan, part: 1).run()
    #expect(again.written.isEmpty && again.skipped == first.written)
  }

  @Test func `go on where one was ended in the middle`() throws {
    let plan = try plan(1)
    let own = plan.jobs[0].files
    _ = try PartRun(plan, part: 1).run()
    // One file has not been written, and of another it is not written down that it was.
    removeFile(own[1].path)
    let marks = try #require(names(in: out).first { $0.hasPrefix(".suture-parts") })
    let path = "\(out)\(marks)/part-1.json"
    let note = try text(of: path)
    let entry = try #require(note.firstRange(of: "\"path\":\"\(own[2].path)\""))
    let end = try #require(note[entry.upperBound...].firstIndex(of: "}"))
    try write(Array((note[..<entry.upperBound] + note[end...]).utf8), to: path)
    #expect(try plan.missingParts() == [1])
    #expect(try PartRun(plan, part: 1).run().written == [own[1].path, own[2].path])
    _ = try PartRun.finalize(plan)
    #expect(try files(folder.path + "/out") == alone())
  }

  @Test func `cast, keep metadata and do the steps of a recipe as one process does`() throws {
    let recipe = try Recipe(
      Array("recipe: 1\nsteps:\n  - drop: layer.3.*\n  - replicate: \"b.{0..1}.\"\n".utf8), name: "r.yaml")
    let work = work {
      ($0.recipe, $0.request.dtype, $0.request.metadata) = (recipe, .float16, [("by", "us")])
    }
    let plan = try plan(3, work)
    for part in 1...3 { _ = try PartRun(plan, part: part).run() }
    _ = try PartRun.finalize(plan)
    let whole = try TemporaryFolder()
    var request = work.request
    request.output = whole.path + "/out/"
    var editing = Editing(of: input, request)
    try editing.add(recipe)
    _ = try editing.run()
    #expect(try files(folder.path + "/out") == files(whole.path + "/out"))
  }

  @Test func `are files of PyTorch too`() throws {
    let work = work { $0.request.format = .pytorchZip }
    let plan = try plan(2, work)
    for part in 1...2 { _ = try PartRun(plan, part: part).run() }
    _ = try PartRun.finalize(plan)
    let wanted = try alone { $0.format = .pytorchZip }
    #expect(wanted.count > 2)
    #expect(try files(folder.path + "/out") == wanted)
  }

  @Test func `of a batch are what a batch writes, and what cannot be read fails by itself`() throws {
    var inputs: [String] = []
    for index in 0..<7 {
      try folder.write("batch/\(index).safetensors", try contents(of: input))
      inputs.append("\(folder.path)/batch/\(index).safetensors")
    }
    var work = PartedWork(WriteRequest(to: ""))
    work.request.format = .pytorchZip
    let pairs = inputs.enumerated().map { ($0.element, "\(folder.path)/made/\($0.offset).pth") }
    let plan = try PartPlan(work, of: pairs, parts: 3)
    try write([1, 2, 3], to: inputs[4])
    var failed: [String] = []
    for part in 1...3 { failed += try PartRun(plan, part: part).run().failures.map(\.input) }
    #expect(failed == [inputs[4]])
    #expect(try plan.missingParts().count == 1)
    #expect(names(in: folder.path + "/made").filter { $0.hasSuffix(".pth") }.count == 6)
    #expect(refusal(.refused) { _ = try PartRun.finalize(plan) }.contains("1 of 3 parts is not done"))
  }

  // MARK: What is refused

  @Test func `are refused where an input was written since, and nothing is`() throws {
    let plan = try plan()
    try folder.write("in.safetensors", try contents(of: input) + [0])
    #expect(refusal(.refused) { _ = try PartRun(plan, part: 1).run() }.contains("when the plan was made"))
    #expect(names(in: out).filter { !$0.hasPrefix(".") }.isEmpty)
  }

  @Test func `are refused where an input of the same size was written since`() throws {
    let plan = try plan()
    // The clock of a file system ticks every few milliseconds.
    usleep(50_000)
    try folder.write("in.safetensors", try contents(of: input))
    #expect(refusal(.refused) { _ = try PartRun(plan, part: 1).run() }.contains("it was written since"))
    #expect(refusal(.refused) { _ = try PartRun.finalize(plan) }.contains("3 of 3 parts are not done"))
  }

  @Test func `cannot be done by two at once`() throws {
    let plan = try plan()
    _ = try PartRun(plan, part: 1).run()
    let marks = try #require(names(in: out).first { $0.hasPrefix(".suture-parts") })
    let lock = try FileLock("\(out)\(marks)/part-2.lock", taken: "", remedies: [])
    #expect(
      refusal(.cannotWrite) { _ = try PartRun(plan, part: 2).run() }.contains("another process does part 2"))
    withExtendedLifetime(lock) {}
    _ = try PartRun(plan, part: 3).run()
  }

  @Test func `replace nothing that is not theirs`() throws {
    let plan = try plan()
    let path = plan.jobs[0].files[0].path
    try folder.write("out/" + path.dropFirst(out.count), [7])
    let part = plan.jobs[0].files[0].part
    #expect(refusal(.cannotWrite) { _ = try PartRun(plan, part: part).run() }.contains("exists already"))
    #expect(try contents(of: path) == [7])
    let forced = try self.plan(3, work { $0.request.replaces = true })
    for part in 1...3 { _ = try PartRun(forced, part: part).run() }
    _ = try PartRun.finalize(forced)
    #expect(try files(folder.path + "/out") == alone())
  }

  @Test func `that are missing or changed afterwards are named, and no index is written`() throws {
    let plan = try plan()
    for part in 1...3 { _ = try PartRun(plan, part: part).run() }
    let file = plan.jobs[0].files.first { $0.part == 2 }
    try write([1], to: try #require(file).path)
    #expect(try plan.missingParts() == [2])
    #expect(refusal(.refused) { _ = try PartRun.finalize(plan) }.contains("not whole any more: 2"))
    #expect(!names(in: out).contains("model.safetensors.index.json"))
    _ = try PartRun(plan, part: 2).run()
    _ = try PartRun.finalize(plan)
    #expect(try files(folder.path + "/out") == alone())
  }

  @Test func `of a plan of another version, or a changed one, are refused`() throws {
    let text = try plan().json.text()
    func refusal(_ old: String, _ new: String) -> String {
      self.refusal(.refused) {
        _ = try PartPlan(Array(text.replacing(old, with: new).utf8), name: "plan.json")
      }
    }
    #expect(refusal("suture.parts/1", "suture.parts/2").contains("version \"suture.parts/2\""))
    #expect(refusal("\"suture \(SutureVersion.text)\"", "\"suture 0.1.0\"").contains("suture 0.1.0"))
    #expect(refusal("\"part\": 2", "\"part\": 1").contains("it was changed since it was made"))
    #expect(refusal("suture.parts/1", "other/1").contains("no plan of parts"))
    #expect(
      self.refusal(.refused) { _ = try PartPlan(Array(text.utf8.dropLast(20)), name: "p") }.contains(
        "no JSON"))
  }

  @Test func `are files of this machine, and have no hash of the input`() throws {
    #expect(refusal(.usage) { _ = try plan(3, work { $0.request.hashes = true }) }.contains("hash"))
    #expect(
      refusal(.usage) { _ = try PartPlan(work(), of: [(input, "-")], parts: 2) }.contains("standard output"))
    #expect(refusal(.usage) { _ = try PartPlan(work(), of: [(input, out)], parts: 0) }.contains("1 to"))
  }

  // MARK: Storages that several parts read

  @Test func `compare together what each reads a piece of with its checksum`() throws {
    // One storage, of which each tensor has a stretch.
    let values = (0..<1200).map { Float($0) }
    let whole = try Tensor(floats: values, shape: [1200])
    var dict = StateDict()
    for index in 0..<6 {
      try dict.append("w.\(index)", try whole.sliced((200 * index)..<(200 * index + 200), axis: 0))
    }
    let path = folder.path + "/shared.pth"
    try CheckpointWriter.write(dict, to: path, WriteOptions(.pytorchZip))
    var work = work { $0.request.maximumShardSize = 900 }
    work.request.format = .safetensors
    let good = try PartPlan(work, of: [(path, out)], parts: 3)
    for part in 1...3 { _ = try PartRun(good, part: part).run() }
    _ = try PartRun.finalize(good)
    let made = try Checkpoint.open(folder.path + "/out/model.safetensors.index.json").stateDict
    #expect(try made["w.5"]?.floats() == Array(values[1000...]))
    // A bit of it that is not the recorded one.
    var bytes = try contents(of: path)
    let place = try #require(bytes.firstRange(of: [0x00, 0x00, 0x16, 0x44])).lowerBound
    bytes[place] ^= 1
    try folder.write("damaged.pth", bytes)
    let bad = try PartPlan(work, of: [(folder.path + "/damaged.pth", folder.path + "/bad/")], parts: 3)
    var failures = 0
    for part in 1...3 {
      do { _ = try PartRun(bad, part: part).run() } catch {
        failures += 1
        #expect("\(error)".contains("corrupt"))
      }
    }
    #expect(failures == 1)
    #expect(refusal(.refused) { _ = try PartRun.finalize(bad) }.contains("1 of 3 parts is not done"))
  }
}
