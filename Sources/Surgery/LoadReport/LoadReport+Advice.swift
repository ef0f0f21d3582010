internal import SutureArchitectures
public import SutureTensors

extension LoadReport {
  /// The changes of names with which most of the file would load; `nil` where none does better than this report.
  ///
  /// Every proposal is tried: what is said to load does.
  public func advice(loading file: StateDict, into base: StateDict) -> LoadAdvice? {
    if missing.isEmpty { return nil }
    var best: LoadAdvice?
    /// What the steps, and then another, make of the file, where that can be done.
    func consider(_ steps: [any Step], of dict: StateDict, then step: any Step) -> StateDict? {
      guard let changed = try? Plan(of: dict, steps: [step]).output else { return nil }
      let report = LoadReport(loading: changed, into: base, recordsVersions: supplied.isEmpty)
      if report.loaded.count > (best?.report.loaded.count ?? loaded.count) {
        best = LoadAdvice(repairs: steps + [step], report: report)
      }
      return changed
    }
    var starts: [(steps: [any Step], dict: StateDict)] = [([], file)]
    if let theirs = try? NamingScan(base), let ours = try? NamingScan(file), theirs.scheme != ours.scheme,
      let named = consider([], of: file, then: AdoptNaming(theirs.scheme))
    {
      starts.append(([AdoptNaming(theirs.scheme)], named))
    }
    for (steps, dict) in starts {
      let proposals = PrefixProposals(dict, base)
      for proposal in proposals.single { _ = consider(steps, of: dict, then: proposal) }
      for (first, second) in proposals.pairs {
        guard let changed = try? Plan(of: dict, steps: [first]).output else { continue }
        _ = consider(steps + [first], of: changed, then: second)
      }
    }
    return best
  }
}
