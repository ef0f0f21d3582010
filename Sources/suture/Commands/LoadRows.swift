internal import SutureSurgery

/// The lines in which a load is told: a count, and names folded below one another.
struct LoadRows {
  let isVerbose: Bool

  static func label(_ word: String) -> String {
    word + String(repeating: " ", count: max(1, 11 - word.count))
  }

  private static let mostRows = 12

  /// A count, and the names folded below one another.
  ///
  /// - Parameter what: is said beside the count, and the names begin below it.
  func named(_ word: String, _ names: [String], what: String? = nil, _ show: (String) -> String = { $0 })
    -> [String]
  {
    if names.isEmpty { return [] }
    let folds = FoldedNames.fold(names)
    let shown = isVerbose ? folds[...] : folds.prefix(Self.mostRows)
    let count = Format.count(names.count)
    let indent = String(repeating: " ", count: 15 + count.count)
    var lines = shown.map { fold in
      indent + show(Format.name(fold.pattern))
        + (fold.count > 1 && folds.count > 1 ? "  (\(fold.count))" : "")
    }
    let start = "  \(Self.label(word))\(count)  "
    if let what { lines.insert(start + what, at: 0) } else { lines[0] = start + lines[0].drop { $0 == " " } }
    if shown.count < folds.count { lines.append("\(indent)… \(folds.count) lines in all, -v shows them") }
    return lines
  }

  func untrained(_ blocks: [String], _ place: String) -> [String] {
    if blocks.isEmpty { return [] }
    let folds = FoldedNames.fold(blocks).map { Format.name($0.pattern) }
    let verb = blocks.count == 1 ? "block never got its weights" : "blocks never got their weights"
    return [
      "  \(Self.label("untrained"))\(Format.count(blocks.count)) \(verb), gamma is 1e-6 throughout, \(place): "
        + folds.joined(separator: ", ")
    ]
  }

  static func shapes(_ mismatch: LoadReport.Mismatch) -> String {
    "\(Format.shape(mismatch.found)) in the file, \(Format.shape(mismatch.expected)) in the model"
  }

  /// Names under what is said of them, in the order of the first of each.
  static func grouped(_ pairs: [(name: String, text: String)]) -> [(text: String, names: [String])] {
    var places: [String: Int] = [:]
    var groups: [(text: String, names: [String])] = []
    for (name, text) in pairs {
      if let place = places[text] {
        groups[place].names.append(name)
      } else {
        places[text] = groups.count
        groups.append((text, [name]))
      }
    }
    return groups
  }
}
