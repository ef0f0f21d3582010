internal import SutureTensors
internal import SutureText

/// What the example of a step makes of the names that it is given, for the documentation.
package struct StepExample {
  /// A tensor that comes out, with those that it was made of; or one that is gone.
  package struct Line {
    /// With their shapes.
    package let before: [String]
    /// With its shape; `nil` where nothing is left of it.
    package let after: String?
  }

  package private(set) var lines: [Line] = []

  /// Does the example, as it would be done to a file.
  ///
  /// - Throws: what keeps the step from being done; a step whose example has no input has no lines.
  package init(_ schema: StepSchema) throws {
    let input = try Self.stateDict(schema.exampleInput)
    if input.isEmpty { return }
    let recipe = try Recipe(Array("recipe: 1\nsteps: [\(schema.example)]\n".utf8), name: schema.verb)
    let plan = try Plan(of: input, steps: recipe.steps, with: Self.inputs(beside: input))
    var used: Set<String> = []
    for (entry, origins) in zip(plan.output.entries, plan.origins) {
      used.formUnion(origins)
      lines.append(
        Line(
          before: origins.map { name in input[name].map { Self.words(name, $0) } ?? name },
          after: Self.words(entry.name, entry.tensor)))
    }
    for entry in input.entries where !used.contains(entry.name) {
      lines.append(Line(before: [Self.words(entry.name, entry.tensor)], after: nil))
    }
  }

  /// What other files and other places of the file hold: the same names; those of a file that is merged, under its own.
  private static func inputs(beside input: StateDict) -> Inputs {
    var inputs = Inputs()
    inputs.siblings = ["model_ema"]
    inputs.sibling = { _ in input }
    inputs.checkpoint = { name in
      guard let end = name.firstRange(of: "_encoder") else { return input }
      return try StateDict(
        input.entries.map { .init(name: "\(name[..<end.lowerBound]).\($0.name)", tensor: $0.tensor) })
    }
    return inputs
  }

  /// `fc.weight [10,64] fc.bias [10]`.
  private static func stateDict(_ text: String) throws -> StateDict {
    let words = text.split(separator: " ").map(String.init)
    return try StateDict(
      stride(from: 0, to: words.count - 1, by: 2).map { place in
        let shape = words[place + 1].dropFirst().dropLast().split(separator: ",").compactMap { Int($0) }
        let ones = [Float](repeating: 1, count: shape.reduce(1, *))
        return .init(name: words[place], tensor: try Tensor(floats: ones, shape: shape))
      })
  }

  private static func words(_ name: String, _ tensor: Tensor) -> String {
    let dtype = tensor.dtype == .float32 ? "" : "\(tensor.dtype) "
    return "\(name) \(dtype)\(tensor.shape)"
  }
}
