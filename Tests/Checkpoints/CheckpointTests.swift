import Glibc
import SutureBytes
import SuturePickle
import SutureTensors
import SutureText
import Testing

@testable import SutureCheckpoints

@Suite struct `A PyTorch checkpoint` {
  private func open(_ key: String? = nil, _ body: (inout Pickler) -> Void) throws -> Checkpoint {
    let file = try TorchFile(body)
    return try Checkpoint.open(file.path, key: key)
  }

  private func refusal(_ body: (inout Pickler) -> Void) throws -> Failure? {
    do {
      _ = try open(nil, body)
      return nil
    } catch let error as Failure { return error }
  }

  @Test func `is entered where training code wraps it`() throws {
    let checkpoint = try open { pickler in
      pickler.dict([
        ("epoch", { $0.int(3) }),
        ("model_ema", { $0.dict([("w", { $0.tensor() })]) }),
        ("model", { $0.dict([("w", { $0.tensor([2]) }), ("n.m", { $0.tensor() })]) }),
        ("optimizer", { $0.dict([("state", { $0.dict([("0", { $0.tensor() })]) })]) }),
      ])
    }
    #expect(checkpoint.wrapper == ["model"])
    #expect(checkpoint.stateDict.names == ["w", "n.m"])
    #expect(checkpoint.candidates == [.init(path: "model_ema", tensorCount: 1)])
    #expect(checkpoint.extras.map(\.path) == ["epoch", "model_ema.w", "optimizer.state.0"])
  }

  @Test func `is entered elsewhere when a key says so`() throws {
    func body(_ pickler: inout Pickler) {
      pickler.dict([
        ("model", { $0.dict([("w", { $0.tensor() })]) }),
        ("other", { $0.dict([("a.b", { $0.dict([("v", { $0.tensor() })]) })]) }),
      ])
    }
    #expect(try open("other", body).stateDict.names == ["a.b.v"])
    #expect(try open("other.a.b", body).stateDict.names == ["v"])
    #expect(try open(".", body).stateDict.names == ["model.w", "other.a.b.v"])
    let error = #expect(throws: Failure.self) { try open("nowhere", body) }
    #expect(error?.remedies.first?.description.contains("model, other") == true)
  }

  @Test func `that is a state dict needs no wrapper`() throws {
    let checkpoint = try open {
      $0.dict([("w", { $0.tensor() }), ("model", { $0.dict([("v", { $0.tensor() })]) })])
    }
    #expect(checkpoint.wrapper.isEmpty)
    #expect(checkpoint.stateDict.names == ["w", "model.v"])
    #expect(checkpoint.stateDict.aliases == [["w", "model.v"]])
  }

  @Test func `without tensors says what there is`() throws {
    let checkpoint = try open { $0.dict([("epoch", { $0.int(3) })]) }
    #expect(checkpoint.stateDict.isEmpty)
    let error = #expect(throws: Failure.self) { try checkpoint.requireTensors() }
    #expect(error?.remedies == ["found: epoch is int 3"])
  }

  @Test func `keeps unknown classes as inert extras`() throws {
    let checkpoint = try open { pickler in
      pickler.dict([
        ("w", { $0.tensor() }),
        (
          "args",
          {
            $0.global("argparse", "Namespace")
            $0.emptyTuple()
            $0.reduce()
            $0.dict([("lr", { $0.int(1) }), ("buffer", { $0.tensor() })])
            $0.build()
          }
        ),
      ])
    }
    #expect(checkpoint.stateDict.names == ["w"])
    #expect(checkpoint.extras.map(\.kind) == ["argparse.Namespace", "int", "tensor"])
    #expect(checkpoint.warnings.count == 1)
  }

  @Test(arguments: [
    ("os", "system"), ("posix", "system"), ("builtins", "eval"),
    ("subprocess", "Popen"),
    ("torch", "load"), ("torch.hub", "load"), ("", ""), ("a b", "c"), ("runpy", "run_path"),
  ])
  func `that calls something harmful is refused as unsafe`(module: String, name: String) throws {
    let error = try #require(
      try refusal { pickler in
        pickler.dict([
          ("w", { $0.tensor() }),
          (
            "x",
            {
              $0.global(module, name)
              $0.emptyTuple()
              $0.reduce()
            }
          ),
        ])
      })
    #expect(error.kind == .unsafe)
    #expect(
      error.remedies.map(\.description).contains { $0.contains("1 tensor in it does not depend on that") })
  }

  @Test(arguments: ["axes twice", "too few axes", "scalar"])
  func `whose arrays say what cannot be is refused or told`(kind: String)
    throws
  {
    let file = try TorchFile { pickler in
      func type(_ pickler: inout Pickler) {
        pickler.call("numpy", "dtype", { $0.string(kind == "scalar" ? "O8" : "f4") })
      }
      pickler.dict([
        ("w", { $0.tensor() }),
        (
          "a",
          { pickler in
            guard kind == "scalar" else {
              return pickler.call(
                "numpy._core.numeric", "_frombuffer", { $0.string(String(repeating: "\0", count: 16)) }, type,
                { $0.tuple([2, 2]) }, { $0.string("K") }, { $0.tuple(kind == "axes twice" ? [1, 1] : [0]) })
            }
            // An array of one object by JAX's road, with another state that has no shape.
            pickler.call(
              "jax._src.array", "_reconstruct_array", { $0.global("numpy._core.multiarray", "_reconstruct") },
              { $0.emptyTuple() },
              { pickler in
                pickler.mark()
                pickler.int(1)
                pickler.tuple([])
                type(&pickler)
                pickler.bool(false)
                pickler.emptyList()
                pickler.mark()
                pickler.int(7)
                pickler.appends()
                pickler.tuple()
              })
            pickler.tuple([1])
            pickler.build()
          }
        ),
      ])
    }
    let checkpoint = try Checkpoint.open(file.path)
    #expect(checkpoint.stateDict.names == ["w"] && checkpoint.extras.count == 1)
  }

  @Test func `that holds plain data in number shows each of it once`() throws {
    func words(_ pickler: inout Pickler) {
      pickler.emptyList()
      pickler.mark()
      for number in 0..<2000 { pickler.int(number) }
      pickler.appends()
    }
    func dict(_ pickler: inout Pickler) {
      pickler.call("collections", "OrderedDict")
      pickler.mark()
      for number in 0..<2000 {
        pickler.int(number)
        pickler.int(number)
      }
      pickler.setItems()
    }
    let file = try TorchFile { pickler in
      pickler.dict([
        ("w", { $0.tensor() }), ("words", words), ("indices", dict),
        ("set", { $0.call("builtins", "set", words) }),
      ])
    }
    let extras = try Checkpoint.open(file.path).extras
    #expect(Set(extras.map(\.path)).isSuperset(of: ["words", "indices"]) && extras.count < 10)
    #expect(extras.contains { $0.path == "indices" && $0.value == "{2000 items}" })
  }

  @Test func `in which a second network's name resembles a log's is told of it`() throws {
    let file = try TorchFile { pickler in
      let weights: (inout Pickler) -> Void = { $0.dict([("w", { $0.tensor() })]) }
      pickler.dict(
        ["model", "sampler", "gradnet", "best_model", "stepper", "optimizer", "lr_scheduler"].map {
          ($0, weights)
        })
    }
    let checkpoint = try Checkpoint.open(file.path)
    #expect(checkpoint.wrapper == ["model"])
    #expect(checkpoint.candidates.map(\.path) == ["sampler", "gradnet", "best_model", "stepper"])
  }

  @Test func `leaves an optimizer's state apart, whatever it and the networks are called`() throws {
    func state(_ pickler: inout Pickler) {
      pickler.dict([
        ("state", { $0.dict([("0", { $0.dict([("exp_avg", { $0.tensor() })]) })]) }),
        ("param_groups", { $0.dict([("lr", { $0.int(1) })]) }),
      ])
    }
    let weights: (inout Pickler) -> Void = { $0.dict([("w", { $0.tensor() })]) }
    func body(_ pickler: inout Pickler) {
      pickler.dict([("actor", weights), ("critic", weights), ("opt_a", state), ("critic_optim", state)])
    }
    let file = try TorchFile(body)
    let checkpoint = try Checkpoint.open(file.path)
    #expect(checkpoint.wrapper.isEmpty && checkpoint.stateDict.names == ["actor.w", "critic.w"])
    #expect(
      checkpoint.candidates == [
        .init(path: "opt_a", tensorCount: 1), .init(path: "critic_optim", tensorCount: 1),
      ])
    #expect(try Checkpoint.open(file.path, key: ".").stateDict.count == 4)
    // It goes along into another file, in its place.
    let object = try #require(try checkpoint.plainObject(keepsStructure: true))
    guard object.notes.isEmpty, case .dict(let items) = object.root, items.count == 4,
      case .dict(let optimizer) = items[2].value, case .dict(let states) = optimizer[0].value,
      case .dict(let moments) = states[0].value, case .tensor = moments[0].value
    else {
      Issue.record("not whole: \(object.root), \(object.notes)")
      return
    }
    // The file of an optimizer is what it is, and a network may have any name and groups of parameters.
    let alone = try TorchFile(state)
    #expect(try Checkpoint.open(alone.path).stateDict.names == ["state.0.exp_avg"])
    let groups = try TorchFile { pickler in
      pickler.dict([
        ("optimizer", { $0.dict([("w", { $0.tensor() }), ("param_groups", { $0.int(1) })]) }), ("b", weights),
      ])
    }
    #expect(try Checkpoint.open(groups.path).stateDict.names == ["optimizer.w", "b.w"])
  }

  @Test func `tells of an average that a callback keeps`() throws {
    let weights: (inout Pickler) -> Void = { $0.dict([("w", { $0.tensor() }), ("b", { $0.tensor() })]) }
    let file = try TorchFile { pickler in
      pickler.dict([
        ("state_dict", weights),
        ("callbacks", { $0.dict([("EMA", { $0.dict([("state_dict_ema", weights)]) })]) }),
      ])
    }
    let checkpoint = try Checkpoint.open(file.path)
    #expect(checkpoint.wrapper == ["state_dict"])
    #expect(checkpoint.candidates == [.init(path: "callbacks.EMA.state_dict_ema", tensorCount: 2)])
  }

  @Test func `whose names take more bytes than all paths may is refused before they are made`() throws {
    let file = try TorchFile { pickler in
      for _ in 0..<20 {
        pickler.emptyDict()
        pickler.mark()
        pickler.string(String(repeating: "k", count: 1000))
      }
      pickler.dict((0..<100).map { number in ("n\(number)", { $0.tensor() }) })
      for _ in 0..<20 { pickler.setItems() }
    }
    #expect(try Checkpoint.open(file.path, key: ".").stateDict.count == 100)
    var limits = ReadLimits()
    limits.pathBytes = 1_000_000
    let error = #expect(throws: Failure.self) { try Checkpoint.open(file.path, key: ".", limits: limits) }
    #expect(error?.remedies == [.setting("limit", value: "path-bytes=N", "allows more")])
  }

  @Test func `with one word half a million times in a list is read, and the list is one value`() throws {
    let file = try TorchFile { pickler in
      pickler.dict([
        ("w", { $0.tensor() }),
        (
          "words",
          { pickler in
            pickler.emptyList()
            pickler.mark()
            for _ in 0..<600_000 { pickler.string("word") }
            pickler.appends()
          }
        ),
      ])
    }
    let checkpoint = try Checkpoint.open(file.path)
    #expect(checkpoint.stateDict.names == ["w"] && checkpoint.extras.map(\.path) == ["words"])
  }

  @Test func `whose tensors do not fit their storages is refused`() throws {
    let bodies: [(inout Pickler) -> Void] = [
      { $0.tensor([5]) }, { $0.tensor(offset: 1) }, { $0.tensor(offset: -1) }, { $0.tensor([-4]) },
      { $0.tensor([4], strides: [1, 1]) }, { $0.tensor([4], strides: [1 << 62]) }, { $0.tensor(count: 5) },
      { $0.tensor([4], count: 2) }, { $0.tensor(count: -1) }, { $0.tensor(count: 0x4000_0000_0000_0001) },
      { $0.tensor(key: "1") }, { $0.tensor(key: "../data.pkl") }, { $0.tensor(type: "BogusStorage") },
      { $0.tensor([Int](repeating: 1, count: 300), strides: [Int](repeating: 1, count: 300)) },
    ]
    for (index, body) in bodies.enumerated() {
      let error = try refusal { $0.dict([("w", body)]) }
      #expect(error?.kind == .unreadable, "case \(index)")
    }
  }

  @Test func `that uses one storage as two dtypes is refused`() throws {
    let error = try refusal { $0.dict([("a", { $0.tensor() }), ("b", { $0.tensor(type: "IntStorage") })]) }
    #expect(error?.reason.contains("both as float32") == true)
  }

  @Test func `that refers to something else than a storage is refused`() throws {
    let error = try refusal { pickler in
      pickler.dict([
        ("w", { $0.tensor() }),
        (
          "x",
          {
            $0.int(3); $0.persistentID()
          }
        ),
      ])
    }
    #expect(error?.reason.contains("not a reference that torch.save writes") == true)
  }

  @Test func `gives an error or the truth for every truncation and every flipped byte`() throws {
    let file = try TorchFile(storages: [(0..<16).map { UInt8($0) }]) { $0.dict([("w", { $0.tensor() })]) }
    let bytes = try file.bytes
    let truth: [UInt8] = (0..<16).map { UInt8($0) }
    for length in stride(from: 0, to: bytes.count, by: 1) {
      let cut = try TorchFile(bytes: Array(bytes[..<length]))
      #expect(throws: (any Error).self, "length \(length)") { try Checkpoint.open(cut.path) }
    }
    for index in bytes.indices {
      var damaged = bytes
      damaged[index] ^= 0x04
      let changed = try TorchFile(bytes: damaged)
      guard let checkpoint = try? Checkpoint.open(changed.path) else { continue }
      guard let tensor = checkpoint.stateDict["w"], let read = try? tensor.contiguousBytes() else { continue }
      #expect(read == truth, "byte \(index)")
    }
  }

  @Test(.timeLimit(.minutes(20)))
  func `that repeats one large value on many paths is walked in bounded time`()
    throws
  {
    // Hand-made: memo 0 is the value, and what follows refers to it 300,000 times.
    let recalls = (0..<300_000).flatMap { _ in [UInt8(ascii: "h"), 0] }
    let nones = [UInt8](repeating: UInt8(ascii: "N"), count: 300_000)
    let streams: [[UInt8]] = [
      Array("(".utf8) + nones + Array("tq".utf8) + [0] + Array("0](".utf8) + recalls + Array("e.".utf8),
      Array("]q".utf8) + [0] + Array("(".utf8) + recalls + Array("e.".utf8),
    ]
    for stream in streams {
      var bytes = stream
      bytes.insert(contentsOf: [0x80, 2], at: 0)
      _ = try? Checkpoint.open(MemorySource(bytes, name: "memory"))
    }
  }

  @Test func `that was written reads back with its sharing`() throws {
    let file = try TorchFile { $0.dict([("a", { $0.tensor() }), ("b", { $0.tensor([2], offset: 2) })]) }
    let first = try Checkpoint.open(file.path)
    let path = file.path + ".pth"
    try CheckpointWriter.write(first.stateDict, to: path, WriteOptions(.pytorchZip))
    let second = try Checkpoint.open(path)
    #expect(second.stateDict.names == ["a", "b"])
    #expect(second.stateDict.aliases == [["a", "b"]])
    #expect(second.stateDict["b"]?.offset == 2)
    #expect(try second.stateDict["b"]?.sha256() == first.stateDict["b"]?.sha256())
    #expect(throws: OutputExists.self) {
      try CheckpointWriter.write(first.stateDict, to: path, WriteOptions(.pytorchZip))
    }
    var replacing = WriteOptions(.safetensors)
    replacing.replaces = true
    try CheckpointWriter.write(first.stateDict, to: path, replacing)
    #expect(try Checkpoint.open(path).container == .safetensors)
    unlink(path)
  }
}
