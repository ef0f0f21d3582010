/// Viridis: equal steps of value look like equal steps of colour, to the colour-blind too, and in print.
package enum ColourMap {
  /// The colour of a value in 0…1.
  public static func viridis(_ value: Float) -> (red: UInt8, green: UInt8, blue: UInt8) {
    let place = Int((min(max(value.isNaN ? 0 : value, 0), 1) * 255).rounded())
    return table[place]
  }

  private static let table = (0...255).map { place in
    let value = Double(place) / 255
    let channels = coefficients.map { terms -> UInt8 in
      let sum = terms.reversed().reduce(0.0) { $0 * value + $1 }
      return UInt8((min(max(sum, 0), 1) * 255).rounded())
    }
    return (red: channels[0], green: channels[1], blue: channels[2])
  }

  /// Polynomials through the published table of Smith and van der Walt, lowest power first.
  private static let coefficients = [
    [0.2777273, 0.1050930, -0.3308618, -4.6342305, 6.2282699, 4.7763850, -5.4354559],
    [0.0054073, 1.4046135, 0.2148476, -5.7991010, 14.1799334, -13.7451454, 4.6458526],
    [0.3340998, 1.3845902, 0.0950952, -19.3324410, 56.6905526, -65.3530326, 26.3124352],
  ]
}
