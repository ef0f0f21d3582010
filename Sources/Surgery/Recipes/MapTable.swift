internal import SutureYAML

extension MapNames {
  /// Reads a table from a document of its own: a mapping of patterns to templates, in YAML or JSON.
  ///
  /// - Throws: ``RecipeError`` with line and column.
  public init(_ bytes: [UInt8], name: String, reversed: Bool = false) throws(RecipeError) {
    do {
      let node = try Recipe.parse(bytes, name: name)
      self.init(try Self.rows(node), reversed: reversed)
    } catch { throw RecipeError(error) }
  }

  /// The rows of a table.
  static func rows(_ node: YAMLNode) throws(YAMLError) -> [(pattern: String, template: String)] {
    var table: [(pattern: String, template: String)] = []
    for (key, value) in try node.requireMapping().pairs {
      table.append((try key.requireString(), try value.requireString()))
    }
    if table.isEmpty { throw node.error("the table is empty") }
    return table
  }
}
