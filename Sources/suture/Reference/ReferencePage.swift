internal import SutureText

/// A page of the documentation that is made from the lists that the command is made from.
///
/// `suture __reference` lists the pages, `suture __reference PAGE` prints one; the tests hold the documentation to them.
struct ReferencePage {
  /// The word by which they are asked for.
  static let asking = "__reference"

  /// Where it stands in the documentation's folder, without `.md`.
  let name: String
  let text: () throws -> String

  static var all: [ReferencePage] {
    [commands] + commandPages + [steps, modules, naming, exitCodes, findings]
  }

  /// What is printed for the words behind ``asking``.
  static func answer(_ words: [String]) throws -> String {
    guard let name = words.first else { return all.map { $0.name + "\n" }.joined() }
    guard let page = all.first(where: { $0.name == name }) else {
      throw UsageError("no page is called \"\(name)\"")
    }
    return try page.text() + "\n<!-- Made by make reference. -->\n"
  }

  /// The head of a page, as DocC has it.
  static func head(_ title: String, _ summary: String) -> String {
    "# \(title)\n\n\(summary)\n\n## Overview\n\n"
  }
}

extension ReferencePage {
  static var exitCodes: ReferencePage {
    ReferencePage(name: "ExitCodes") {
      head("Exit codes", "What the command ends with, and what is left then.") + """
        A failure says what, where, why, and what to do next on standard error; with `--json` the same is an object on standard
        output, `suture.error/1` of <doc:JSONReports>, whose `kind` is the word in the table. In the library it is
        ``FailureKind``.


        """
        + Markdown.table(
          ["Code", "`kind`", "Meaning"],
          ExitCode.allCases.map { code in
            var kind = ""
            if case .failure(let known) = code { kind = Markdown.code(known.rawValue) }
            return [Markdown.code("\(code.rawValue)"), kind, Markdown.escaped(code.meaning)]
          })
        + ExitCode.allCases.map { code in
          "\n### \(code.rawValue): \(Markdown.escaped(code.meaning))\n\n\(code.explanation)\n"
        }.joined()
    }
  }
}
