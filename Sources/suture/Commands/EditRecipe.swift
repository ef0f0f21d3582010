internal import SutureBytes
internal import SutureSurgery
internal import SutureText
internal import SutureWorkflows

/// Recipes into flags, and flags into recipes.
extension Edit {
  /// Does what a recipe says, where its option stands; what flags say of reading and writing goes before it.
  mutating func add(_ recipe: Recipe) {
    editing.steps.steps += recipe.steps
    editing.expectation = editing.expectation.adding(recipe.expectation)
    recipeKey = recipe.key ?? recipeKey
    recipeOutput.members += recipe.output.members
  }

  /// The file's bytes, where it can be a recipe.
  static func readText(_ path: String) throws -> [UInt8] {
    let file = try FileSource(path)
    guard file.byteCount <= 10_000_000 else {
      throw UsageError("\(path) is no recipe: it has \(Format.bytes(file.byteCount))")
    }
    return try file.bytes(0..<file.byteCount)
  }

  /// What the flags say, as a recipe.
  func recipe() -> Recipe {
    var recipe = Recipe()
    (recipe.key, recipe.steps, recipe.expectation) = (editing.key, editing.steps.steps, editing.expectation)
    recipe.output = writing.request.record
    return recipe
  }

  func save(_ recipe: Recipe, to path: String) throws {
    let isJSON = path.lowercased().hasSuffix(".json")
    let text = isJSON ? recipe.json() : recipe.yaml()
    let output = try OutputFile(path)
    try output.write(Array(text.utf8))
    do { try output.commit(replacing: writing.request.replaces) } catch let error as SystemError
      where error.isAlreadyThere
    {
      throw UsageError(
        "\(path) exists already", hints: ["pass --force to replace it, or choose another name"])
    }
    Console.note("recipe \(path)")
  }
}
