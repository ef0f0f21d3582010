internal import SutureJSON
internal import SutureTensors
internal import SutureText

// What becomes of the averages, wherever they lie.
extension TakeEMA {
  /// The average under its own names, and what the weights have and it lacks.
  func completed(
    _ average: MovingAverage, _ matches: MovingAverage.Matches, _ weights: [Draft.Entry],
    _ outcome: inout StepOutcome
  ) throws -> [Draft.Entry] {
    if weights.isEmpty { return average.entries }
    for (places, average) in zip(matches.places, average.entries) where places.count == 1 {
      try requireShape(of: weights[places[0]], average)
    }
    let strangers = matches.strangers(among: average.entries)
    if !strangers.isEmpty {
      outcome.notes.append("\(strangers.count) of its keys are none of the weights': \(strangers.summary)")
    }
    let known = Set(average.entries.map { ExactString($0.name) })
    let averaged = averages(
      zip(matches.places, average.entries).compactMap { $0.count == 1 ? ($0[0], $1) : nil }, weights)
    var (result, own, tied): ([Draft.Entry], [String], [(String, String)]) = (average.entries, [], [])
    for weight in weights {
      guard let name = weight.name.rest(after: matches.rule.strip).map(String.init), !name.isEmpty,
        !known.contains(ExactString(name))
      else { continue }
      if let other = averaged[ViewIdentity(weight.tensor)] {
        result.append(.init(name: name, sources: other.sources, tensor: other.tensor))
        tied.append((name, other.name))
      } else {
        result.append(.init(name: name, sources: weight.sources, tensor: weight.tensor))
        own.append(name)
      }
    }
    tell(own: own, tied: tied, &outcome)
    if !own.isEmpty, !matches.rule.strip.isEmpty {
      outcome.resolved.members.append((Trail.weights, .string(matches.rule.strip)))
    }
    return result
  }

  /// The average of each tensor of the weights that has one.
  private func averages(_ pairs: [(place: Int, average: Draft.Entry)], _ weights: [Draft.Entry])
    -> [ViewIdentity:
    Draft.Entry]
  {
    Dictionary(pairs.map { (ViewIdentity(weights[$0.place].tensor), $0.average) }) { first, _ in first }
  }

  /// Says what is the weights' own, and what is another name of a tensor that has an average.
  func tell(own: [String], tied: [(name: String, other: String)], _ outcome: inout StepOutcome) {
    if !tied.isEmpty {
      outcome.resolved.members.append((Trail.tied, .object(tied.map { ($0.name, .string($0.other)) })))
      outcome.notes.append("one tensor with another, as in the weights: \(tied.map(\.name).summary)")
    }
    if !own.isEmpty {
      outcome.resolved.set(Trail.completed, names: own)
      outcome.notes.append("\(own.count) keys that it lacks are the weights' own: \(own.summary)")
    }
  }

  /// The weights, with the averages in the place of those whose they are.
  func replaced(
    _ average: MovingAverage, _ matches: MovingAverage.Matches, _ weights: [Draft.Entry], _ place: String,
    prefix: String = "", _ outcome: inout StepOutcome
  ) throws -> [Draft.Entry] {
    let strangers = matches.strangers(among: average.entries)
    guard matches.count > 0, strangers.isEmpty else {
      let several = zip(average.entries, matches.places).first { $1.count > 1 }
      throw SurgeryError(
        .impossible,
        matches.count == 0
          ? "found an EMA under \(place) whose names are not those of the weights: \(average.entries.map(\.name).summary)"
          : "found an EMA under \(place) of which \(strangers.count) keys are no weight's, or several's: \(strangers.summary)",
        remedies: [
          several.map { entry, places in
            .advice("\(entry.name) may be \(places.map { weights[$0].name }.summary)")
          } ?? .advice("the weights have \(weights.map(\.name).summary), and which is whose is not known"),
          .setting("key", value: prefix.isEmpty ? "PATH" : String(prefix.dropLast()), "takes it as it is"),
        ])
    }
    let rule = matches.rule
    outcome.resolved.members.append((Trail.prefix, .string(prefix + rule.prefix)))
    if !rule.strip.isEmpty { outcome.resolved.members.append((Trail.strip, .string(rule.strip))) }
    if rule.form != .plain { outcome.resolved.members.append((Trail.form, .string(rule.form.rawValue))) }
    let pairs = zip(matches.places, average.entries).map { ($0[0], $1) }
    return try put(pairs, in: weights, &outcome)
  }

  /// The weights, with the averages of a list in the place of the parameters, in their order.
  func paired(
    _ average: MovingAverage, _ weights: [Draft.Entry], _ place: String, _ outcome: inout StepOutcome
  ) throws -> [Draft.Entry] {
    let (averages, parameters) = (average.ordered, MovingAverage.parameters(among: weights))
    let names = parameters.map { weights[$0].name }
    guard takesOrder else {
      throw SurgeryError(
        .impossible,
        "found an EMA under \(place) that is a list of \(averages.count) tensors: its names are not those of the weights",
        remedies: [
          averages.count == parameters.count
            ? "the weights have as many parameters, \(names.summary)"
            : "the weights have \(parameters.count) parameters, as far as names tell",
          .setting("take-ema-by-order", "pairs them by their order"),
        ])
    }
    guard averages.count == parameters.count, averages.count == average.entries.count else {
      throw SurgeryError(
        .impossible,
        "has \(average.entries.count) averages under \(place) for \(parameters.count) parameters, so which is whose is not known",
        remedies: [
          .advice("parameters, as far as names tell: \(names.summary)"),
          "those that were not trained may have no average",
        ])
    }
    outcome.notes.append("paired with the parameters by their order")
    outcome.resolved.members.append((Trail.order, .array(names.map { .string($0) })))
    return try put(Array(zip(parameters, averages)), in: weights, &outcome)
  }

  private func put(
    _ pairs: [(place: Int, average: Draft.Entry)], in weights: [Draft.Entry], _ outcome: inout StepOutcome
  ) throws -> [Draft.Entry] {
    var result = weights
    let averaged = averages(pairs, weights)
    var isDone = [Bool](repeating: false, count: weights.count)
    for (place, average) in pairs {
      let weight = weights[place]
      try requireShape(of: weight, average)
      result[place] = .init(name: weight.name, sources: average.sources, tensor: average.tensor)
      isDone[place] = true
    }
    // A parameter under several names has one average.
    let names = Dictionary(pairs.map { (ExactString($1.name), weights[$0].name) }) { first, _ in first }
    var (own, tied): ([String], [(String, String)]) = ([], [])
    for (place, weight) in weights.enumerated() where !isDone[place] {
      if let other = averaged[ViewIdentity(weight.tensor)] {
        result[place] = .init(name: weight.name, sources: other.sources, tensor: other.tensor)
        tied.append((weight.name, names[ExactString(other.name)] ?? other.name))
      } else {
        own.append(weight.name)
      }
    }
    tell(own: own, tied: tied, &outcome)
    return result
  }

  /// What has another shape is the average of something else.
  private func requireShape(of weight: Draft.Entry, _ average: Draft.Entry) throws {
    if weight.tensor.shape == average.tensor.shape { return }
    throw weight.doesNotFit(
      "its average \(average.name) has \(average.tensor.shape)",
      remedies: [.setting("key", value: "PATH", "takes the average as it is")])
  }
}
