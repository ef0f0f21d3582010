internal import SutureYAML

/// A recipe that cannot be read: where, what is wrong, and what to write instead.
public struct RecipeError: Error, CustomStringConvertible {
  /// All of it on one line, as compilers say it.
  public let description: String

  init(_ description: String) { self.description = description }

  init(_ error: any Error) { description = (error as? RecipeError)?.description ?? "\(error)" }
}
