internal import SutureBytes
internal import SutureJSON
internal import SutureSurgery
internal import SutureText
internal import SutureWorkflows

struct Presets: Command {
  static let name = "presets"
  static let pages = true
  static let summary = "The recipes that come along, for edit --preset."
  static let details = "Without NAME it lists them. With NAME it prints that one, to be kept and changed."

  static var arguments: [Argument<Self>] {
    [
      .operands("NAME", "The recipe to print.", \.names).offering { Preset.all.map(\.name) },
      .flag("json", "As JSON.", \.json),
    ]
  }

  var names: [String] = []
  var json = false

  mutating func run() throws -> ExitCode {
    if let name = names.first {
      guard names.count == 1 else { throw UsageError("one preset at a time") }
      let preset = try Self.named(name)
      try Console.print(json ? try preset.recipe().json() : preset.text, wraps: false)
      return .done
    }
    let all = try Preset.all.map { (name: $0.name, description: try $0.recipe().description ?? "") }
    if json {
      let list = all.map { ["name": $0.name, "description": $0.description] as JSONObject }
      try Console.print(JSONReport("suture.presets/1", ["presets": list]))
      return .done
    }
    for (name, description) in all { try Console.print("\(name)\n  \(description)\n") }
    return .done
  }

  static func named(_ name: String) throws -> Preset {
    if let preset = Preset.all.first(where: { $0.name == name }) { return preset }
    let names = Preset.all.map(\.name)
    let near = Spelling.nearest(to: name, among: names).map { "did you mean \($0)?" }
    throw UsageError(
      "there is no preset \"\(name)\"", hints: [near ?? "there are: \(names.joined(separator: ", "))"])
  }
}
