internal import SutureBytes
internal import SutureCheckpoints
internal import SutureJSON
internal import SutureNumbers
internal import SutureSurgery
internal import SutureTensors
internal import SutureText

/// What the page's script draws: short, because there are files of a hundred thousand tensors.
extension CheckpointPage {
  /// JSON that stands in an element of HTML: no `<` in it, so nothing in it ends that element.
  var data: [UInt8] {
    let object: JSONObject = [
      "subtitle": subtitle, "facts": facts.map { [$0.visible, $1.visible] },
      "problems": problems.map { "\($0.name) cannot be read: \($0.reason)".visible },
      "warnings": checkpoint.warnings.map(\.visible), "dtypes": dtypes.map(\.rawValue),
      "tensors": tensors.json, "omitted": omitted, "globals": globals, "diff": diff,
      "features": features.map {
        [
          "png": Base64.text($0), "text": "the four stages of its backbone",
          "note": withoutOther.map {
            "This file's alone: those of \(Self.name(of: comparison?.other ?? checkpoint)) cannot stand beside them: \($0)"
              .visible
          },
        ] as JSONObject
      },
      "runs": runs, "sharing": sharing.json,
      "extras": checkpoint.extras.map { [$0.path.visible, $0.kind.visible, $0.value.visible(atMost: 500)] },
      "footer": "Made by suture \(SutureVersion.text). This page asks for nothing from anywhere.",
    ]
    var bytes: [UInt8] = []
    for byte in JSONWriter.bytes(object.json) {
      if byte == UInt8(ascii: "<") { bytes += Array("\\u003c".utf8) } else { bytes.append(byte) }
    }
    return bytes
  }

  private var subtitle: String {
    "\(checkpoint.container.rawValue), \(Format.bytes(checkpoint.byteCount))"
  }

  private var facts: [(String, String)] {
    var facts = [("file", checkpoint.path)]
    if !checkpoint.wrapper.isEmpty {
      facts.append(("weights under", checkpoint.wrapper.joined(separator: ".")))
    }
    if let model = TrainedModel(checkpoint) {
      facts.append(("model", model.className + (model.file.map { " of \($0)" } ?? "")))
      if let classes = model.classes {
        let names = model.names.prefix(100).joined(separator: ", ")
        facts.append(("classes", names.isEmpty ? "\(classes)" : "\(classes): \(names)"))
      }
      if let date = model.date { facts.append(("saved", date)) }
    }
    facts += checkpoint.candidates.map {
      ("also here", "\($0.path), \(Format.plural($0.tensorCount, "tensor"))")
    }
    facts += checkpoint.stateDict.metadata.map { ("metadata \($0.key)", String($0.value.prefix(300))) }
    if let withoutFeatures { facts.append(("no feature maps", withoutFeatures)) }
    return facts
  }

  private var dtypes: [DType] {
    checkpoint.stateDict.entries.grouped(by: \.tensor.dtype).map(\.0)
  }

  // MARK: Tensors

  /// A row each: how many characters its name has in common with the name before, the rest of the name, the place of its
  /// dtype, its shape, its bytes, then its numbers and its histogram.
  private var tensors: [JSONValue] {
    let places = Dictionary(uniqueKeysWithValues: dtypes.enumerated().map { ($1, $0) })
    let drawn = withHistogram
    var previous: [Unicode.Scalar] = []
    return zip(checkpoint.stateDict.entries, statistics).enumerated().map { place, measured in
      let (entry, statistics) = measured
      let name = Array(entry.name.visible.unicodeScalars)
      // The script cuts between units of UTF-16: a name is cut where both count alike.
      let common = zip(previous, name).prefix { $0 == $1 && $0.value < 0x10000 }.count
      previous = name
      let rest = String(String.UnicodeScalarView(name[common...]))
      let row: [JSONValue] = [
        .integer(common), .string(rest), .integer(places[entry.tensor.dtype] ?? 0),
        .array(entry.tensor.shape.map { .integer($0) }), .integer(entry.tensor.storedByteCount),
      ]
      guard let statistics else { return .array(row + [.null]) }
      let histogram = drawn?.contains(place) == false ? nil : statistics.histogram.map(Self.json)
      return .array(row + [Self.json(statistics)] + (histogram.map { [$0] } ?? []))
    }
  }

  /// The places of the tensors of which the page has a histogram; `nil` where that is all.
  private var withHistogram: Set<Int>? {
    let sizes = checkpoint.stateDict.map(\.tensor.storedByteCount)
    if sizes.count <= histogramLimit { return nil }
    return Set(sizes.indices.sorted { sizes[$0] > sizes[$1] }.prefix(histogramLimit))
  }

  private var omitted: String? {
    let count = checkpoint.stateDict.count
    return count <= histogramLimit
      ? nil : "Of \(Format.count(count)) tensors only the larger ones have a histogram here."
  }

  private static func json(_ statistics: TensorStatistics) -> JSONValue {
    var numbers = [statistics.minimum, statistics.maximum, statistics.mean, statistics.deviation].map(short)
    let counts = [statistics.zeroCount, statistics.nanCount, statistics.infinityCount]
    // What is none at the end is left out.
    let last = counts.lastIndex { $0 > 0 }.map { $0 + 1 } ?? 0
    numbers += counts[..<last].map { .integer($0) }
    return .array(numbers)
  }

  /// Four digits of a number.
  private static func short(_ value: Double?) -> JSONValue {
    guard let value, value.isFinite else { return .null }
    return .double(Double(Decimals.scientific(value, places: 3)) ?? value)
  }

  /// Where it begins, how wide a bin is, and for each bin a letter: its height in 63 steps, up for what is not empty.
  private static func json(_ histogram: Histogram) -> JSONValue {
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    let largest = Double(histogram.counts.max() ?? 1)
    let heights = histogram.counts.map { letters[Int((Double($0) / largest * 63).rounded(.up))] }
    return .array([short(histogram.start), short(histogram.width), .string(String(heights))])
  }

  // MARK: The rest

  private var globals: JSONObject? {
    guard let verdict = WeightsOnlyVerdict(checkpoint) else { return nil }
    let refused = ((verdict.opcode.map { ["the opcode \($0)"] } ?? []) + verdict.refused.map(\.name)).prefix(
      10)
    let text = "torch.load(weights_only=True) of torch \(verdict.torch) "
    return [
      "loads": verdict.loads,
      "verdict": (text + (verdict.loads ? "loads it" : "refuses \(refused.joined(separator: ", "))")).visible,
      "names": checkpoint.globals.map {
        [$0.name.visible, "\($0.judgement)", $0.harm.map { "\($0) when it is called" } ?? ""]
      },
    ]
  }

  private var sharing: [JSONValue] {
    checkpoint.stateDict.sharing.map { group in
      .array([.string(group.kind.rawValue), group.names.prefix(200).map(\.visible).json])
    }
  }

  private var runs: [JSONObject] {
    (checkpoint.provenance?.runs ?? []).map { run in
      let steps = NameTrace("", through: run.steps).steps
      return [
        "tool": run.tool.visible, "sources": run.sources.map { "\($0.name) (sha256 \($0.sha256))".visible },
        "steps": steps.map(\.text.visible),
      ]
    }
  }

  private var diff: JSONObject? {
    guard let comparison else { return nil }
    let (other, diff) = comparison
    let changed = diff.valuesByChange.filter { !$0.difference.isBitEqual }
    return [
      "name": Self.name(of: other).visible, "other": other.path.visible, "same": diff.passed,
      "summary": diff.passed
        ? "the same names, shapes, dtypes and bits"
        : "\(Format.plural(diff.values.count, "tensor")) compared, \(Format.count(changed.count)) with other values; "
          + "\(Format.count(diff.removed.count)) only here, \(Format.count(diff.added.count)) only there",
      "removed": diff.removed.map(\.visible), "added": diff.added.map(\.visible),
      "renamed": diff.renamed.map { "\($0.from) -> \($0.to)".visible },
      "reshaped": diff.reshaped.map {
        "\($0.name): \(Format.shape($0.from)), there \(Format.shape($0.to))".visible
      },
      "recast": diff.recast.map { "\($0.name): \($0.from), there \($0.to)".visible },
      "values": changed.map { values -> JSONValue in
        let difference = values.difference
        return .array([
          .string(values.name.visible), difference.isNumeric ? .integer(difference.differing) : .null,
          difference.isNumeric ? Self.short(difference.maximum) : .null,
          difference.isNumeric ? Self.short(difference.maximumRelative) : .null,
          difference.cosine.map { .double($0) } ?? .null,
        ])
      }.json,
    ]
  }
}

/// Bytes as text, as RFC 4648 has it.
enum Base64 {
  private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  static func text(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let part = bytes[start..<min(start + 3, bytes.count)]
      let bits = part.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - part.count))
      for place in 0..<4 {
        text.append(place <= part.count ? letters[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}

extension CheckpointPage {
  /// The schema `suture.report/1`: what was written, not what the page says.
  ///
  /// - Parameters:
  ///   - path: where the page is.
  ///   - byteCount: how large it is.
  public func json(path: String, byteCount: Int) -> JSONReport {
    JSONReport(
      "suture.report/1",
      [
        "path": checkpoint.path, "page": path, "page_bytes": byteCount, "tensors": checkpoint.stateDict.count,
        "against": comparison?.other.path, "same": comparison?.diff.passed, "features": features != nil,
        "without_original": withoutOther,
        "problems": problems.map { ["name": $0.name, "reason": $0.reason] as JSONObject },
      ])
  }
}
