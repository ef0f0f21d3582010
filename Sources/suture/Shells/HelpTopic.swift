internal import SutureArchitectures
internal import SutureCheckpoints
internal import SutureSurgery

/// What `suture help TOPIC` tells: things that belong to several commands.
struct HelpTopic: Sendable {
  let name: String
  let summary: String
  let text: @Sendable () -> String

  static let all = [patterns, recipes, naming, limits, exitCodes, json]

  private static let patterns = HelpTopic(name: "patterns", summary: "How keys are chosen and renamed.") {
    """
    A pattern must fit a whole key. In quotes, so that the shell leaves it alone:

      *        any run of characters, dots too: norm* is what startswith("norm") says
      #        a run of digits
      ?        one character
      [ab]     one of these characters; [!ab] none of them
      {a,b}    a choice; {0..3} the numbers from 0 to 3
      re:/…/   a regular expression
      !…       at the start: what the rest does not fit

    A renaming has the same signs on its right side, which stand for what those on the left have found, in their order;
    {n}, and {n+1} with a number added, stand for a number:

      suture edit in.pth --rename 'stages.#.*=model.{n+1}.*' -o out.pth

    Each pattern of a list counts by itself: one that fits no key is named, and --allow-unmatched lets it pass.

    """
  }

  private static let recipes = HelpTopic(name: "recipes", summary: "Steps of surgery in a file.") {
    let steps = StepRegistry.standard.schemas.map { schema in
      "  \(schema.verb)\(String(repeating: " ", count: max(20 - schema.verb.count, 1)))\(schema.help)"
    }
    return """
      A recipe is YAML or JSON, and says what the options of edit say, in the order in which it is done:

        steps:
          - drop: "norm*"
          - drop: "head*"
          - replicate: "model.{0..3}."

        suture edit in.pth --recipe recipe.yaml -o out.pth

      suture presets prints those that come along; edit --save-recipe FILE writes what the options say.

      The steps:
      \(steps.joined(separator: "\n"))

      """
  }

  private static let naming = HelpTopic(
    name: "naming", summary: "The names that libraries give to a ConvNeXt."
  ) {
    """
    edit --naming SCHEME gives the tensors of a ConvNeXt the names, and the shapes, that another library has for them:

    \(NamingScheme.allCases.map { "  \($0.rawValue)" }.joined(separator: "\n"))

    What is there already is told by the keys. What has no place in the other scheme is refused, with its name.

    """
  }

  static let limits = HelpTopic(
    name: "limits", summary: "What a file may ask for, and how to let it ask for more."
  ) {
    let limits = ReadLimits.names.map { limit in
      let assignment = "\(limit.name)=\(ReadLimits()[keyPath: limit.path])"
      return "  \(assignment)\(String(repeating: " ", count: max(24 - assignment.count, 1)))\(limit.meaning)"
    }
    return """
      What a file may ask for is limited, so that a small one cannot take all memory or time. --limit NAME=N lets a file that
      is trusted ask for more, as often as there are limits to raise. Each with what it is where nothing is said:

      \(limits.joined(separator: "\n"))

      """
  }

  private static let exitCodes = HelpTopic(name: "exit-codes", summary: "What the command ends with.") {
    ExitCode.allCases.map { "  \($0.rawValue)\($0.rawValue < 100 ? "    " : "  ")\($0.meaning)\n" }.joined()
  }

  private static let json = HelpTopic(name: "json", summary: "Reports for programs.") {
    """
    Every command takes --json: one document on standard output, whose schema is NAME/VERSION, with keys in snake_case.
    A version changes when a key goes or means something else; keys may be added. A failure is a document too:

      {"schema": "suture.error/1", "kind": …, "place": …, "reason": …, "remedies": […]}

    What is said about the work goes to standard error. --progress json tells there how far it is, a line for each.

    """
  }
}
