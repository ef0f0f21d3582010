internal import SutureArchitectures
internal import SutureText

extension RecordedStep {
  /// What the step may have made `name` of, the likeliest first; `nil` where that cannot be told.
  func sources(of name: String) -> [String]? {
    switch self {
    case .unchanged: [name]
    case .unknown: nil
    case .addPrefix(let prefix): name.rest(after: prefix).map { [String($0)] } ?? []
    case .stripPrefix(let prefix, let fromAll):
      // Names without the prefix stayed as they were.
      [prefix + name] + (fromAll || name.rest(after: prefix) != nil ? [] : [name])
    case .replicate(let prefixes): Self.unreplicated(name, prefixes)
    case .rename(let pattern, let template): Self.unrenamed(name, pattern, template)
    case .optional(let step):
      // Perhaps there was nothing to do it to.
      step.sources(of: name).map { $0.contains(name) ? $0 : $0 + [name] }
    case .tie(let patterns, let target): Self.fits(name, patterns).map { $0 ? [target] : [name] }
    case .made(let patterns): Self.fits(name, patterns) == false ? [name] : nil
    case .joined(let templates):
      templates.contains { InverseTemplate($0).map { $0.captures(name) != nil } ?? true } ? nil : [name]
    case .naming(let from, let to, let hasClassifier): Self.unnamed(name, from, to, hasClassifier)
    }
  }

  /// `nil` where a pattern cannot be read.
  private static func fits(_ name: String, _ patterns: [String]) -> Bool? {
    let read = patterns.map { try? Pattern($0) }
    return read.contains { $0 == nil } ? nil : read.contains { $0?.matches(name) == true }
  }

  private static func unreplicated(_ name: String, _ prefixes: String) -> [String]? {
    guard let all = try? Template(prefixes).names(for: "", captures: []) else { return nil }
    return all.compactMap { name.rest(after: $0).map(String.init) }
  }

  private static func unrenamed(_ name: String, _ pattern: String, _ template: String) -> [String]? {
    guard let reader = try? Pattern(pattern), let writer = try? Template(template) else { return nil }
    let untouched = reader.matches(name) ? [] : [name]
    guard let inverse = InverseTemplate(template) else { return nil }
    guard let captures = inverse.captures(name) else { return untouched }
    guard let source = InverseTemplate.fill(pattern, captures, whole: inverse.whole(name)) else { return nil }
    // What the wildcards took is a guess where two stand side by side: only a guess that leads back counts.
    guard let again = reader.captures(source),
      let names = try? writer.names(for: source, captures: again), names.count == 1,
      names[0].utf8.elementsEqual(name.utf8)
    else { return untouched.isEmpty ? nil : untouched }
    return [source] + untouched
  }

  private static func unnamed(
    _ name: String, _ from: NamingScheme, _ to: NamingScheme, _ hasClassifier: Bool
  ) -> [String]? {
    let (old, new) = (from, to)
    // The longest rest that is a name: norm.weight alone would be one in stages.0.0.norm.weight.
    var rest = name[...]
    while true {
      if let key = new.key(rest) {
        let isOutside = { (scheme: NamingScheme) in scheme.classifierIsOutside && key.part == .classifier }
        let start = String(name[..<rest.startIndex])
        let body = hasClassifier && !isOutside(new) ? new.body : ""
        guard let prefix = body.isEmpty ? start : start.start(before: body) else { return [name] }
        var source = key
        if key.part == .outputNorm, new.finalNormIsLastOutputNorm, !old.finalNormIsLastOutputNorm {
          // norm3 alone is the final norm; among others it is that of an output.
          guard hasClassifier else { return nil }
          source = ConvNeXtKey(part: .finalNorm, leaf: key.leaf)
        }
        if key.part == .finalNorm, old.finalNormIsLastOutputNorm {
          // Every ConvNeXt that was published has four stages.
          source = ConvNeXtKey(part: .outputNorm, stage: 3, leaf: key.leaf)
        }
        guard let own = old.name(source) else { return nil }
        return [prefix + (hasClassifier && !isOutside(old) ? old.body : "") + own]
      }
      guard let dot = rest.utf8.firstIndex(of: UInt8(ascii: ".")) else { return [name] }
      rest = rest[rest.utf8.index(after: dot)...]
    }
  }
}
