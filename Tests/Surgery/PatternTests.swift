import Testing

@testable import SutureSurgery

@Suite struct `A pattern` {
  @Test(arguments: [
    ("norm*", "norm.weight", true), ("norm*", "stages.0.0.norm.weight", false), ("*", "a.b", true),
    ("stages.#.#.gamma", "stages.2.10.gamma", true), ("stages.#.gamma", "stages.2.10.gamma", false),
    ("#", "", false), ("a?c", "a.c", true), ("a?c", "ac", false), ("[ab]x", "bx", true),
    ("[!ab]x", "bx", false),
    ("[a-c]", "b", true), ("{norm,head}.*", "head.bias", true), ("m.{0..3}", "m.3", true),
    ("m.{0..3}", "m.4", false),
    ("m.{3..0}", "m.0", true), ("!norm*", "head.bias", true), ("!norm*", "norm.bias", false),
    (#"re:/stages\.\d+\..*/"#, "stages.12.x", true), (#"re:/stages/"#, "stages.1", false),
    (#"a\*"#, "a*", true),
    (#"a\*"#, "ab", false), ("a*b*c", "aXbYc", true), ("*.*.*", "a.b", false), ("e\u{301}", "\u{E9}", false),
  ])
  func `fits whole names`(pattern: String, name: String, expected: Bool) throws {
    #expect(try Pattern(pattern).matches(name) == expected)
  }

  @Test(arguments: [
    "", "{a", "a}", "{a}", "{1..x}", "[ab", "[]", "[b-a]", "re:/(/", "x\\", "{0..99999999}", "!",
  ])
  func `says what it cannot read`(text: String) {
    #expect(throws: PatternError.self) { try Pattern(text) }
  }

  @Test func `takes no exponential time`() throws {
    let pattern = try Pattern(String(repeating: "*a", count: 30) + "b")
    #expect(!pattern.matches(String(repeating: "a", count: 300)))
  }

  @Test func `agrees with a plain recursive matcher`() throws {
    func fits(_ pattern: Substring, _ name: Substring) -> Bool {
      guard let first = pattern.first else { return name.isEmpty }
      let rest = pattern.dropFirst()
      switch first {
      case "*": return fits(rest, name) || (!name.isEmpty && fits(pattern, name.dropFirst()))
      case "?": return !name.isEmpty && fits(rest, name.dropFirst())
      case "#":
        guard let digit = name.first, digit.isNumber else { return false }
        return fits(rest, name.dropFirst()) || fits(pattern, name.dropFirst())
      default: return name.first == first && fits(rest, name.dropFirst())
      }
    }
    for _ in 0..<3000 {
      let pattern = String((0..<Int.random(in: 1...6)).compactMap { _ in "ab.1*?#".randomElement() })
      let name = String((0..<Int.random(in: 0...7)).compactMap { _ in "ab.12".randomElement() })
      #expect(try Pattern(pattern).matches(name) == fits(pattern[...], name[...]), "\(pattern) \(name)")
    }
  }
}

@Suite struct `Folded names` {
  @Test func `stand for exactly their members`() throws {
    for _ in 0..<200 {
      let names = Array(
        Set(
          (0..<Int.random(in: 1...60)).map { _ in
            (0..<Int.random(in: 1...4)).map { _ in
              ["a", "b", "0", "1", "2", "10", "x{", ""].randomElement() ?? ""
            }
            .joined(separator: ".")
          })
      ).sorted()
      let folds = FoldedNames.fold(names)
      #expect(folds.flatMap(\.members).sorted() == names)
      for fold in folds where fold.count > 1 {
        let pattern = try Pattern(fold.pattern)
        #expect(names.filter { pattern.matches($0) } == fold.members.sorted(), "\(fold.pattern)")
      }
    }
  }

  @Test func `fold a stage into few lines`() {
    let names = (0..<9).flatMap { block in
      ["gamma", "norm.weight", "norm.bias"].map { "stages.2.\(block).\($0)" }
    }
    #expect(
      FoldedNames.fold(names).map(\.pattern) == [
        "stages.2.{0..8}.gamma", "stages.2.{0..8}.norm.{weight,bias}",
      ])
  }
}
