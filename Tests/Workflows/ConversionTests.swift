import SutureBytes
import SutureCheckpoints
import SutureJSON
import SutureSurgery
import SutureTensors
import SutureText
import SutureWorkflows
import TestSupport
import Testing

@Suite struct `Workflows that write` {
  static let atto = projectFolder + "/Fixtures/convnext-atto-cifar10/convnext_atto_cifar10_ema.pth"

  @Test func `convert a file, and report it as values`() throws {
    let folder = try TemporaryFolder()
    let events = Guarded<[WorkProgress]>([])
    var request = WriteRequest(to: folder.path + "/out.safetensors")
    (request.dtype, request.proves, request.hashes) = (.float16, true, true)
    request.progress = { work in events.withLock { $0.append(work) } }
    let report = try Conversion(of: Self.atto, request).run()
    #expect(report.output == request.output && report.files == [request.output])
    #expect(report.wrapper == ["model"] && report.tensorCount == 128 && report.isProven)
    #expect(report.cast?.names.count == 128 && report.seconds != nil)
    let written = try Checkpoint.open(request.output)
    #expect(written.stateDict.entries.allSatisfy { $0.tensor.dtype == .float16 })
    #expect(written.provenance?.runs.last?.tool == "suture \(SutureVersion.text)")
    #expect(written.provenance?.runs.last?.sources.map(\.name) == ["convnext_atto_cifar10_ema.pth"])
    #expect(written.provenance?.runs.last?.options == ["dtype": "float16"])
    let told = events.withLock { $0 }
    #expect(told.filter(\.isFinished).count == 2 && told.allSatisfy { $0.file == Self.atto })
    #expect(told.filter(\.isFinished).allSatisfy { $0.done == $0.total })
  }

  @Test func `prepare without writing`() throws {
    let folder = try TemporaryFolder()
    let prepared = try Conversion(of: Self.atto, WriteRequest(to: folder.path + "/out.pth")).prepare()
    #expect(prepared.report.seconds == nil && prepared.report.tensorCount == 128)
    #expect(try !prepared.isThere())
    #expect(folder.names.isEmpty)
    let report = try prepared.write()
    #expect(try prepared.isThere())
    #expect(try FileSource(report.output).byteCount == prepared.plan.byteCount)
    let error = #expect(throws: (any Error).self) { try prepared.write() }
    #expect("\(try #require(error))".contains("exists already"))
  }

  @Test(arguments: [
    ("", "say where to write"), ("x.bin", "is the name of a PyTorch file"), ("x", "cannot tell"),
    ("-", "does not go with standard output"),
  ])
  func `refuse a request that contradicts itself, as a mistake in its use`(output: String, reason: String) {
    var request = WriteRequest(to: output)
    request.format = output == "x" ? nil : .safetensors
    request.proves = true
    let error = #expect(throws: Failure.self) { try Conversion(of: "nothing", request).prepare() }
    #expect(error?.kind == .usage && error?.reason.contains(reason) == true)
    #expect(error.map { !"\($0)".contains("--") } == true)
  }

  /// One view of a few bytes under many names is small where views stay, and gigabytes where each is written in full.
  @Test func `bound what they write of views that repeat what they view, whatever the names`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/views.pth"
    let one = Storage([0, 0, 0, 0], label: "one")
    var views = StateDict()
    for number in 0..<100 {
      try views.append(
        "w\(number)", try Tensor(one, dtype: .float32, shape: [5000, 5000], strides: [0, 0], offset: 0))
    }
    try CheckpointWriter.write(views, to: path, WriteOptions(.pytorchZip))
    let error = #expect(throws: Failure.self) {
      try Conversion(of: path, WriteRequest(to: folder.path + "/out.safetensors")).prepare()
    }
    #expect(error?.kind == .doesNotFit && error?.reason.contains("9.3 GiB in full") == true)
    #expect(try Conversion(of: path, WriteRequest(to: folder.path + "/out.pth")).run().tensorCount == 100)
    #expect(folder.names == ["out.pth", "views.pth"])
  }

  @Test func `edit a file with inputs by path`() throws {
    let folder = try TemporaryFolder()
    var editing = Editing(of: Self.atto, WriteRequest(to: folder.path + "/out.pth"))
    editing.steps = [Average(Self.atto), Drop("norm*"), Drop("head*"), Replicate("model.{0..3}.")]
    editing.expectation.output = 496
    let report = try editing.run()
    #expect(report.written.tensorCount == 496 && report.written.storageCount == 124)
    #expect(report.plan.accounting.dropped.count == 4)
    editing.digest = "sha256:0"
    let error = #expect(throws: Failure.self) { try editing.prepare() }
    #expect(error?.kind == .refused)
    (editing.digest, editing.request) = (try report.plan.digest, nil)
    #expect(try editing.prepare().output == nil)
    let unsaid = #expect(throws: Failure.self) { try editing.run() }
    #expect(unsaid?.kind == .usage)
  }

  @Test func `take the moving average from beside the weights`() throws {
    let folder = try TemporaryFolder()
    let path = projectFolder + "/Fixtures/Corpus/259_wrap_model_ema.pth"
    var editing = Editing(of: path, WriteRequest(to: folder.path + "/out.safetensors"))
    editing.steps = [TakeEMA()]
    _ = try editing.run()
    let hashes = { (dict: StateDict) in try dict.entries.map { try $0.tensor.sha256() } }
    let written = try Checkpoint.open(folder.path + "/out.safetensors").stateDict
    #expect(try hashes(written) == hashes(try Checkpoint.open(path, key: "model_ema").stateDict))
  }

  @Test func `graft one file onto another`() throws {
    let folder = try TemporaryFolder()
    let part = folder.path + "/part.safetensors"
    var editing = Editing(of: Self.atto, WriteRequest(to: part))
    let recipe =
      "recipe: 1\nsteps: [{keep: \"head.*\"}, {fill: \"*\", with: 0.5}]\noutput: {dtype: float16}\n"
    try editing.add(try Recipe(Array(recipe.utf8), name: "r.yaml"))
    #expect(try editing.run().written.cast?.names.count == 2)
    let out = folder.path + "/out.pth"
    let report = try Grafting(part, onto: Self.atto, WriteRequest(to: out)).run()
    #expect(report.graft.replaced == ["head.weight", "head.bias"] && report.written.tensorCount == 128)
    let error = #expect(throws: Failure.self) {
      var request = WriteRequest(to: part)
      request.replaces = true
      _ = try Grafting(part, onto: Self.atto, request).prepare()
    }
    #expect(error?.reason.contains("is the input itself") == true)
  }

  @Test func `convert many files, and skip what is there and whole`() throws {
    let folder = try TemporaryFolder()
    try folder.write("bad.pth", Array("nothing of the kind".utf8))
    let out = folder.path + "/out"
    defer {
      for name in (try? fileNames(in: out)) ?? [] { removeFile(out + "/" + name) }
      removeFolder(out)
    }
    let conversion = Conversion(of: "", WriteRequest(to: ""))
    var batch = try Batch(of: [folder.path + "/bad.pth", Self.atto], into: out, like: conversion)
    batch.keepsGoing = true
    let run = {
      try batch.run().map { report in
        switch report.outcome {
        case .written: "written"
        case .skipped: "skipped"
        case .failed: "failed"
        }
      }
    }
    #expect(try run() == ["failed", "written"])
    #expect(try run() == ["failed", "skipped"])
    batch.keepsGoing = false
    #expect(try run() == ["failed"])
  }

  @Test func `refuse two files of a batch that would become one`() {
    let conversion = Conversion(of: "", WriteRequest(to: ""))
    #expect(throws: Failure.self) { try Batch(of: ["x/a.pth", "y/a.bin"], into: "out", like: conversion) }
  }

  @Test func `report to programs what the command does`() throws {
    let folder = try TemporaryFolder()
    let checkpoint = try Checkpoint.open(Self.atto)
    var inspection = Inspection(of: checkpoint)
    inspection.hashes = true
    let inspected = try inspection.json.value
    #expect(inspected["schema"]?.stringValue == "suture.inspect/1")
    #expect(inspected["tensors"]?.arrayValue?.count == 128)
    #expect(inspected["tensors"]?.arrayValue?[0]["sha256"]?.stringValue?.count == 64)
    let check = try CheckReport(of: checkpoint)
    #expect(check.passed && check.json().value["bytes"]?.integerValue == checkpoint.stateDict.byteCount)
    var editing = Editing(of: Self.atto, WriteRequest(to: folder.path + "/out.pth"))
    try editing.add(try Recipe(Array("recipe: 1\nsteps: [{drop: \"head*\"}]".utf8), name: "r.yaml"))
    let prepared = try editing.prepare()
    #expect(try prepared.json().value["schema"]?.stringValue == "suture.plan/1")
    let written = try #require(try prepared.output?.write())
    #expect(try prepared.json(written).value["digest"]?.stringValue == prepared.digest)
    #expect(try prepared.json(written).text(isLine: true).hasSuffix("}\n"))
  }
}
