import SuturePickle
import SutureTensors
import SutureText
import TestSupport
import Testing

@testable import SutureCheckpoints

/// Keys of dicts that are no texts: what is shown of them may be less than they are.
@Suite struct `Keys of one name` {
  private typealias Write = (inout Pickler) -> Void

  /// The names of the tensors of a dict that has a tensor under each key.
  private func names(_ keys: [Write]) throws -> [String] {
    let file = try TorchFile { pickler in
      pickler.emptyDict()
      pickler.mark()
      for key in keys {
        key(&pickler)
        pickler.tensor()
      }
      pickler.setItems()
    }
    return try Checkpoint.open(file.path).stateDict.names
  }

  private static func tuple(_ items: [Write]) -> Write {
    { pickler in
      pickler.mark()
      for item in items { item(&pickler) }
      pickler.tuple()
    }
  }

  private static func numbers(_ numbers: [Int]) -> Write {
    tuple(numbers.map { number in { $0.int(number) } })
  }

  private static func nested(_ number: Int) -> Write {
    (0..<6).reduce({ $0.int(number) }) { inner, _ in tuple([inner]) }
  }

  private static let long = String(repeating: "x", count: 80)

  @Test func `are told apart, and no tensor takes the place of another`() throws {
    func bytes(_ text: String) -> Write {
      { $0.call("_codecs", "encode", { $0.string(text) }, { $0.string("latin1") }) }
    }
    let object: Write = { $0.call("my", "Key") }
    let cases: [(Write, Write)] = [
      (Self.numbers(Array(0..<8)), Self.numbers(Array(0..<7) + [8])), (Self.nested(1), Self.nested(2)),
      (
        Self.tuple([{ $0.string(Self.long + "a") }]), Self.tuple([{ $0.string(Self.long + "b") }])
      ),
      (object, object), ({ $0.tensor() }, { $0.tensor() }),
      (bytes(Self.long + Self.long + "a"), bytes(Self.long + Self.long + "b")),
    ]
    for (index, (one, other)) in cases.enumerated() {
      let names = try names([one, other])
      #expect(names.count == 2 && names[1] == names[0] + " (2)", "case \(index): \(names)")
    }
  }

  @Test func `are one key where they are equal, and the last value counts`() throws {
    let file = try TorchFile { pickler in
      pickler.emptyDict()
      pickler.mark()
      for (number, last) in [(7, 1), (8, 1), (7, 2), (8, 3)] {
        Self.numbers(Array(0..<7) + [number])(&pickler)
        pickler.tensor([last])
      }
      pickler.setItems()
    }
    let stateDict = try Checkpoint.open(file.path).stateDict
    #expect(stateDict.entries.map(\.tensor.shape) == [[2], [3]])
  }

  @Test func `of short bytes are shown as Python spells them`() throws {
    func bytes(_ text: String) -> Write {
      { $0.call("_codecs", "encode", { $0.string(text) }, { $0.string("latin1") }) }
    }
    #expect(try names([bytes("a"), bytes("b'\u{1B}é")]) == ["b'a'", #"b'b\'\x1b\xe9'"#])
  }

  @Test func `find a number that nothing else has`() throws {
    let key: Write = { $0.call("my", "Key") }
    // The second is a class of the name that the third would have by its number.
    let names = try names([key, { $0.global("my", "Key() (2)") }, key, key])
    #expect(names.sorted() == ["my.Key()", "my.Key() (2)", "my.Key() (3)", "my.Key() (4)"])
  }

  @Test func `of different kinds are refused`() throws {
    let error = #expect(throws: Failure.self) { try names([{ $0.int(1) }, { $0.string("1") }]) }
    #expect(error?.reason == "a dict has the key 1 both as int and as str")
  }

  /// One hundred thousand keys of one name: ten thousand million steps where each is held to all before it.
  @Test func `cost no more than others`() throws {
    let count = 100_000
    var pickler = Pickler()
    pickler.emptyDict()
    pickler.mark()
    for _ in 0..<count {
      pickler.global("my", "Key")
      pickler.emptyTuple()
      pickler.reduce()
      pickler.none()
    }
    pickler.setItems()
    let graph = try Unpickler.load(pickler.finish())
    guard case .dict(let pairs) = graph[graph.root] else {
      Issue.record("the object is no dict")
      return
    }
    var keys = PickledKeys(graph, PythonText(graph: graph))
    let items = keys.items(pairs).items
    #expect(items.count == count && items.last?.name == "my.Key() (\(count))")
  }
}
