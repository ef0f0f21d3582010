internal import SutureJSON
public import SutureSurgery
internal import SutureTensors
internal import SutureText

/// An option of writing, told once: the command's options and help, recipes and provenance are made from it.
package struct WriteOption {
  /// As recipes and the command call it.
  package let name: String
  package var short: Character?
  /// What stands for the value in help; empty for what is said or not.
  package var placeholder = ""
  package let help: String
  package var takesValue: Bool { !placeholder.isEmpty }
  package var isRepeated = false
  /// Whether the value is a pattern.
  package var isPattern = false
  /// Where it is written down.
  let uses: Uses
  /// Takes a word, which is empty where there is no value.
  ///
  /// - Throws: a `Failure` whose reason goes on after the name.
  package let read: (inout WriteRequest, String) throws -> Void
  /// The value; `nil` where the request does not say it.
  let value: (WriteRequest) -> JSONValue?

  struct Uses: OptionSet {
    let rawValue: Int
    /// It says what the output is, and so stands in recipes.
    static let recipe = Uses(rawValue: 1)
    /// It changes what the tensors are, or what stands beside them, and so is remembered in the output.
    static let provenance = Uses(rawValue: 2)
  }
}

// MARK: Kinds

extension WriteOption {
  /// Said or not.
  ///
  /// - Parameter value: what saying it makes of the property.
  static func flag(
    _ name: String, short: Character? = nil, _ help: String, _ path: WritableKeyPath<WriteRequest, Bool>,
    sets value: Bool = true, _ uses: Uses = []
  ) -> Self {
    WriteOption(name: name, short: short, help: help, uses: uses) { request, _ in
      request[keyPath: path] = value
    } value: {
      $0[keyPath: path] == value ? true : nil
    }
  }

  /// One of a few words.
  static func choice<Choice: RawRepresentable & CaseIterable>(
    _ name: String, _ help: String, _ path: WritableKeyPath<WriteRequest, Choice?>, _ uses: Uses = []
  ) -> Self where Choice.RawValue == String {
    let words = Choice.allCases.map(\.rawValue)
    return value(
      name, words.joined(separator: "|"), help, path, uses,
      read: { word in
        if let choice = Choice(rawValue: word) { return choice }
        throw Failure(
          .usage, "is \(words.joined(separator: ", ")), not \"\(word)\"",
          remedies: Spelling.nearest(to: word, among: words).map { ["did you mean \($0)?"] } ?? [])
      }, word: \.rawValue)
  }

  /// One value, which has a word.
  static func value<Value>(
    _ name: String, _ placeholder: String, _ help: String, _ path: WritableKeyPath<WriteRequest, Value?>,
    _ uses: Uses = [], read: @escaping (String) throws -> Value, word: @escaping (Value) -> String
  ) -> Self {
    WriteOption(name: name, placeholder: placeholder, help: help, uses: uses) {
      $0[keyPath: path] = try read($1)
    } value: {
      $0[keyPath: path].map { .string(word($0)) }
    }
  }
}

// MARK: Words

extension WriteOption {
  static func dtype(_ word: String) throws -> DType {
    if let dtype = DType(word: word), dtype.isCastTarget { return dtype }
    throw Failure(
      .usage, "\(word) is not a floating dtype that weights can have",
      remedies: [.advice("there are: \(DType.castTargets.map(\.rawValue).joined(separator: ", "))")])
  }

  /// As Hugging Face reads sizes: GB is 10⁹ bytes, GiB 2³⁰.
  package static func size(_ word: String) throws -> Int {
    let digits = word.prefix { $0.isNumber }
    let unit = word.dropFirst(digits.count).drop { $0 == " " }.lowercased()
    let factors = [
      "": 1, "b": 1, "kb": 1000, "mb": 1_000_000, "gb": 1_000_000_000, "tb": 1_000_000_000_000,
      "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
    ]
    guard let number = Int(digits), number > 0, let factor = factors[unit],
      case let (bytes, overflow) = number.multipliedReportingOverflow(by: factor), !overflow
    else { throw Failure(.usage, "takes a size such as 5GB or 500MiB, not \"\(word)\"") }
    return bytes
  }
}

// MARK: Records

extension WriteRequest {
  /// What a recipe says of the writing: where the output goes and how it is made is no part of it.
  public var record: WriteRecord { WriteRecord(written(.recipe).map { WriteRecord.Member($0, $1) }) }

  /// All that is said but the output, as ``read(saved:)`` takes it.
  var saved: JSONValue {
    .object(
      Self.options.filter { $0.name != "output" }.compactMap { option in
        option.value(self).map { (option.name, $0) }
      })
  }

  /// Takes what ``saved`` of another gave.
  mutating func read(saved: JSONValue) throws {
    for (name, value) in saved.members ?? [] {
      guard let option = Self.options.first(where: { $0.name == name }) else {
        throw Failure(.usage, "there is no option \(name.quoted()) of writing")
      }
      for word in Self.words(value) { try option.read(&self, word) }
    }
  }

  func written(_ use: WriteOption.Uses) -> [(key: String, value: JSONValue)] {
    Self.options.filter { $0.uses.contains(use) }.compactMap { option in
      guard let value = option.value(self) else { return nil }
      // Of metadata a provenance has the keys alone: a value that is taken out later is really gone.
      guard use == .provenance, let pairs = value.members else { return (option.name, value) }
      return (option.name, .object(pairs.map { ($0.key, $0.value == .null ? .null : true) }))
    }
  }

  /// Takes from a recipe what this does not say yet.
  ///
  /// - Throws: `Failure` where there is no such option, or no such value.
  public mutating func fill(from record: WriteRecord) throws {
    let options = Self.options.filter { $0.uses.contains(.recipe) }
    try record.refuseUnknown(known: options.map(\.name))
    let said = options.filter { $0.value(self) != nil }.map(\.name)
    for member in record.members where !said.contains(member.key) {
      guard let option = options.first(where: { $0.name == member.key }) else { continue }
      do {
        if !option.takesValue, member.value.boolValue == nil {
          throw Failure(.usage, "takes true or false")
        }
        for word in Self.words(member.value) { try option.read(&self, word) }
      } catch {
        let error = error as? any SutureError
        throw Failure(
          .usage, at: member.place, "the recipe's output: \(option.name) \(error?.reason ?? "")",
          remedies: error?.remedies ?? [])
      }
    }
  }

  private static func words(_ value: JSONValue) -> [String] {
    switch value {
    case .bool(let isSaid): isSaid ? [""] : []
    case .object(let pairs): pairs.map { key, value in value.stringValue.map { "\(key)=\($0)" } ?? key }
    case .array(let values): values.flatMap(words)
    default: [value.stringValue ?? JSONWriter.text(value)]
    }
  }
}
