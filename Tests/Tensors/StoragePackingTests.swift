import SutureBytes
import TestSupport
import Testing

@testable import SutureTensors

@Suite struct `Packing storages` {
  private let storage = Storage((0..<400).map { UInt8(truncatingIfNeeded: $0) }, label: "0")

  private func view(_ shape: [Int], _ strides: [Int], at offset: Int, dtype: DType = .float32) throws
    -> Tensor
  {
    try Tensor(storage, dtype: dtype, shape: shape, strides: strides, offset: offset)
  }

  @Test func `leaves out what nobody views and keeps who shares what`() throws {
    let tensors = [
      try view([10], [1], at: 10), try view([10], [1], at: 15), try view([1], [1], at: 90),
      try view([2, 3], [1, 2], at: 40), try view([3, 2], [2, 1], at: 40), try view([0], [1], at: 77),
    ]
    let packing = StoragePacking(tensors)
    let packed = try tensors.map { try packing($0) }
    #expect(packed.map(\.offset) == [0, 5, 21, 15, 15, 0])
    #expect(Set(packed.map { ObjectIdentifier($0.storage) }).count == 1)
    #expect(packed[0].storage.byteCount == (15 + 6 + 1) * 4)
    #expect(packing.byteCount == 88)
    for (one, other) in zip(tensors, packed) { #expect(try one.contiguousBytes() == other.contiguousBytes()) }
  }

  @Test func `keeps everything where it is told to`() throws {
    let tensor = try view([10], [1], at: 10)
    let packed = try StoragePacking([tensor], keepsUnused: true)(tensor)
    #expect(packed.storage === storage)
    #expect(packed.offset == 10)
  }

  @Test func `does not touch a storage that is viewed as a whole`() throws {
    let tensor = try view([100], [1], at: 0)
    #expect(try StoragePacking([tensor])(tensor).storage === storage)
  }

  @Test func `joins the slices of one storage again`() throws {
    let slices = [storage.slice(40..<80, label: "a"), storage.slice(60..<100, label: "b")]
    let tensors = try slices.map { try Tensor($0, dtype: .float32, shape: [10]) }
    let packing = StoragePacking(tensors)
    let packed = try tensors.map { try packing($0) }
    #expect(packed[0].storage === packed[1].storage)
    #expect(packed.map(\.offset) == [0, 5])
    #expect(packed[0].storage.byteCount == 60)
  }

  @Test func `moves views of wider elements by whole elements`() throws {
    let tensors = [
      try view([3], [1], at: 5, dtype: .uint8), try view([2], [1], at: 3, dtype: .float64),
      try view([1], [1], at: 101, dtype: .uint8),
    ]
    let packing = StoragePacking(tensors)
    for tensor in tensors { #expect(try packing(tensor).contiguousBytes() == tensor.contiguousBytes()) }
    #expect(packing.byteCount < 60)
  }

  @Test func `gives random views their own elements`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = Seeded(seed)
    for round in 0..<200 {
      let tensors = try (0..<Int.random(in: 1...6, using: &random)).map { _ in
        let dtype = [DType.uint8, .float16, .float32, .float64].randomElement(using: &random) ?? .uint8
        let count = Int.random(in: 0...5, using: &random)
        let step = Int.random(in: 0...3, using: &random)
        let room = 400 / dtype.byteCount - max(count - 1, 0) * step - 1
        return try view([count], [step], at: Int.random(in: 0...room, using: &random), dtype: dtype)
      }
      let packing = StoragePacking(tensors)
      for tensor in tensors {
        let packed = try packing(tensor)
        #expect(try packed.contiguousBytes() == tensor.contiguousBytes(), "round \(round), seed \(seed)")
      }
      let (one, other) = (try dict(tensors), try dict(tensors.map { try packing($0) }))
      #expect(one.aliases == other.aliases, "round \(round)")
    }
  }

  private func dict(_ tensors: [Tensor]) throws -> StateDict {
    try StateDict(tensors.enumerated().map { .init(name: String($0.offset), tensor: $0.element) })
  }
}
