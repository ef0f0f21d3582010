internal import SutureSurgery
internal import SutureText

/// What to say where no name fits a pattern: it often lacks its stars, or has a letter wrong.
func nearMisses(_ patterns: [String], among names: [String]) -> [String] {
  let loose = patterns.compactMap { try? Pattern("*\($0)*") }
  let near = names.filter { name in loose.contains { $0.matches(name) } }
  if let first = near.first {
    return ["\(Format.plural(near.count, "name")) contain it, \(Format.name(first)) for one: put * around it"]
  }
  let spelled = patterns.compactMap { Spelling.nearest(to: $0, among: names) }
  if let first = spelled.first { return ["did you mean \(Format.name(first))?"] }
  return ["patterns fit whole names: \"norm*\", \"*.bias\", \"stages.#.*\""]
}
