/// A dotted name with places for the stage and the block: `features.{2s+1}.{b}.block.0`.
struct NameTemplate: Sendable {
  private enum Component: Sendable {
    case literal(String)
    /// `head` and then the number `factor · variable + addend`.
    case number(head: String, isStage: Bool, factor: Int, addend: Int)
  }

  private let components: [Component]

  /// - Parameter text: written by us; a mistake in it is a mistake in the program.
  init(_ text: String) {
    components = text.split(separator: ".").map { part in
      guard let open = part.firstIndex(of: "{") else { return .literal(String(part)) }
      let inside = part[part.index(after: open)...].dropLast()
      guard let variable = inside.firstIndex(where: \.isLetter) else { preconditionFailure("no variable") }
      return .number(
        head: String(part[..<open]), isStage: inside[variable] == "s", factor: Int(inside[..<variable]) ?? 1,
        addend: Int(inside[inside.index(after: variable)...].drop { $0 == "+" }) ?? 0)
    }
  }

  /// The stage and the block of a name that fits; 0 where the template has no place for one.
  func match(_ parts: ArraySlice<Substring.UTF8View>) -> (stage: Int, block: Int)? {
    guard parts.count == components.count else { return nil }
    var (stage, block) = (0, 0)
    for (component, part) in zip(components, parts) {
      switch component {
      case .literal(let text): guard part.elementsEqual(text.utf8) else { return nil }
      case .number(let head, let isStage, let factor, let addend):
        guard part.starts(with: head.utf8), let number = Self.number(part.dropFirst(head.utf8.count)),
          number >= addend, (number - addend) % factor == 0
        else { return nil }
        if isStage { stage = (number - addend) / factor } else { block = (number - addend) / factor }
      }
    }
    return (stage, block)
  }

  /// The name for a stage and a block.
  func name(stage: Int, block: Int) -> String {
    components.map { component in
      switch component {
      case .literal(let text): text
      case .number(let head, let isStage, let factor, let addend):
        head + String((isStage ? stage : block) * factor + addend)
      }
    }.joined(separator: ".")
  }

  /// As it was written.
  var text: String {
    components.map { component in
      switch component {
      case .literal(let text): return text
      case .number(let head, let isStage, let factor, let addend):
        let number = (factor == 1 ? "" : "\(factor)") + (isStage ? "s" : "b")
        return "\(head){\(number)\(addend == 0 ? "" : "+\(addend)")}"
      }
    }.joined(separator: ".")
  }

  /// What comes behind the last number.
  var tail: String {
    let literals = components.reversed().prefix { if case .literal = $0 { true } else { false } }
    return literals.reversed().map { if case .literal(let text) = $0 { text } else { "" } }.joined(
      separator: ".")
  }

  /// A number as PyTorch spells an index: no sign and no leading zero, and not so large that it could overflow.
  private static func number(_ digits: Substring.UTF8View) -> Int? {
    guard (1...6).contains(digits.count), digits.allSatisfy({ (48...57).contains($0) }),
      digits.first != 48 || digits.count == 1
    else { return nil }
    return digits.reduce(0) { $0 * 10 + Int($1 - 48) }
  }
}
