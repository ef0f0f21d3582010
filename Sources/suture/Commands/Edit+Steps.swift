internal import SutureBytes
internal import SutureJSON
internal import SutureSurgery
internal import SutureText
internal import SutureWorkflows

/// The steps as options of the command line, which run in the order given; recipes into flags, and flags into recipes.
extension Edit {
  static var stepArguments: [Argument<Self>] {
    StepRegistry.standard.schemas.flatMap { schema in
      [argument(StepWords(schema: schema), schema.help)]
        + schema.variants.map { argument(StepWords(schema: schema, variant: $0), $0.help) }
    } + recipeArguments
  }

  private static func argument(_ words: StepWords, _ help: String) -> Argument<Self> {
    guard let operand = words.schema.operand else {
      return Argument(form: .flag, name: words.name, help: help) { edit, _ in
        edit.editing.steps.steps.append(try words.step(""))
      }
    }
    let isPattern = [.pattern, .patterns, .template].contains(operand.kind)
    let argument = Argument<Self>.option(words.name, words.placeholder, help, isPattern: isPattern) {
      edit, word in
      let step = try words.step(word)
      // Several files of one step come in an option each.
      guard operand.kind == .files, let last = edit.editing.steps.steps.last?.record,
        last.verb == step.record.verb
      else {
        edit.editing.steps.steps.append(step)
        return
      }
      let files = try last.operand.strings() + step.record.operand.strings()
      var joined = StepRecord(last.verb, .array(files.map { .string($0) }))
      joined.fields = last.fields + step.record.fields.filter { last[$0.key] == nil }
      edit.editing.steps.steps[edit.editing.steps.steps.count - 1] = try StepRegistry.standard.step(joined)
    }
    guard case .choice(let choices) = operand.kind else { return argument }
    return argument.offering { choices }
  }

  private static var recipeArguments: [Argument<Self>] {
    [
      .option("recipe", "FILE", "Do the steps of a recipe in YAML or JSON.") {
        $0.add(try Recipe(try readText($1), name: $1))
      },
      .option("preset", "NAME", "Do the steps of a recipe that comes along; suture presets lists them.") {
        $0.add(try Presets.named($1).recipe())
      }.offering { Preset.all.map(\.name) },
    ]
  }

  // MARK: Recipes

  /// Does what a recipe says, where its option stands; what flags say of reading and writing goes before it.
  mutating func add(_ recipe: Recipe) {
    editing.steps.steps += recipe.steps
    editing.expectation = editing.expectation.adding(recipe.expectation)
    recipeKey = recipe.key ?? recipeKey
    recipeOutput.members += recipe.output.members
  }

  /// The file's bytes, where it can be a recipe.
  static func readText(_ path: String) throws -> [UInt8] {
    let file = try openInput(path)
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
