struct Completions: Command {
  static let name = "completions"
  static let summary = "Print what makes a shell complete this command, names of tensors too."
  static let details = """
      bash   eval "$(suture completions bash)" in ~/.bashrc
      zsh    suture completions zsh >_suture in a folder of $fpath
      fish   suture completions fish >~/.config/fish/completions/suture.fish

    The shell asks the command itself what may come next; after FILE that is read from the file's header.
    """

  /// The word by which the shells' functions ask.
  static let asking = "__complete"

  static var arguments: [Argument<Self>] {
    [.operand("SHELL", "bash, zsh or fish.", \.shell).offering { CompletionScript.all.map(\.shell) }]
  }

  var shell = ""

  mutating func run() throws -> ExitCode {
    guard let script = CompletionScript.all.first(where: { $0.shell == shell }) else {
      throw UsageError("there are completions for bash, zsh and fish, not for \"\(shell)\"")
    }
    try Console.print(script.text, wraps: false)
    return .done
  }
}
