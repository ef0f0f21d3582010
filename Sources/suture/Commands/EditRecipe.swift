internal import SutureBytes
internal import SutureCheckpoints
internal import SutureSurgery
internal import SutureTensors

/// Recipes into flags, and flags into recipes.
extension Edit {
  /// Does what a recipe says, where its option stands; what flags say of reading and writing goes before it.
  mutating func add(_ recipe: Recipe) throws {
    steps += recipe.steps
    expectation = expectation.adding(recipe.expectation)
    recipeKey = recipe.key ?? recipeKey
    recipeOutput += recipe.output
  }

  /// The file's bytes, where it can be a recipe.
  static func readText(_ path: String) throws -> [UInt8] {
    let file = try FileSource(path)
    guard file.byteCount <= 10_000_000 else {
      throw UsageError("\(path) is no recipe: it has \(Format.bytes(file.byteCount))")
    }
    return try file.bytes(0..<file.byteCount)
  }

  /// Takes from recipes what no flag says of the writing.
  mutating func applyRecipeOutput() throws {
    let told = writingOptions(writing).map(\.name)
    for (name, value) in recipeOutput where !told.contains(name) {
      guard let argument = Writing.arguments.first(where: { $0.name == name }) else { continue }
      do { try argument.apply(&writing, value ?? "") } catch let error as UsageError {
        throw UsageError("the recipe's output: \(error.message)", hints: error.hints)
      }
    }
  }

  /// What the flags say, as a recipe.
  func recipe() -> Recipe {
    var recipe = Recipe()
    (recipe.key, recipe.steps, recipe.expectation) = (key, steps, expectation)
    recipe.output = writingOptions(writing)
    return recipe
  }

  func save(_ recipe: Recipe, to path: String) throws {
    let isJSON = path.lowercased().hasSuffix(".json")
    let text = isJSON ? try recipe.json() : try recipe.yaml()
    let output = try OutputFile(path)
    try output.write(Array(text.utf8))
    do { try output.commit(replacing: writing.force) } catch let error as SystemError
      where error.isAlreadyThere
    {
      throw UsageError(
        "\(path) exists already", hints: ["pass --force to replace it, or choose another name"])
    }
    Console.note("recipe \(path)")
  }

  /// The options of writing that say what the output is; where it goes and how it is reported are no part of a recipe.
  private func writingOptions(_ writing: Writing) -> [Recipe.Option] {
    var options: [Recipe.Option] = []
    func add(_ name: String, _ value: String?) { if let value { options.append((name, value)) } }
    add("format", writing.format?.rawValue)
    add("as", writing.program?.rawValue)
    add("dtype", writing.dtype?.rawValue)
    for pattern in writing.keptDTypes { add("keep-dtype", pattern) }
    add("shared", writing.shared?.rawValue)
    add("sparse", writing.sparse?.rawValue)
    add("max-shard-size", writing.maximumShardSize.map { String($0) + "B" })
    add("extras", writing.extras?.rawValue)
    for (key, value) in writing.metadata { if let value { add("metadata", "\(key)=\(value)") } }
    if writing.keepsStorages { options.append(("keep-storages", nil)) }
    if writing.leavesOutProvenance { options.append(("no-provenance", nil)) }
    if writing.hashes { options.append(("hash", nil)) }
    if writing.proves { options.append(("proof", nil)) }
    return options
  }
}
