import SutureTensors
import Testing

@testable import SutureSurgery

@Suite struct `A graft` {
  private func dict(_ entries: [(String, Tensor)]) throws -> StateDict {
    try StateDict(entries.map { .init(name: $0.0, tensor: $0.1) })
  }

  private func floats(_ values: Float...) throws -> Tensor {
    try Tensor(floats: values, shape: [values.count])
  }

  private func half(_ bytes: [UInt8]) throws -> Tensor {
    try Tensor(Storage(bytes), dtype: .float16, shape: [bytes.count / 2])
  }

  private func refusal(
    _ part: StateDict, _ base: StateDict, _ change: (inout Graft.Options) -> Void = { _ in }
  )
    throws -> SurgeryError?
  {
    var options = Graft.Options()
    change(&options)
    do {
      _ = try Graft(part, onto: base, options)
      return nil
    } catch { return error }
  }

  @Test func `is update, in the base's order and dtype`() throws {
    let base = try dict([("a", try floats(1, 2)), ("b", try floats(3)), ("c", try half([0, 0x3C]))])
    let part = try dict([("c", try floats(2)), ("a", try half([0, 0x40, 0, 0x42]))])
    let graft = try Graft(part, onto: base)
    #expect(graft.output.names == ["a", "b", "c"])
    #expect(graft.replaced == ["a", "c"] && graft.stayed == ["b"])
    #expect(graft.output.entries.map(\.tensor.dtype) == [.float32, .float32, .float16])
    #expect(try graft.output["a"]?.floats() == [2, 3])
    #expect(try graft.output["b"]?.floats() == [3])
    #expect(try graft.output["c"]?.floats() == [2])
    #expect(graft.recast.map(\.name) == ["a", "c"])
    #expect(graft.recast.map(\.to) == [.float32, .float16])
  }

  @Test func `keeps what shares a storage shared`() throws {
    let one = try floats(1)
    let base = try dict([("a", try floats(0)), ("b", try floats(0))])
    #expect(try Graft(try dict([("a", one), ("b", one)]), onto: base).output.storages.count == 1)
  }

  @Test func `refuses what does not fit, key by key`() throws {
    let base = try dict([("a", try floats(1, 2)), ("n", try Tensor(Storage([1]), dtype: .int8, shape: [1]))])
    let shapes = try #require(try refusal(try dict([("a", try floats(1))]), base))
    #expect(shapes.kind == .doesNotFit)
    #expect(
      shapes.description == """
        1 of 1 common keys do not fit the base
          a: [1] in the part, [2] in the base
          nothing was written
        """)
    #expect(try refusal(try dict([("n", try floats(1))]), base)?.kind == .doesNotFit)
    let unexpected = try dict([("a", try floats(1, 2)), ("z.0", try floats(1)), ("z.1", try floats(1))])
    let error = try #require(try refusal(unexpected, base))
    #expect(error.kind == .impossible && error.hints.first == "z.{0..1}  (2)")
    var options = Graft.Options()
    options.unexpected = .drop
    #expect(try Graft(unexpected, onto: base, options).output.names == ["a", "n"])
    options.unexpected = .add
    #expect(try Graft(unexpected, onto: base, options).output.names == ["a", "n", "z.0", "z.1"])
    #expect(try refusal(unexpected, base) { $0.excluded = ["z*"] } == nil)
    #expect(try refusal(unexpected, base) { $0.excluded = ["y*"] }?.kind == .noMatch)
    #expect(try refusal(unexpected, base) { $0.excluded = ["{z"] }?.kind == .badPattern)
    let part = try dict([("a", try floats(1, 2))])
    #expect(try refusal(part, base) { $0.expected = 2 }?.kind == .expectation)
    #expect(try refusal(part, base) { $0.allowedMissing = ["m*"] }?.kind == .expectation)
    #expect(try refusal(part, base) { $0.allowedMissing = ["n"] } == nil)
  }

  @Test func `guesses the prefix where nothing overlaps`() throws {
    let base = try dict([("model.a.w", try floats(1))])
    let part = try dict([("a.w", try floats(1))])
    #expect(try refusal(part, base)?.description.contains("--add-prefix 'model.'") == true)
    #expect(try refusal(base, part)?.description.contains("--strip-prefix 'model.'") == true)
    #expect(try refusal(try dict([("x", try floats(1))]), base)?.kind == .noMatch)
  }
}
