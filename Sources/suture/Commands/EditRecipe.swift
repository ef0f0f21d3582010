internal import SutureBytes
internal import SutureCheckpoints
internal import SutureJSON
internal import SutureSurgery
internal import SutureTensors

/// Recipes into flags, and flags into recipes.
extension Edit {
  /// Does what a recipe says, where its option stands; what flags say of reading and writing goes before it.
  mutating func add(_ recipe: Recipe) throws {
    steps += recipe.steps
    expectation = expectation.adding(recipe.expectation)
    recipeKey = recipe.key ?? recipeKey
    try recipe.output.refuseUnknown(known: Self.recordedOptions)
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

  /// Takes from recipes what no flag says of the writing.
  mutating func applyRecipeOutput() throws {
    let told = writingRecord(writing).members.map(\.key)
    for member in recipeOutput.members where !told.contains(member.key) {
      guard let argument = Writing.arguments.first(where: { $0.name == member.key }) else { continue }
      let words: [String]
      switch member.value {
      case .bool(let isSet): words = isSet ? [""] : []
      case .object(let pairs): words = pairs.map { "\($0.key)=\($0.value.stringValue ?? "")" }
      case .array(let values): words = values.compactMap(\.stringValue)
      default: words = [member.value.stringValue ?? JSONWriter.text(member.value)]
      }
      do { for word in words { try argument.apply(&writing, word) } } catch let error as UsageError {
        throw UsageError("the recipe's output: \(error.reason)", remedies: error.remedies)
      }
    }
  }

  /// What the flags say, as a recipe.
  func recipe() -> Recipe {
    var recipe = Recipe()
    (recipe.key, recipe.steps, recipe.expectation) = (key, steps, expectation)
    recipe.output = writingRecord(writing)
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

  private static let recordedOptions = [
    "format", "as", "dtype", "keep-dtype", "shared", "sparse", "max-shard-size", "extras", "keep-storages",
    "metadata", "no-provenance", "hash", "proof",
  ]

  /// The options of writing that say what the output is; where it goes and how it is reported are no part of a recipe.
  private func writingRecord(_ writing: Writing) -> WriteRecord {
    var record = WriteRecord()
    func add(_ name: String, _ value: String?) {
      if let value { record.members.append(.init(name, .string(value))) }
    }
    add("format", writing.format?.rawValue)
    add("as", writing.program?.rawValue)
    add("dtype", writing.dtype?.rawValue)
    if !writing.keptDTypes.isEmpty {
      record.members.append(.init("keep-dtype", .array(writing.keptDTypes.map { .string($0) })))
    }
    add("shared", writing.shared?.rawValue)
    add("sparse", writing.sparse?.rawValue)
    add("max-shard-size", writing.maximumShardSize.map { String($0) + "B" })
    add("extras", writing.extras?.rawValue)
    let metadata = writing.metadata.compactMap { key, value in value.map { (key: key, value: $0) } }
    if !metadata.isEmpty {
      record.members.append(.init("metadata", .object(metadata.map { ($0.key, .string($0.value)) })))
    }
    let flags = [
      ("keep-storages", writing.keepsStorages), ("no-provenance", writing.leavesOutProvenance),
      ("hash", writing.hashes), ("proof", writing.proves),
    ]
    for (name, isSet) in flags where isSet { record.members.append(.init(name, true)) }
    return record
  }
}
