import SutureYAML
import TestSupport
import Testing

@Suite struct YAMLTests {
  @Test func `a recipe is read`() throws {
    let recipe = try parse(
      """
      # cuts the classifier off
      recipe: 1
      input: { unwrap: model }
      steps:
        - drop: ["norm*", 'head*']
        - replicate: "model.{0..3}."
        - map: {a: b,
                c: d}
      notes: |
        two
        lines
      """)
    #expect(recipe.mapping?.pairs.map { $0.key.scalar?.text } == ["recipe", "input", "steps", "notes"])
    #expect(try recipe["recipe"]?.requireInt() == 1)
    #expect(try recipe["input"]?["unwrap"]?.requireString() == "model")
    #expect(recipe["input"]?.isFlow == true)
    let steps = try #require(recipe["steps"]?.sequence)
    #expect(try steps[0]["drop"]?.requireSequence().map { try $0.requireString() } == ["norm*", "head*"])
    #expect(steps[0]["drop"]?.sequence?.map { $0.scalar?.isPlain } == [false, false])
    #expect(steps[1]["replicate"]?.scalar?.text == "model.{0..3}.")
    #expect(recipe["notes"]?.scalar?.text == "two\nlines")
    #expect(recipe["notes"]?.scalar?.isPlain == false)
    #expect(recipe["nothing"] == nil)
  }

  @Test func `a model file of YOLOv5 is read`() throws {
    let model = try parse(
      """
      # YOLOv5 🚀 配置
      nc: 80  # number of classes
      depth_multiple: 0.33
      anchors:
        - [10,13, 16,30, 33,23]  # P3/8
      backbone:
        # [from, number, module, args]
        [[-1, 1, ConvNeXt_Block, [96, 0, 3, [3, 3, 9, 3], [96, 192, 384, 768]]],
         [-1, 1, nn.Upsample, [None, 2, 'nearest']],
         [[-1, 6], 1, Concat, [1]],
        ]
      """)
    #expect(try model["nc"]?.requireInt() == 80)
    #expect(try model["depth_multiple"]?.requireDouble() == 0.33)
    let rows = try #require(model["backbone"]?.sequence)
    #expect(rows.count == 3)
    #expect(rows[0].sequence?[3].sequence?.count == 5)
    #expect(rows[0].sequence?[0].resolved == .int(-1))
    #expect(rows[1].sequence?[3].sequence?.map(\.resolved) == [.string("None"), .int(2), .string("nearest")])
    #expect(rows[2].sequence?[0].sequence?.map(\.resolved) == [.int(-1), .int(6)])
  }

  @Test func `every node knows its line and column`() throws {
    let document = try parse(
      "a: 1\n\"ü\":   x\nlist:\n- p\n-   [q, {r: s}]\ntext: >\n  t\n!!str u: !!int 7\n")
    #expect(document.lineAndColumn == "1:1")
    let pairs = try #require(document.mapping?.pairs)
    #expect(pairs.map(\.key.lineAndColumn) == ["1:1", "2:1", "3:1", "6:1", "8:1"])
    #expect(pairs.map(\.value.lineAndColumn) == ["1:4", "2:8", "4:1", "6:7", "8:10"])
    let list = try #require(document["list"]?.sequence)
    #expect(list.map(\.lineAndColumn) == ["4:3", "5:5"])
    #expect(list[1].sequence?.map(\.lineAndColumn) == ["5:6", "5:9"])
    #expect(list[1].sequence?[1].mapping?.pairs[0].value.lineAndColumn == "5:13")
    #expect(document.position.description == "recipe.yaml:1:1")
  }

  @Test func `columns count characters and a byte order mark is none`() throws {
    #expect(try parse("\u{FEFF}a: 🚀\n").mapping?.pairs.map(\.value.lineAndColumn) == ["1:4"])
    #expect(try parse("🚀é: b").mapping?.pairs.map(\.value.lineAndColumn) == ["1:5"])
    #expect(
      try parse("a: 1\r\nb: 2\rc: 3\n").mapping?.pairs.map(\.key.lineAndColumn) == ["1:1", "2:1", "3:1"])
  }

  @Test func `tags are kept where they are YAML's own`() throws {
    let document = try parse(
      "!!map {a: !!str 1, b: !!seq [], c: !!float 3, d: e, f: !<tag:yaml.org,2002:bool> no}")
    #expect(document.tag == .mapping)
    #expect(document.mapping?.pairs.map(\.value.tag) == [.string, .sequence, .float, nil, .bool])
    #expect(document["a"]?.resolved == .string("1"))
    #expect(document["c"]?.resolved == .float(3))
    #expect(document["f"]?.resolved == .bool(false))
  }

  @Test func `directives and marks of one document are read`() throws {
    #expect(try parse("%YAML 1.1\n---\na\n...\n").resolved == .string("a"))
    #expect(try parse("--- [a]\n# b\n").sequence?.count == 1)
  }

  @Test func `every prefix of a document is read or refused in its place`() {
    let text =
      "%YAML 1.1\n---\n# é\na: [1, \"x\\n\\u00e9\", 'y', {b: c}]\nd: |\n  🚀\n  e\nf:\n- !!int 1\n- >-\n  g\n? h\n: i\n...\n"
    let whole = Array(text.utf8)
    for count in 0...whole.count {
      do { _ = try YAML.parse(Array(whole[..<count]), name: "x") } catch {
        #expect(error.position.line >= 1 && error.position.line <= 16)
        #expect(!error.description.isEmpty)
      }
    }
  }

  @Test func `random bytes in a document never crash`() {
    let seed = UInt64.random(in: 0 ... .max)
    var random = Seeded(seed)
    let text = Array(
      "a: [1, \"x\", 'y', {b: c}]\nd: |\n  e\n- *x\n&y !!int 1\n? h\n: 12:30 # \t%@`<<~-0.5e+1".utf8)
    for _ in 0..<2000 {
      var bytes = text
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        if Bool.random(using: &random) {
          bytes[place] = text.randomElement(using: &random) ?? 0
        } else {
          bytes.removeSubrange(place..<min(bytes.count, place + 3))
        }
      }
      do { _ = try YAML.parse(bytes, name: "x") } catch {
        #expect(error.position.line >= 1 && error.position.column >= 1, "seed \(seed)")
      }
    }
  }
}
