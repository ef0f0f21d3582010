internal import SutureArchitectures
internal import SutureJSON
internal import SutureWorkflows

extension Modules {
  /// The schema `suture.modules/1`.
  static func report(_ modules: [ModuleDescription]) -> JSONReport {
    JSONReport(
      "suture.modules/1",
      [
        "modules": modules.map { module in
          [
            "name": module.name, "of": module.dialects.map(\.rawValue), "class": module.className,
            "summary": module.summary,
            "example": module.example,
            "takes_repeats": module.takesRepeats,
            "arguments": module.arguments.map { argument in
              [
                "name": argument.name, "takes": argument.takes, "default": argument.usual?.json ?? .null,
              ] as JSONObject
            },
          ] as JSONObject
        }
      ])
  }

  static func list(_ modules: [ModuleDescription]) -> [String] {
    modules.flatMap {
      ["\($0.name)(\(signature($0)))  of \($0.whose)", "  \($0.summary)", "  \($0.example)", ""]
    }.dropLast()
  }

  static func details(_ modules: [ModuleDescription]) -> [String] {
    modules.flatMap { module in
      [
        "\(module.name)(\(signature(module)))  of \(module.whose)", "  \(module.summary)",
        "  \(module.example)",
        "  class \(module.className)",
      ]
        + module.arguments.map { argument in
          "    \(argument.name): \(argument.takes)"
            + (argument.usual.map { ", \($0) where it is left out" } ?? "")
        }
        + [
          module.takesRepeats
            ? "  A number of repeats above 1 makes what is inside it as often."
            : "  A number of repeats above 1 makes so many of it, one behind the other.", "",
        ]
    }.dropLast()
  }

  private static func signature(_ module: ModuleDescription) -> String {
    module.arguments.map { $0.name + ($0.usual.map { "=\($0)" } ?? "") }.joined(separator: ", ")
  }
}
