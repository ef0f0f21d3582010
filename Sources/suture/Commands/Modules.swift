internal import SutureArchitectures
internal import SutureText

struct Modules: Command {
  static let name = "modules"
  static let pages = true
  static let summary =
    "The modules that model files of YOLOv5 and Ultralytics may name, with their arguments and an example."
  static let details = "Without NAME it lists them. With NAME it says what each argument of that one may be."

  static var arguments: [Argument<Self>] {
    [
      .operands("NAME", "The modules to tell of.", \.names).offering { ModelFile.modules.map(\.name) },
      .flag("json", "Print JSON.", \.json),
    ]
  }

  var names: [String] = []
  var json = false

  mutating func run() throws -> ExitCode {
    let shown = try names.isEmpty ? ModelFile.modules : names.flatMap(Self.named)
    if json {
      try Console.print(Self.report(shown))
    } else {
      try Console.print(names.isEmpty ? Self.list(shown) : Self.details(shown))
    }
    return .done
  }

  /// Those of that name: two where the programs mean other things by it.
  private static func named(_ name: String) throws -> [ModuleDescription] {
    let known = ModelFile.modules.filter { $0.name == name }
    if !known.isEmpty { return known }
    // YOLOv5 and Ultralytics mean other things by some names.
    let names = ModelFile.modules.map(\.name).grouped { $0 }.map(\.key)
    let near = Spelling.nearest(to: name, among: names).map { "did you mean \($0)?" }
    throw UsageError(
      "no module is called \"\(name)\"", hints: [near ?? "there are: \(names.joined(separator: ", "))"])
  }
}
