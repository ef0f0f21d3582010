/// A scheme as the documentation shows it.
extension NamingScheme {
  /// Each part that the library has: what it is, and the names of its tensors, in which s is the stage and b the block.
  package var table: [(part: String, names: [String])] {
    rows.map { row in
      let label = row.part.label + (borrowed.contains(row.part) ? ", for timm's networks" : "")
      guard row.part != .layerScale else { return (label, [row.template.text]) }
      return (
        label,
        ConvNeXtKey.Leaf.allCases.map { tensor($0, of: row.part, called: row.template.text) }
      )
    }
  }

  /// What a whole model's names begin with where its backbone's alone do not, of both versions.
  package var bodies: [String] {
    [body(isVersion2: false), body(isVersion2: true)].filter { !$0.isEmpty }.reduce(into: []) {
      if !$0.contains($1) { $0.append($1) }
    }
  }

  /// The shapes that differ from library to library, in words.
  package var shapes: [String] {
    if isSparse {
      return [
        "convolutions as MinkowskiEngine stores them, GRN (1, C); it is read, and nothing is named so"
      ]
    }
    return [
      layerScaleRank == 1 ? "layer scale (C)" : "layer scale (C, 1, 1)",
      pointwiseRank == 2 ? "pointwise layers (out, in)" : "pointwise layers (out, in, 1, 1)",
    ] + (has(.responseNorm) ? [responseNormRank == 1 ? "GRN (C)" : "GRN (1, 1, 1, C)"] : [])
  }
}
