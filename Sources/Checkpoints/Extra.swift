/// Something in a checkpoint that is not one of the state dict's tensors: an epoch, arguments, an optimizer's state.
public struct Extra: Sendable, Equatable {
  /// The dotted path from the file's root.
  public let path: String
  /// The kind in Python's words; the class name for an object.
  public let kind: String
  /// The value, shortened to something that fits a line.
  public let value: String
}
