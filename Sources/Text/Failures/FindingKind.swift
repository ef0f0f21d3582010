/// The kinds of what a check finds in a file: one rule each of a report for programs that collect findings.
///
/// The raw value is the rule's identifier, which stays as it is: whoever has waived a finding has done it by that.
public enum FindingKind: String, Sendable, CaseIterable {
  case harmfulCall = "harmful-call"
  case harmfulName = "harmful-name"
  case unknownCall = "unknown-call"
  case unknownName = "unknown-name"
  case foreignOpcode = "foreign-opcode"
  case checksum = "checksum"
  case bounds = "bounds"
  case ambiguous = "ambiguous"
  case limit = "limit"
  case unreadable = "unreadable"
  case nan = "nan"
  case infinity = "infinity"
  case doesNotLoad = "does-not-load"
  case remark = "remark"

  /// What it is, in a few words.
  public var title: String {
    switch self {
    case .harmfulCall: "The pickle calls something harmful"
    case .harmfulName: "The pickle names something harmful"
    case .unknownCall: "Only an unknown function would make the tensors"
    case .unknownName: "The pickle names something that torch.load(weights_only=True) does not take"
    case .foreignOpcode: "The pickle has an opcode that torch.load(weights_only=True) does not take"
    case .checksum: "Bytes differ from their recorded checksum"
    case .bounds: "A tensor lies outside of its storage"
    case .ambiguous: "Two readers could understand the archive in two ways"
    case .limit: "The file asks for more than its size justifies"
    case .unreadable: "The file cannot be read"
    case .nan: "A tensor has NaN in it"
    case .infinity: "A tensor has infinities in it"
    case .doesNotLoad: "The model would not load it"
    case .remark: "Something that a careful reader should know"
    }
  }

  /// What it means, and what to do about it.
  public var explanation: String {
    switch self {
    case .harmfulCall:
      "Whoever loads the file with Python's pickle runs it. Do not load it; find out where it comes from."
    case .harmfulName:
      "The file does not call it by itself, but carries its name. Checkpoints have no use for it: find out why it is there."
    case .unknownCall:
      "What the function returns cannot be known without running it, and there are no other tensors. Save the file again as a state dict."
    case .unknownName:
      "Neither known to be harmless nor known to do harm. Converting drops it; torch takes it only where it is told to."
    case .foreignOpcode:
      "Python's pickle takes it, torch.load(weights_only=True) does not. Converting removes it."
    case .checksum:
      "The file was damaged after it was written. Fetch or copy it again; torch itself verifies nothing."
    case .bounds:
      "A size, a stride or an offset leads past the bytes that are there. The file is damaged or was made to mislead."
    case .ambiguous:
      "A name that comes twice, headers that disagree or records that overlap. No honest program writes such an archive."
    case .limit: "A bomb, or not a checkpoint. A limit can be raised where the file is trusted."
    case .unreadable: "The file is damaged, cut short or of a kind that is not read."
    case .nan:
      "A training that has diverged leaves NaN, and so do some damages. The message has the first place."
    case .infinity: "Masks are made of infinities; weights are not."
    case .doesNotLoad: "load_state_dict with strict=True would raise for keys, shapes or dtypes."
    case .remark: "Nothing is wrong with the file for that alone."
    }
  }

  /// How much it matters where nothing else is said.
  public var level: FindingLevel {
    switch self {
    case .harmfulCall, .unknownCall, .checksum, .bounds, .ambiguous, .limit, .unreadable, .nan, .doesNotLoad:
      .error
    case .harmfulName: .warning
    case .unknownName, .foreignOpcode, .infinity, .remark: .note
    }
  }

  /// Whether it is about code that the file would run elsewhere.
  public var isAboutSafety: Bool {
    switch self {
    case .harmfulCall, .harmfulName, .unknownCall, .unknownName, .foreignOpcode, .ambiguous, .limit: true
    default: false
    }
  }
}

/// How much a finding matters.
public enum FindingLevel: String, Sendable {
  /// The check fails for it.
  case error
  case warning, note
}
