import SuturePickle
import SutureTensors
import SutureText
import Testing

@testable import SutureCheckpoints

/// Tensors that torch makes of others: nested ones, and those of classes that wrap others.
@Suite struct `A file` {
  /// A file that holds a tensor `w` under "model", and what `function` of torch._utils makes of four tensors under `place`.
  private func file(_ function: String, under place: String) throws -> TorchFile {
    let odd: (inout Pickler) -> Void = { pickler in
      pickler.global("torch._utils", function)
      pickler.mark()
      for _ in 0..<4 { pickler.tensor() }
      pickler.tuple()
      pickler.reduce()
    }
    return try TorchFile { pickler in
      pickler.dict([
        ("model", { $0.dict([("w", { $0.tensor() })] + (place == "model" ? [("odd", odd)] : [])) }),
        ("optimizer", { $0.dict(place == "optimizer" ? [("odd", odd)] : []) }),
      ])
    }
  }

  private static let kinds = [
    ("_rebuild_nested_tensor", "nested"), ("_rebuild_wrapper_subclass", "only its class"),
  ]

  @Test(arguments: kinds) func `with weights of a kind that is not read is refused for the kind`(
    function: String, what: String
  ) throws {
    let file = try file(function, under: "model")
    let error = #expect(throws: (any Error).self) { try Checkpoint.open(file.path) } as? any SutureError
    #expect(error?.kind == .unreadable && error?.reason.contains(what) == true)
  }

  @Test(arguments: kinds) func `with such a tensor beside the weights is read, and it is told`(
    function: String, what: String
  ) throws {
    let file = try file(function, under: "optimizer")
    let checkpoint = try Checkpoint.open(file.path)
    #expect(checkpoint.stateDict.names == ["w"])
    #expect(checkpoint.warnings == ["left out: 1 tensor of a kind that is not read: optimizer.odd"])
    #expect(throws: (any Error).self) { try Checkpoint.open(file.path, key: ".") }
  }
}
