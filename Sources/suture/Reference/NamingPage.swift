internal import SutureArchitectures

/// The page of the names that libraries give to a ConvNeXt.
extension ReferencePage {
  static var naming: ReferencePage {
    ReferencePage(name: "NamingSchemes") {
      let all = NamingScheme.allCases
      return head("The naming schemes", "What each library calls the tensors of a ConvNeXt.") + """
        `suture edit IN -o OUT --naming SCHEME`, `convert --naming` and the step `naming` of <doc:Steps> give a ConvNeXt the names and
        the shapes that another library has for it. Whose names a file has now is told by names and shapes; what is nobody's, or
        could be several's, is refused, and so is what has no place in the other scheme. Prefixes and classifiers go along, and the way
        back leads to the same file. In Swift it is ``NamingScheme``.

        In the tables `s` counts the stages from 0, `b` the blocks of a stage.


        """
        + Markdown.table(
          ["Scheme", "Whose", "Can be given"],
          all.map { [Markdown.code($0.rawValue), $0.library, $0.isSparse ? "read alone" : "yes"] })
        + all.map(section).joined()
    }
  }

  private static func section(_ scheme: NamingScheme) -> String {
    let bodies = scheme.bodies.map(Markdown.code).joined(separator: " or ")
    let rows = scheme.table.map { row in
      [row.part, row.names.map(Markdown.code).joined(separator: ", ")]
    }
    return """

      ### \(scheme.rawValue)

      \(scheme.shapes.joined(separator: ", ").capitalizedFirst).\
      \(bodies.isEmpty ? "" : " In a whole model \(bodies) stands before the backbone's names.")

      \(Markdown.table(["Part", "Tensors"], rows))
      """
  }
}

extension String {
  fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
