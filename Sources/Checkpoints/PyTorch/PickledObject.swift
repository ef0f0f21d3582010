internal import Pickle
internal import Tensors

/// The object of a checkpoint, and what its references mean: what every container of PyTorch comes down to.
struct PickledObject {
  let graph: PickleGraph
  let location: PickleLocation
  let limits: ReadLimits
  let tensors: TensorBuilder
  private let script: ScriptClasses?

  init(
    graph: PickleGraph, location: PickleLocation, references: any References, limits: ReadLimits,
    isBigEndian: Bool = false, script: ScriptClasses? = nil, nesting: Int = 0
  ) {
    (self.graph, self.location, self.limits, self.script) = (graph, location, limits, script)
    tensors = TensorBuilder(
      graph: graph, location: location, references: references, isBigEndian: isBigEndian,
      nested: NestedStorages(depth: nesting, limits: limits))
  }

  /// What ``Checkpoint`` shows of a file.
  struct Contents {
    var choice: WrapperChoice
    var modules: [Checkpoint.Module]
    var globals: [String]
    var warnings: [String]
  }

  /// Finds the state dict, and accounts for everything else.
  ///
  /// - Parameter arraysCount: whether NumPy arrays are tensors even where torch's are there too.
  func contents(key: String?, warnings: [String], arraysCount: Bool = false) throws -> Contents {
    try checkSafety()
    // A file without a tensor of torch's may hold weights as arrays, as those of detectron2 do.
    tensors.takesArrays = arraysCount || !graph.all.contains { tensors.isTensor($0.id) }
    try tensors.checkReferences()
    var walk = ObjectWalk(self, script: script)
    try walk.run()
    let choice = try WrapperChoice(walk.leaves, key: key, modules: walk.modules, path: location.path)
    var warnings = warnings
    warnings += try hiddenTensors(shown: walk.leaves.count { $0.tensor != nil })
    let inside = choice.leftInside
    if inside > 0 {
      warnings.append(
        "\(inside) tensors lie inside objects or are attributes of modules; --key . shows them under their full path"
      )
    }
    return Contents(choice: choice, modules: walk.modules, globals: globalNames, warnings: warnings)
  }

  /// The classes and functions that the pickle names, in the order of their first use.
  var globalNames: [String] {
    var seen: Set<String> = []
    return graph.all.compactMap { graph.globalName($0.id) }.filter { seen.insert($0).inserted }
  }

  // MARK: Safety

  /// Refuses a pickle that names something which would run code.
  func checkSafety() throws {
    for (id, value) in graph.all {
      guard case .global(let module, let name) = value, UnsafeGlobals.isUnsafe(module: module, name: name)
      else {
        continue
      }
      var walk = ObjectWalk(self, script: script)
      try? walk.run()
      let safe = walk.leaves.count { $0.tensor != nil }
      throw location.error(
        "the pickle names \(Self.printable(module)).\(Self.printable(name)), which would run code if Python loaded it",
        at: graph.offset(of: id),
        hints: [
          "nothing was executed; \(safe) tensors could be told apart in it",
          "do not load this file in Python",
        ], kind: .unsafe)
    }
  }

  /// Finds tensors that are only arguments of functions we know nothing of.
  ///
  /// What such a function would have made of a tensor cannot be known, so they are reported, never shown as the
  /// result. A file that holds no others is refused.
  private func hiddenTensors(shown: Int) throws -> [String] {
    var hidden: Set<PickleID> = []
    var callables: [String] = []
    for (_, value) in graph.all {
      guard case .object(let object) = value, let name = graph.callableName(object.callable),
        !TensorBuilder.isRebuilder(name), !ObjectWalk.transparent.contains(name),
        !ScriptClasses.typeTags.contains(name)
      else { continue }
      let found = object.arguments.flatMap { [$0] + (graph.items($0) ?? []) }.filter { tensors.isTensor($0) }
      if !found.isEmpty, hidden.union(found).count > hidden.count {
        hidden.formUnion(found)
        if !callables.contains(name) { callables.append(name) }
      }
    }
    if hidden.isEmpty { return [] }
    let names = callables.prefix(3).map(Self.printable).joined(separator: ", ")
    let sentence =
      hidden.count == 1
      ? "1 tensor is only an argument of \(names), which is unknown here"
      : "\(hidden.count) tensors are only arguments of \(names), which is unknown here"
    if shown > 0 { return [sentence + "; what it would return is not known, so they are left out"] }
    throw location.error(
      sentence + ", and there are no others", at: 0,
      hints: ["what it would return cannot be known without running it, so nothing is shown as its result"],
      kind: .unsafe)
  }

  static func printable(_ text: String) -> String {
    let shown = text.unicodeScalars.prefix(80).map { $0.value < 32 || $0.value == 127 ? "?" : String($0) }
      .joined()
    return text.isEmpty ? "(empty)" : shown
  }
}
