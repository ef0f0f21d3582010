import Testing

@testable import SutureText

@Suite struct NameIndexTests {
  @Test func `names are found where they were noted, and no others`() {
    // Of all lengths, with bytes that end a block and zeros at their ends.
    let names = (0..<400).map {
      String(repeating: "n", count: $0 % 40) + "\($0)" + String(repeating: "\0", count: $0 % 3)
    }
    var index = NameIndex()
    for (place, name) in names.enumerated() {
      #expect(index.insert(name, at: place) { names[$0] } == nil, "\(name)")
    }
    for (place, name) in names.enumerated() {
      #expect(index.place(of: name) { names[$0] } == place)
      #expect(index.insert(name, at: 1000) { names[$0] } == place)
      #expect(index.place(of: name + "x") { names[$0] } == nil)
    }
    #expect(NameIndex().place(of: "a") { names[$0] } == nil)
  }

  @Test func `forms that Swift takes for equal are two names`() {
    let names = ["\u{e9}", "e\u{301}"]
    var index = NameIndex()
    #expect(index.insert(names[0], at: 0) { names[$0] } == nil)
    #expect(index.insert(names[1], at: 1) { names[$0] } == nil)
  }

  /// Of a good hash of 32 bits some 1.2 pairs of 100,000 names are alike; names of networks differ in few bits.
  @Test func `names that are nearly alike have different hashes`() {
    let hashes = (0..<100_000).map { NameHash("model.layers.\($0 / 12).block.\($0 % 12).weight").value }
    #expect(Set(hashes).count > 99_980)
    // What a table of 256 goes by.
    let counts = hashes.reduce(into: [Int](repeating: 0, count: 256)) { $0[Int($1 >> 24)] += 1 }
    #expect(counts.allSatisfy { 250...550 ~= $0 }, "\(counts)")
  }
}
