internal import SutureArchitectures
public import SutureTensors

extension LoadReport {
  /// The changes of names with which most of the file would load; `nil` where none does better than this report.
  ///
  /// Every proposal is tried: what is said to load does.
  public func advice(loading file: StateDict, into base: StateDict) -> LoadAdvice? {
    if missing.isEmpty { return nil }
    var best: LoadAdvice?
    func consider(_ repairs: [LoadRepair], of dict: StateDict, then step: LoadRepair? = nil) -> StateDict? {
      let steps = step.map { [$0.step] } ?? []
      guard let changed = steps.isEmpty ? dict : try? Plan(of: dict, steps: steps).output else { return nil }
      let report = LoadReport(loading: changed, into: base, recordsVersions: supplied.isEmpty)
      if report.loaded.count > (best?.report.loaded.count ?? loaded.count) {
        best = LoadAdvice(repairs: repairs + (step.map { [$0] } ?? []), report: report)
      }
      return changed
    }
    var starts: [(repairs: [LoadRepair], dict: StateDict)] = [([], file)]
    if let theirs = try? NamingScan(base), let ours = try? NamingScan(file), theirs.scheme != ours.scheme,
      let named = consider([], of: file, then: .naming(theirs.scheme))
    {
      starts.append(([.naming(theirs.scheme)], named))
    }
    for (repairs, dict) in starts {
      let proposals = PrefixProposals(dict, base)
      for proposal in proposals.single { _ = consider(repairs, of: dict, then: proposal) }
      for (first, second) in proposals.pairs {
        guard let changed = try? Plan(of: dict, steps: [first.step]).output else { continue }
        _ = consider(repairs + [first], of: changed, then: second)
      }
    }
    return best
  }
}
