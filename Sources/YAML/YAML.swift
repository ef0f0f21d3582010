/// A strict reader of YAML documents that people write by hand.
///
/// It reads what one file of settings needs and refuses what two readers could understand in two ways:
/// duplicate keys, anchors, aliases, merge keys, tags beyond YAML's own, a second document. Plain scalars mean
/// what PyYAML's SafeLoader, which is YAML 1.1, makes of them.
public enum YAML {
  /// The only document that `bytes` hold.
  ///
  /// - Parameter name: what errors call the document, such as the file's path.
  /// - Complexity: O(*n*) in the number of bytes.
  public static func parse(_ bytes: [UInt8], name: String, limits: YAMLLimits = YAMLLimits())
    throws(YAMLError)
    -> YAMLNode
  {
    let source = SourceText(bytes, name: name)
    try source.check(limits)
    var composer = try Composer(source, limits: limits)
    return try composer.document()
  }

  /// The only document that `text` holds.
  public static func parse(_ text: String, name: String, limits: YAMLLimits = YAMLLimits()) throws(YAMLError)
    -> YAMLNode
  {
    try parse(Array(text.utf8), name: name, limits: limits)
  }
}
