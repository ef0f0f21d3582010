import SutureText
import SutureTensors
import TestSupport
import Testing

@testable import SutureSurgery

/// Steps that move elements about, against the same done on lists of numbers.
@Suite struct `Steps that move elements` {
  private static let seeds = (0..<40).map { _ in UInt64.random(in: 0...UInt64.max) }

  private func apply(_ step: any Step, _ tensors: [String: Tensor]) throws -> StateDict {
    let names = tensors.keys.sorted()
    let dict = try StateDict(names.compactMap { name in tensors[name].map { .init(name: name, tensor: $0) } })
    return try Plan(of: dict, steps: [step]).output
  }

  private func result(_ step: any Step, _ tensor: Tensor) throws -> Plain {
    try Plain(try #require(try apply(step, ["x": tensor])["x"]))
  }

  @Test(arguments: seeds) func `permute and transpose`(seed: UInt64) throws {
    var random = Seeded(seed)
    let tensor = try random.tensor(random.shape(), random.dtype())
    let plain = try Plain(tensor)
    let order = Array(tensor.shape.indices).shuffled(using: &random)
    let permuted = Plain(order.map { plain.shape[$0] }) { index in
      plain[plain.shape.indices.map { axis in index[order.firstIndex(of: axis) ?? 0] }]
    }
    #expect(try result(Permute("x", order: order), tensor) == permuted)
    let fromLast = order.map { $0 - order.count }
    #expect(try result(Permute("x", order: fromLast), tensor) == permuted)
    let (a, b) = (order[0], order[order.count - 1])
    var shape = plain.shape
    shape.swapAt(a, b)
    let swapped = Plain(shape) { index in
      var index = index
      index.swapAt(a, b)
      return plain[index]
    }
    #expect(try result(Transpose("x", axes: a, b), tensor) == swapped)
  }

  @Test(arguments: seeds) func `reshape`(seed: UInt64) throws {
    var random = Seeded(seed)
    let tensor = try random.tensor(random.shape(1...3), random.dtype())
    let count = tensor.elementCount
    let first = (1...count).filter { count % $0 == 0 }.randomElement(using: &random) ?? 1
    var wanted = try Plain(tensor)
    wanted.shape = [first, 1, count / first]
    #expect(try result(Reshape("x", to: [first, 1, -1]), tensor) == wanted)
    #expect(try result(Reshape("x", to: [first, 1, count / first]), tensor) == wanted)
  }

  @Test func `of what is one tensor under several names the others stay, and that is told`() throws {
    let tensor = try Tensor(floats: [1, 2, 3, 4], shape: [2, 2])
    var dict = try StateDict(["a", "b", "c"].map { .init(name: $0, tensor: tensor) })
    try dict.append("d", try Tensor(floats: [5, 6, 7, 8], shape: [2, 2]))
    let told = "the same tensors under other names stay as they were: b and c"
    for step: any Step in [
      Transpose("a"), Reshape("a", to: [4]), Fill("a", with: .zeros), CastTo("float16", "a"),
      Slice("a", range: try #require(SliceRange("0:1"))), Tie("a", to: "d"),
    ] {
      let plan = try Plan(of: dict, steps: [step])
      #expect(plan.reports[0].notes.contains(told), "\(step.summary)")
      #expect(plan.output["b"].map { ViewIdentity($0) } == ViewIdentity(tensor))
      let all = try Plan(of: dict, steps: [CastTo("float16", "*")])
      #expect(!all.reports[0].notes.contains { $0.contains("stay as they were") })
    }
  }

  @Test
  func `of what is seen in other ways too those views stay where the elements are new, and that is told`()
    throws
  {
    let storage = Storage([UInt8](repeating: 0, count: 48))
    func view(_ shape: [Int], _ strides: [Int], _ offset: Int) throws -> Tensor {
      try Tensor(storage, dtype: .float32, shape: shape, strides: strides, offset: offset)
    }
    let dict = try StateDict([
      .init(name: "a", tensor: view([2, 2], [2, 1], 0)), .init(name: "t", tensor: view([2, 2], [1, 2], 0)),
      .init(name: "part", tensor: view([2], [1], 1)),
      .init(name: "behind", tensor: view([2, 4], [4, 1], 4)),
    ])
    let told = "other views of the same memory stay as they were: t and part"
    for (step, isTold) in [
      (Scale(["a"], 2), true), (CastTo("float16", "a"), true), (Fill("a", with: .zeros), true),
      (Reshape("a", to: [4]), false), (Transpose("a"), false), (Scale(["*"], 2), false),
      (Scale(["behind"], 2), false),
    ] as [(any Step, Bool)] {
      let notes = try Plan(of: dict, steps: [step]).reports[0].notes
      #expect(
        notes.contains(told) == isTold && notes.contains { $0.contains("stay") } == isTold, "\(step.summary)")
    }
  }

  @Test func `a reshape is a view wherever there is one`() throws {
    func isView(_ shape: [Int], _ strides: [Int], _ sizes: [Int]) throws -> Bool {
      let storage = Storage((0..<64).map { UInt8($0) })
      let tensor = try Tensor(storage, dtype: .uint8, shape: shape, strides: strides, offset: 1)
      let plan = try Plan(
        of: try StateDict([.init(name: "x", tensor: tensor)]), steps: [Reshape("x", to: sizes)])
      let result = try #require(plan.output["x"])
      #expect(try result.contiguousBytes() == tensor.contiguousBytes())
      return result.storage === storage
    }
    // Every other column, one of two rows apart, repeated rows, transposed.
    #expect(try isView([4], [2], [2, 2]))
    #expect(try isView([2, 6], [12, 1], [2, 3, 2]))
    #expect(try isView([3, 2], [0, 1], [3, 1, 2]))
    #expect(try isView([2, 1, 3], [6, 77, 2], [6]))
    #expect(try !isView([2, 6], [12, 1], [3, 4]))
    #expect(try !isView([3, 2], [0, 1], [6]))
    #expect(try !isView([2, 3], [1, 2], [6]))
  }

  @Test(arguments: seeds) func `slice`(seed: UInt64) throws {
    var random = Seeded(seed)
    let tensor = try random.tensor(random.shape(), random.dtype())
    let plain = try Plain(tensor)
    let axis = Int.random(in: 0..<plain.shape.count, using: &random)
    let from = Int.random(in: 0..<plain.shape[axis], using: &random)
    let to = Int.random(in: (from + 1)...plain.shape[axis], using: &random)
    let step = Int.random(in: 1...3, using: &random)
    var shape = plain.shape
    shape[axis] = Array(stride(from: from, to: to, by: step)).count
    let wanted = Plain(shape) { index in
      var index = index
      index[axis] = from + index[axis] * step
      return plain[index]
    }
    let range = try #require(SliceRange("\(from):\(to):\(step)"))
    #expect(try result(Slice("x", range: range, axis: axis), tensor) == wanted)
    if to < plain.shape[axis] {
      let negative = try #require(SliceRange("\(from):\(to - plain.shape[axis]):\(step)"))
      #expect(try result(Slice("x", range: negative, axis: axis - plain.shape.count), tensor) == wanted)
    }
  }

  @Test(arguments: seeds) func `concat, and split is its inverse`(seed: UInt64) throws {
    var random = Seeded(seed)
    let (shape, dtype) = (random.shape(), random.dtype())
    let axis = Int.random(in: 0..<shape.count, using: &random)
    let parts = try (0..<3).map { _ in
      var sizes = shape
      sizes[axis] = Int.random(in: 0...4, using: &random)
      return try random.tensor(sizes, dtype)
    }
    let plains = try parts.map { try Plain($0) }
    let sizes = parts.map { $0.shape[axis] }
    var whole = shape
    whole[axis] = sizes.reduce(0, +)
    let wanted = Plain(whole) { index in
      var (index, part) = (index, 0)
      while index[axis] >= sizes[part] {
        index[axis] -= sizes[part]
        part += 1
      }
      return plains[part][index]
    }
    let dict = try apply(
      Concat("{q,k,v}.w", to: "qkv.w", axis: axis), ["q.w": parts[0], "k.w": parts[1], "v.w": parts[2]])
    let joined = try #require(dict["qkv.w"])
    #expect(dict.count == 1 && joined.isContiguous)
    #expect(try Plain(joined) == wanted)
    let back = try apply(
      Split("qkv.w", to: "{q,k,v}.w", axis: axis - shape.count, sizes: sizes), ["qkv.w": joined])
    for (name, plain) in zip(["q.w", "k.w", "v.w"], plains) {
      #expect(try Plain(try #require(back[name])) == plain)
    }
    #expect(back.storages.count == 1)
  }

  @Test(arguments: seeds) func `stack`(seed: UInt64) throws {
    var random = Seeded(seed)
    let (shape, dtype) = (random.shape(0...3), random.dtype())
    let parts = try (0..<11).map { _ in try random.tensor(shape, dtype) }
    let plains = try parts.map { try Plain($0) }
    let axis = Int.random(in: 0...shape.count, using: &random)
    var whole = shape
    whole.insert(11, at: axis)
    let wanted = Plain(whole) { index in
      var index = index
      let part = index.remove(at: axis)
      return plains[part][index]
    }
    var tensors: [String: Tensor] = [:]
    // The dict sorts experts.10 before experts.2: the stack counts.
    for (index, part) in parts.enumerated() { tensors["experts.\(index).w"] = part }
    let stacked = try apply(Stack("experts.#.w", to: "experts.w", axis: axis), tensors)
    #expect(try Plain(try #require(stacked["experts.w"])) == wanted)
    #expect(stacked.count == 1)
  }

  @Test func `groups are joined by the name they give`() throws {
    var random = Seeded(1)
    var tensors: [String: Tensor] = [:]
    for block in 0..<2 {
      for part in ["q", "k", "v"] { tensors["b.\(block).\(part).w"] = try random.tensor([2, 3]) }
    }
    tensors["x"] = try random.tensor([1])
    let dict = try apply(Concat("b.#.{q,k,v}.w", to: "b.{1}.qkv.w"), tensors)
    #expect(dict.names == ["b.0.qkv.w", "b.1.qkv.w", "x"])
    #expect(dict["b.1.qkv.w"]?.shape == [6, 3])
    let accounting = try Plan(
      of: try StateDict(tensors.map { .init(name: $0, tensor: $1) }),
      steps: [Concat("b.#.{q,k,v}.w", to: "b.{1}.qkv.w")]
    ).accounting
    #expect(accounting.merged.count == 6 && accounting.kept == ["x"])
  }

  @Test func `a large join is read in pieces`() throws {
    let count = 200_000
    let parts = try (0..<2).map { part in
      try Tensor(floats: (0..<count).map { Float($0 * 2 + part) }, shape: [count, 1])
    }
    let dict = try apply(Concat("{a,b}", to: "c", axis: 1), ["a": parts[0], "b": parts[1]])
    let joined = try #require(dict["c"])
    #expect(try joined.floats() == (0..<(2 * count)).map { Float($0) })
    let stacked = try apply(Stack("{a,b}", to: "c", axis: 0), ["a": parts[0], "b": parts[1]])
    #expect(try #require(stacked["c"]).floats().suffix(2) == [399_997, 399_999])
  }

  @Test func `tied names stay tied, and are untied`() throws {
    let tensor = try Tensor(floats: [1, 2, 3, 4, 5, 6], shape: [2, 3])
    let other = try Tensor(floats: [0, 0, 0, 0, 0, 0], shape: [2, 3])
    let dict = try StateDict([.init(name: "a", tensor: tensor), .init(name: "b", tensor: other)])
    let tied = try Plan(of: dict, steps: [Tie("b", to: "a"), Transpose("*")])
    #expect(tied.output.storages.count == 1 && tied.accounting.dropped == ["b"])
    #expect(tied.accounting.copied == ["a"])
    #expect(try tied.output["b"]?.floats() == [1, 4, 2, 5, 3, 6])
    let filled = try Plan(of: dict, steps: [Tie("b", to: "a"), Fill("*", with: .normal(seed: 1))])
    #expect(filled.output.storages.count == 1)
    let untied = try Plan(of: dict, steps: [Tie("b", to: "a"), Untie("*")])
    #expect(untied.output.storages.count == 2)
    #expect(try untied.output["b"]?.floats() == [1, 2, 3, 4, 5, 6])
  }

  @Test func `what does not fit is refused with its key`() throws {
    let dict = try StateDict([
      .init(name: "a", tensor: try Tensor(floats: [1, 2, 3, 4, 5, 6], shape: [2, 3])),
      .init(name: "b", tensor: try Tensor(floats: [1, 2], shape: [2])),
      .init(name: "i", tensor: try Tensor(Storage([1, 2]), dtype: .uint8, shape: [2])),
    ])
    let range = try #require(SliceRange("0:3"))
    let steps: [any Step] = [
      Permute("a", order: [0, 0]), Permute("a", order: [0]), Permute("a", order: [0, Int.min]),
      Transpose("b"), Transpose("a", axes: 0, 2), Reshape("a", to: [4]), Reshape("a", to: [4, -1]),
      Reshape("a", to: [Int.max, Int.max]), Slice("a", range: range), Slice("a", range: range, axis: Int.min),
      Concat("{a,b}", to: "c"), Concat("{b,i}", to: "c"), Stack("{a,b}", to: "c"),
      Stack("b", to: "c", axis: Int.max),
      Split("a", to: "{x,y}", axis: 1), Split("a", to: "{x,y}", axis: 1, sizes: [1, 1]),
      Split("a", to: "{x,y}", sizes: [Int.max, Int.max]), Tie("b", to: "a"), Tie("i", to: "b"),
    ]
    for step in steps {
      let error = #expect(throws: SurgeryError.self) { try Plan(of: dict, steps: [step]) }
      #expect(error?.cause == .doesNotFit, "\(step.summary): \(error?.description ?? "")")
      #expect(error?.description.hasPrefix("step 1 (\(step.summary)) does not fit ") == true)
    }
    for text in ["", "1", "a:b", "0:1:0", "0:1:-1", "1:2:3:4", "9223372036854775808:"] {
      #expect(SliceRange(text) == nil)
    }
  }
}
