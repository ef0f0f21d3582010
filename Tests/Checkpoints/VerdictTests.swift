import SutureBytes
import SutureJSON
import SutureTensors
import SutureText
import Testing

@testable import SutureCheckpoints

@Suite("Every file gets its verdict")
struct VerdictTests {
  @Test func `and all of them are there`() {
    #expect(Case.all(in: "Corpus").count == 244)
    #expect(Case.all(in: "Real").count > 70)
  }

  @Test(arguments: Case.all(in: "Corpus")) func `in the corpus`(file: Case) throws { try check(file) }

  @Test(arguments: Case.all(in: "Real")) func `among those that others published`(file: Case) throws {
    try check(file)
  }

  private func check(_ file: Case) throws {
    switch file.verdict {
    case "reads": try expectTensors(try Checkpoint.open(file.path, key: "."), file.tensors)
    case "refuses elements":
      let checkpoint = try Checkpoint.open(file.path, key: ".")
      let error = #expect(throws: (any Error).self) {
        for entry in checkpoint.stateDict.entries { _ = try entry.tensor.sha256() }
      }
      #expect(error.map { "\($0)".contains(file.because) } == true, "\(String(describing: error))")
    case "refuses", "refuses as unsafe":
      let error = #expect(throws: (any Error).self) { try Checkpoint.open(file.path, key: ".") }
      #expect(error.map { "\($0)".contains(file.because) } == true, "\(String(describing: error))")
      let isUnsafe = (error as? any SutureError)?.kind == .unsafe
      #expect(isUnsafe == (file.verdict == "refuses as unsafe"))
    case let other: Issue.record("unknown verdict \(other)")
    }
  }

  private func expectTensors(_ checkpoint: Checkpoint, _ expected: [JSONValue]) throws {
    let names = Set(expected.compactMap { $0["name"]?.stringValue.map { Array($0.utf8) } })
    #expect(Set(checkpoint.stateDict.names.map { Array($0.utf8) }) == names)
    for want in expected {
      let name = want["name"]?.stringValue ?? ""
      let tensor = try #require(checkpoint.stateDict[name], "\(name) is missing")
      if let kind = want["kind"]?.stringValue { #expect(tensor.layout.name == kind) }
      if case .quantized(.perChannel(_, _, let axis, _)) = tensor.layout {
        #expect(axis == want["axis"]?.integerValue)
      }
      try expect(tensor, want)
      guard let parts = want["parts"]?.members, case .sparse(let sparse) = tensor.layout else { continue }
      #expect(sparse.parts.map(\.name) == parts.map(\.key))
      for (part, wanted) in zip(sparse.parts, parts) { try expect(part.tensor, wanted.value) }
    }
  }

  private func expect(_ tensor: Tensor, _ want: JSONValue) throws {
    if let dtype = want["dtype"]?.stringValue { #expect(tensor.dtype.rawValue == dtype) }
    if let shape = want["shape"]?.arrayValue { #expect(tensor.shape == shape.compactMap(\.integerValue)) }
    if let hash = want["sha256"]?.stringValue { #expect(try tensor.sha256() == hash) }
  }
}
