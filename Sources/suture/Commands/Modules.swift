internal import SutureArchitectures
internal import SutureText

struct Modules: Command {
  static let name = "modules"
  static let summary = "The modules that YOLOv5 model files may name, with their arguments and an example."
  static let details = "Without NAME it lists them. With NAME it says what each argument of that one may be."

  static var arguments: [Argument<Self>] {
    [
      .operands("NAME", "The modules to tell of.", \.names),
      .flag("json", "Print JSON.", \.json),
    ]
  }

  var names: [String] = []
  var json = false

  mutating func run() throws -> ExitCode {
    let shown = try names.isEmpty ? ModelFile.modules : names.map(Self.named)
    if json {
      try Console.print(Self.report(shown))
    } else {
      try Console.print(names.isEmpty ? Self.list(shown) : Self.details(shown))
    }
    return .done
  }

  private static func named(_ name: String) throws -> ModuleDescription {
    if let module = ModelFile.modules.first(where: { $0.name == name }) { return module }
    let names = ModelFile.modules.map(\.name)
    let near = Spelling.nearest(to: name, among: names).map { "did you mean \($0)?" }
    throw UsageError(
      "no module is called \"\(name)\"", hints: [near ?? "there are: \(names.joined(separator: ", "))"])
  }
}
