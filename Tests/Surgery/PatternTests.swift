import TestSupport
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

@Suite struct `A pattern for one name` {
  private static let names = [
    "a.b", "*", "{1,2}", "!neg", "re:/x/", "#0", "a?b", "[ab]", "back\\slash", "a=b", "漢字", "}",
  ]

  @Test(arguments: names) func `fits that name and no other`(name: String) throws {
    let pattern = try Pattern(Pattern.text(fitting: name))
    #expect(Self.names.filter(pattern.matches) == [name], "\(pattern.text)")
  }
}

@Suite struct `Folded names` {
  @Test func `stand for exactly their members`() throws {
    for _ in 0..<200 {
      let names = Array(
        Set(
          (0..<Int.random(in: 1...60)).map { _ in
            (0..<Int.random(in: 1...4)).map { _ in
              ["a", "b", "0", "1", "2", "10", "x{", "", "\\a,*", "é"].randomElement() ?? ""
            }
            .joined(separator: ".")
          })
      ).sorted()
      let folds = FoldedNames.fold(names)
      #expect(folds.flatMap(\.members).sorted() == names)
      #expect(FoldedNames.names(of: FoldedNames.patterns(for: names)).sorted() == names)
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

@Suite struct `The syntax of patterns` {
  private typealias Piece = PatternSyntax.Piece

  private func piece(_ kind: PatternSyntax.Kind, _ random: inout Seeded) -> Piece {
    func literal() -> Piece {
      let scalars: [Unicode.Scalar] =
        kind == .pattern
        ? ["a", "é", ".", "-", "*", "#", "?", "[", "]", "{", "}", "\\", ",", "!", "0"]
        : ["a", "é", ".", "#", "?", "[", "]", "\\", ",", "!", "0"]
      return .literal(scalars.randomElement(using: &random) ?? "a")
    }
    let choices: [Piece] = [
      .choices(["a", "b"], written: "a,b"), .choices(["", "x.y"], written: ",x.y"),
      .choices(["3", "2"], written: "3..2"), .choices(["-1", "0"], written: "-1..0"),
    ]
    let choice = choices.randomElement(using: &random) ?? .any
    let others: [Piece] =
      kind == .pattern
      ? [
        .any, .digits, .one, choice, .set([97...99, 46...46], isNegated: .random(using: &random)),
        .set([33...33], isNegated: true),
      ] : [.any, .whole, .capture(Int.random(in: 1...12, using: &random)), choice]
    return Bool.random(using: &random) ? literal() : others.randomElement(using: &random) ?? .any
  }

  @Test(arguments: [PatternSyntax.Kind.pattern, .template])
  func `is printed as what reads back`(kind: PatternSyntax.Kind) throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = Seeded(seed)
    for _ in 0..<2000 {
      let pieces = (0..<Int.random(in: 1...5, using: &random)).map { _ in piece(kind, &random) }
      let syntax = PatternSyntax(kind, pieces)
      #expect(try PatternSyntax(syntax.text, as: kind) == syntax, "\(seed) \(syntax.text)")
    }
  }

  @Test func `of a name that is another to bytes alone is no near miss`() throws {
    let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}")
    #expect(try Pattern(composed).near([decomposed, decomposed + ".w"]) == nil)
    #expect(try Pattern(composed).near([composed + ".w"])?.contains("1 key that contains") == true)
  }

  @Test func `of names takes no wildcard that stands for something in a pattern alone`() throws {
    for text in ["layers.#.w", "a.?"] {
      let error = try #require(throws: PatternError.self) { try Template(text) }
      #expect(error.detail.contains("is a wildcard of patterns: in a name * or {1}"), "\(error)")
      #expect(
        error.column
          == text.firstIndex { "#?".contains($0) }.map { text.distance(from: text.startIndex, to: $0) + 1 })
    }
    #expect(try Template("a\\#\\?\\b").names(for: "", captures: []) == ["a#?\\b"])
  }

  @Test(arguments: [PatternSyntax.Kind.pattern, .template])
  func `of any text is printed as what reads back`(kind: PatternSyntax.Kind) throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var (random, count) = (Seeded(seed), 0)
    for _ in 0..<5000 {
      let text = String(
        (0..<Int.random(in: 1...8, using: &random)).compactMap { _ in
          Array("ab-!.,019{}[]*#?\\&é").randomElement(using: &random)
        })
      guard let syntax = try? PatternSyntax(text, as: kind) else { continue }
      count += 1
      #expect(try PatternSyntax(syntax.text, as: kind) == syntax, "\(seed) \(text)")
    }
    #expect(count > 500, "\(seed)")
  }

  @Test func `read backwards undoes what it did, and again does it`() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = Seeded(seed)
    // Each wildcard stands alone between slashes, so that there is one way to fit.
    let wildcards = [
      ("*", ["x", "a.b", ""]), ("#", ["0", "42"]), ("?", ["q"]), ("[ab]", ["a", "b"]),
      ("{x,yz}", ["x", "yz"]),
    ]
    for _ in 0..<1000 {
      let count = Int.random(in: 1...4, using: &random)
      let chosen = (0..<count).compactMap { _ in wildcards.randomElement(using: &random) }
      let pattern = chosen.map(\.0).joined(separator: "/")
      let name = chosen.map { $0.1.randomElement(using: &random) ?? "" }.joined(separator: "/")
      let order = Array(1...count).shuffled(using: &random)
      let template =
        Bool.random(using: &random) ? "p\\?\\{&}" : "p\\#!" + order.map { "{\($0)}" }.joined(separator: "/")
      func rename(_ name: String, _ pattern: String, _ template: String) throws -> String {
        let captures = try #require(try Pattern(pattern).captures(name), "\(seed) \(pattern) \(name)")
        return try Template(template).names(for: name, captures: captures)[0]
      }
      let forward = try rename(name, pattern, template)
      let back = try PatternSyntax.reversing(template, of: pattern)
      #expect(try rename(forward, back.pattern, back.template) == name, "\(seed) \(pattern) \(template)")
      let again = try PatternSyntax.reversing(back.template, of: back.pattern)
      #expect(try rename(name, again.pattern, again.template) == forward, "\(seed) \(pattern) \(template)")
    }
  }
}
