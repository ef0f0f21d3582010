internal import SutureNumbers

extension DType {
  /// The dtype that a word of a command or a recipe means: torch's name, with `torch.` or without, or a short one.
  ///
  /// The short names are torch's `half` and `float`, and `fp16`, `bf16`, `fp32`, as people write them.
  public init?(word: String) {
    let bare = word.hasPrefix("torch.") ? String(word.dropFirst("torch.".count)) : word
    self.init(rawValue: Self.short[bare] ?? bare)
  }

  private static let short = [
    "half": "float16", "fp16": "float16", "bf16": "bfloat16", "float": "float32", "fp32": "float32",
  ]

  /// Whether weights can be cast to it.
  ///
  /// torch casts to float8_e8m0fnu too, but that has neither a sign nor a zero: it is for scales, not for weights.
  public var isCastTarget: Bool { floatFormat != nil && self != .float8_e8m0fnu }

  /// What weights can be cast to.
  public static let castTargets = allCases.filter(\.isCastTarget)
}
