import SutureYAML
import TestSupport
import Testing

/// A document whose nodes are known.
private indirect enum Model: Equatable {
  case text(String)
  case list([Model])
  case map([Pair])

  struct Pair: Equatable {
    let key: String
    let value: Model
  }

  init(_ node: YAMLNode) {
    switch node.content {
    case .scalar(let scalar): self = .text(scalar.text)
    case .sequence(let nodes): self = .list(nodes.map { Model($0) })
    case .mapping(let mapping):
      self = .map(mapping.pairs.map { Pair(key: $0.key.scalar?.text ?? "", value: Model($0.value)) })
    }
  }

  static func random(_ depth: Int, _ random: inout Seeded) -> Model {
    let count = Int.random(in: 0...4, using: &random)
    switch depth == 0 ? 0 : Int.random(in: 0...2, using: &random) {
    case 0: return .text(text(&random))
    case 1: return .list((0..<count).map { _ in .random(depth - 1, &random) })
    default:
      return .map(
        (0..<count).map { Pair(key: "\($0)" + text(&random), value: .random(depth - 1, &random)) })
    }
  }

  private static func text(_ random: inout Seeded) -> String {
    let alphabet = Array("ab*{}[]!&%@#:,?|>-'\"\\ é🚀0.~")
    return String(
      (0..<Int.random(in: 0...6, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? "a" })
  }

  /// The model in block or flow style, with all of its texts in quotes of either kind.
  func yaml(_ indentation: Int, _ random: inout Seeded) -> String {
    let blanks = String(repeating: " ", count: indentation)
    switch self {
    case .text(let text): return Self.quoted(text, &random)
    case .list(let models) where models.isEmpty || Bool.random(using: &random):
      return "[" + models.map { $0.flow(&random) }.joined(separator: ", ") + "]"
    case .list(let models):
      return models.map { "\n\(blanks)- " + $0.yaml(indentation + 2, &random) }.joined()
    case .map(let pairs) where pairs.isEmpty || Bool.random(using: &random): return flow(&random)
    case .map(let pairs):
      return pairs.map {
        "\n\(blanks)\(Self.quoted($0.key, &random)): " + $0.value.yaml(indentation + 2, &random)
      }.joined()
    }
  }

  private func flow(_ random: inout Seeded) -> String {
    switch self {
    case .text(let text): return Self.quoted(text, &random)
    case .list(let models): return "[" + models.map { $0.flow(&random) }.joined(separator: ", ") + "]"
    case .map(let pairs):
      let members = pairs.map { Self.quoted($0.key, &random) + ": " + $0.value.flow(&random) }
      return "{" + members.joined(separator: ", ") + "}"
    }
  }

  private static func quoted(_ text: String, _ random: inout Seeded) -> String {
    if Bool.random(using: &random) {
      return "'" + text.map { $0 == "'" ? "''" : String($0) }.joined() + "'"
    }
    return "\"" + text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }.joined() + "\""
  }
}

@Suite struct RoundTripTests {
  @Test func `random documents come back as they were written`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = Seeded(seed)
    for _ in 0..<500 {
      let model = Model.random(4, &random)
      let text = model.yaml(0, &random)
      do { #expect(Model(try parse(text)) == model, "seed \(seed): \(text)") } catch {
        Issue.record("seed \(seed): \(error)\n\(text)")
      }
    }
  }
}
