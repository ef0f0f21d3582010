import SuturePickle
import SutureTensors
import SutureText
import Testing

@testable import SutureCheckpoints

/// Modules that were pickled whole by other roads than `nn.Module`'s own, and tensors in places of other kinds.
@Suite struct `A module by another road` {
  private typealias Write = (inout Pickler) -> Void

  /// The `__dict__` of a module with one parameter.
  private static func fields(_ modules: [(String, Write)] = []) -> Write {
    {
      $0.dict([
        ("_parameters", { $0.dict(modules.isEmpty ? [("weight", { $0.tensor() })] : []) }),
        ("_buffers", { $0.dict([]) }), ("_modules", { $0.dict(modules) }), ("training", { $0.bool(true) }),
      ])
    }
  }

  private static func object(_ name: String, state: @escaping Write) -> Write {
    {
      $0.global("my", name)
      $0.emptyTuple()
      $0.newObject()
      state(&$0)
      $0.build()
    }
  }

  private func open(_ body: Write) throws -> Checkpoint {
    let file = try TorchFile(body)
    return try Checkpoint.open(file.path)
  }

  private func names(_ body: Write) throws -> [String] { try open(body).stateDict.names }

  @Test func `of torch.compile is the one that it compiles, under its name`() throws {
    let compiled: Write = {
      $0.call(
        "torch._dynamo.eval_frame", "OptimizedModule",
        Self.object("Net", state: Self.fields([("fc", Self.object("Linear", state: Self.fields()))])),
        { $0.call("torch._dynamo.eval_frame", "OptimizeContext", { $0.none() }) })
    }
    #expect(try names(compiled) == ["_orig_mod.fc.weight"])
    let checkpoint = try open { $0.dict([("model", compiled), ("epoch", { $0.int(1) })]) }
    #expect(checkpoint.wrapper == ["model"] && checkpoint.stateDict.names == ["_orig_mod.fc.weight"])
    #expect(checkpoint.globals.allSatisfy { $0.judgement != .harmful })
  }

  @Test func `with a state that holds its dict beside other things`() throws {
    let inner = Self.object("Linear", state: Self.fields())
    for count in 1...2 {
      let state: Write = {
        $0.mark()
        Self.fields([("fc", inner)])(&$0)
        for _ in 0..<count { $0.int(5) }
        $0.tuple()
      }
      #expect(try names(Self.object("Net", state: state)) == ["fc.weight"])
    }
  }

  @Test func `whose maker is unknown is refused by the maker's name`() {
    let error = #expect(throws: Failure.self) {
      try open { pickler in
        pickler.global("my", "build")
        pickler.mark()
        pickler.global("collections", "OrderedDict")
        pickler.emptyTuple()
        pickler.reduce()
        pickler.mark()
        pickler.string("w")
        pickler.tensor()
        pickler.setItems()
        pickler.tuple()
        pickler.reduce()
      }
    }
    #expect(error?.reason.contains("1 tensor is only an argument of my.build") == true)
  }

  @Test(arguments: ["set", "frozenset"]) func `or a set of tensors are their items`(name: String) throws {
    let set: Write = {
      $0.call("__builtin__", name) {
        $0.emptyList()
        $0.mark()
        $0.tensor()
        $0.tensor([2])
        $0.appends()
      }
    }
    #expect(try names { $0.dict([("x", set)]) } == ["x.0", "x.1"])
  }

  @Test func `has names of its own, byte for byte`() throws {
    let places = ["\u{E9}", "e\u{301}"]
    // In an object, whose attributes are entered where there is one alone.
    let object = Self.object("Thing") { pickler in
      pickler.dict(places.map { place in (place, { $0.dict([("w", { $0.tensor() })]) }) })
    }
    #expect(try names(object).map(ExactString.init) == places.map { ExactString("\($0).w") })
    let file = try TorchFile(object)
    let one = try Checkpoint.open(file.path, key: places[1])
    #expect(one.stateDict.names == ["w"] && one.wrapper.map(ExactString.init) == [ExactString(places[1])])
  }
}
