internal import SutureText

/// A place in a document.
public struct YAMLPosition: Hashable, Sendable, CustomStringConvertible {
  /// What the document is called.
  public let name: String
  /// The line, from 1.
  public let line: Int
  /// The character of the line, from 1.
  public let column: Int

  init(name: String, line: Int, column: Int) { (self.name, self.line, self.column) = (name, line, column) }

  var place: FailurePlace { FailurePlace(file: name, line: line, column: column) }

  /// The place as compilers and editors spell it.
  public var description: String { "\(name):\(line):\(column)" }
}
