internal import SutureBytes
internal import SutureText

extension Argument {
  /// Arguments that several commands share, for those of them that keep the values at `path`.
  static func group<Part>(_ arguments: [Argument<Part>], _ path: WritableKeyPath<Values, Part>) -> [Argument]
  {
    arguments.map { argument in
      Argument<Values>(
        form: argument.form, name: argument.name, short: argument.short, placeholder: argument.placeholder,
        help: argument.help
      ) { values, word in
        try argument.apply(&values[keyPath: path], word)
      }
    }
  }

  /// An option whose value is one of a few words.
  static func choice<Choice: RawRepresentable & CaseIterable & Sendable>(
    _ name: String, _ help: String, _ path: WritableKeyPath<Values, Choice?>
  ) -> Argument where Choice.RawValue == String {
    let words = Choice.allCases.map(\.rawValue)
    return option(name, words.joined(separator: "|"), help, isRepeated: false) { values, word in
      guard let choice = Choice(rawValue: word) else {
        let near = Spelling.nearest(to: word, among: words).map { ["did you mean \($0)?"] } ?? []
        throw UsageError("--\(name) is \(words.joined(separator: ", ")), not \"\(word)\"", hints: near)
      }
      values[keyPath: path] = choice
    }
  }
}
