/// A node of a document: what it holds, and where it stands.
public struct YAMLNode: Sendable {
  /// What a node holds.
  public enum Content: Sendable {
    case scalar(YAMLScalar)
    case sequence([YAMLNode])
    case mapping(YAMLMapping)
  }

  /// What the node holds.
  public let content: Content

  /// Where the node begins; with a tag, where that does.
  public let position: YAMLPosition

  /// The tag that the document gives the node.
  public let tag: YAMLTag?

  /// Whether a sequence or mapping is in brackets or braces.
  public let isFlow: Bool

  /// Whether nothing but a comment stands where the node should.
  ///
  /// Such a node is null; that its text was taken for a comment is worth telling.
  let isHiddenByComment: Bool

  init(
    _ content: Content, at position: YAMLPosition, tag: YAMLTag? = nil, isFlow: Bool = false,
    isHiddenByComment: Bool = false
  ) {
    (self.content, self.position, self.tag, self.isFlow) = (content, position, tag, isFlow)
    self.isHiddenByComment = isHiddenByComment
  }

  /// The scalar, if it is one.
  public var scalar: YAMLScalar? { if case .scalar(let scalar) = content { scalar } else { nil } }

  /// The elements of a sequence.
  public var sequence: [YAMLNode]? { if case .sequence(let nodes) = content { nodes } else { nil } }

  /// The mapping, if it is one.
  public var mapping: YAMLMapping? { if case .mapping(let mapping) = content { mapping } else { nil } }

  /// What a scalar means; `nil` for a sequence or a mapping.
  public var resolved: YAMLValue? { scalar?.resolved }

  /// Why a plain scalar is not read as people expect; see ``YAMLScalar/surprise``.
  public var surprise: String? { scalar?.surprise }
}
