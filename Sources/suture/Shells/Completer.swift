internal import SutureBytes
internal import SutureCheckpoints
internal import SutureSurgery
internal import SutureTensors
internal import SutureText

/// What may come next on a command line, from the table of arguments and from the header of the file that it names.
struct Completer {
  /// What a shell shows: a word, and what it means.
  struct Offer: Equatable {
    let word: String
    var meaning = ""
  }

  private(set) var offers: [Offer] = []
  /// Whether the shell should offer the names of files too, which it knows better.
  private(set) var takesFiles = false
  /// Whether `--` stands before, behind which nothing is an option.
  private var onlyOperands = false

  /// - Parameter words: those after `suture`, of which the last is being typed.
  init(_ words: [String]) {
    var words = Self.joined(words)
    // What every command takes may stand before it.
    words.removeFirst(Argument<Inspect>.commonWordCount(Array(words.dropLast())))
    let typed = words.last ?? ""
    if words.count < 2 {
      let common = Argument<Inspect>.common.map { "--" + $0.name }
      let general = (["--help", "--version"] + common).map { Offer(word: $0) }
      add(
        CommandList.all.map { Offer(word: $0.name, meaning: $0.summary) } + [Offer(word: "help")] + general,
        typed)
      // Or a file, which is inspected.
      takesFiles = !typed.isEmpty && !typed.hasPrefix("-")
    } else if words[0] == "help" {
      add(CommandList.all.map { Offer(word: $0.name, meaning: $0.summary) }, typed)
      add(HelpTopic.all.map { Offer(word: $0.name, meaning: $0.summary) }, typed)
    } else if let command = CommandList.all.first(where: { $0.name == words[0] }) {
      complete(command.allParameters, Array(words.dropFirst().dropLast()), typed)
    } else if pathExists(Self.expanded(words[0])) {
      // A file alone is inspected.
      complete(Inspect.allParameters, Array(words.dropLast()), typed)
    }
  }

  /// The lines that the shells' functions read: the word, a tab, what it means; and `:files`.
  var text: String {
    let lines = offers.map { $0.word.visible + ($0.meaning.isEmpty ? "" : "\t" + $0.meaning.visible) }
    return (lines + (takesFiles ? [":files"] : [])).map { $0 + "\n" }.joined()
  }

  /// Bash takes `--name=value` apart at the sign.
  private static func joined(_ words: [String]) -> [String] {
    var joined: [String] = []
    for word in words {
      if let last = joined.last, last.hasPrefix("--"), word == "=" || last.hasSuffix("=") {
        joined[joined.count - 1] += word
      } else {
        joined.append(word)
      }
    }
    return joined
  }

  private mutating func add(_ all: [Offer], _ typed: String) {
    offers += all.filter { $0.word.hasPrefix(typed) && !offers.contains($0) }
  }

  private mutating func complete(_ parameters: [Parameter], _ before: [String], _ typed: String) {
    var operands: [String] = []
    var rest = before[...]
    while let word = rest.popFirst() {
      if onlyOperands || word == "-" || !word.hasPrefix("-") {
        operands.append(word)
      } else if word == "--" {
        onlyOperands = true
      } else if let option = Self.option(word, parameters), option.takesValue, !word.contains("=") {
        // What is being typed is its value where no other word is.
        guard rest.popFirst() == nil else { continue }
        return offer(option, typed, operands)
      }
    }
    if !onlyOperands, typed.hasPrefix("--"), let sign = typed.firstIndex(of: "=") {
      guard let option = Self.option(String(typed[..<sign]), parameters), option.takesValue else { return }
      var value = self
      value.offer(option, String(typed[typed.index(after: sign)...]), operands)
      return offers = value.offers.map { Offer(word: typed[...sign] + $0.word, meaning: $0.meaning) }
    }
    if !onlyOperands, typed.hasPrefix("-") {
      let options = parameters.filter { !$0.isOperand }.map { Offer(word: "--" + $0.name, meaning: $0.help) }
      return add(options + [Offer(word: "--help", meaning: "Show this.")], typed)
    }
    let places = parameters.filter(\.isOperand)
    guard let place = operands.count < places.count ? places[operands.count] : places.last,
      operands.count < places.count || place.isRepeated
    else { return }
    offer(place, typed, operands)
  }

  private static func option(_ word: String, _ parameters: [Parameter]) -> Parameter? {
    if word.hasPrefix("--") {
      return parameters.first { !$0.isOperand && "--" + $0.name == word.prefix { $0 != "=" } }
    }
    return parameters.first { $0.short != nil && word == "-\($0.short ?? " ")" }
  }

  private mutating func offer(_ parameter: Parameter, _ typed: String, _ operands: [String]) {
    switch parameter.value {
    case .nothing: break
    case .files: takesFiles = true
    case .words(let words):
      add(words().map { Offer(word: $0) }, typed)
      takesFiles = parameter.isOperand && parameter.placeholder.contains("ADDRESS")
    case .tensorNames:
      let maySeemOption = onlyOperands || !parameter.isOperand
      offerNames(of: operands.first, typed) { name in
        // What looks like an option is none behind `--` alone; a pattern has its signs escaped.
        name.hasPrefix("-") && !maySeemOption
          ? nil : parameter.placeholder == "KEY" ? name : Pattern.text(fitting: name)
      }
    case .dicts: offerDicts(of: operands.first)
    }
  }

  // MARK: From the file

  /// More than that are offered up to their next dot.
  private static let mostNames = 100

  /// The checkpoint that the first operand names: one at an address is not asked for.
  private static func checkpoint(_ path: String?) -> Checkpoint? {
    guard let path = path.map(expanded), !Address.isAddress(path), pathExists(path) else { return nil }
    return try? Checkpoint.open(path)
  }

  /// A path as the shell will give it, which has not expanded what it begins with yet: `~/` or `$DATA/`.
  private static func expanded(_ path: String) -> String {
    let parts = path.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, parts[0] == "~" || parts[0].hasPrefix("$"), !pathExists(path) else { return path }
    let name = parts[0] == "~" ? "HOME" : parts[0].dropFirst().filter { $0 != "{" && $0 != "}" }
    return CurrentProcess.environment(name).map { $0 + "/" + parts[1] } ?? path
  }

  /// - Parameter written: the name as it is to be typed; `nil` where it cannot be.
  private mutating func offerNames(of path: String?, _ typed: String, as written: (String) -> String?) {
    guard let checkpoint = Self.checkpoint(path) else { return }
    // A name that a terminal would act on has to be typed as a pattern.
    let found = checkpoint.stateDict.entries.compactMap { entry -> (name: String, tensor: Tensor)? in
      guard !entry.name.isEmpty, entry.name == entry.name.visible, let word = written(entry.name),
        word.hasPrefix(typed)
      else { return nil }
      return (word, entry.tensor)
    }
    if found.count <= Self.mostNames {
      return add(found.map { Offer(word: $0.name, meaning: "\($0.tensor.dtype) \($0.tensor.shape)") }, typed)
    }
    var counts: [(start: String, count: Int)] = []
    for entry in found {
      let rest = entry.name.dropFirst(typed.count)
      let start = typed + (rest.firstIndex(of: ".").map { rest[...$0] } ?? rest)
      if counts.last?.start == start {
        counts[counts.count - 1].count += 1
      } else {
        counts.append((start, 1))
      }
    }
    var seen: Set<String> = []
    add(
      counts.filter { seen.insert($0.start).inserted }.map {
        Offer(word: $0.start, meaning: $0.start.hasSuffix(".") ? "a part of the name" : "")
      }, typed)
  }

  private mutating func offerDicts(of path: String?) {
    guard let checkpoint = Self.checkpoint(path) else { return }
    offers += [Offer(word: ".", meaning: "every tensor of the file")]
    if !checkpoint.wrapper.isEmpty {
      offers += [Offer(word: checkpoint.wrapper.joined(separator: "."), meaning: "the one that is found")]
    }
    offers += checkpoint.candidates.filter { $0.path == $0.path.visible }.map {
      Offer(word: $0.path, meaning: Format.plural($0.tensorCount, "tensor"))
    }
  }
}
