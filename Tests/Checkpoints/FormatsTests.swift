import SutureBytes
import SutureTensors
import TestSupport
import Testing

@testable import SutureCheckpoints

@Suite struct `The formats of checkpoints` {
  private static let folder = projectFolder + "/Sources/Checkpoints/Formats"

  /// The texts of a format's files, without what stands in comments: a comment may name what it likes.
  private func texts(of format: String) throws -> [String] {
    try fileNames(in: "\(Self.folder)/\(format)").map { name in
      try text(of: "\(Self.folder)/\(format)/\(name)").split(separator: "\n")
        .filter { !$0.drop { $0 == " " }.hasPrefix("//") }.joined(separator: "\n")
    }
  }

  private func formats() throws -> [String] {
    try fileNames(in: Self.folder).filter { isFolder("\(Self.folder)/\($0)") }
  }

  @Test func `do not know one another`() throws {
    let formats = try formats()
    #expect(formats.count >= 7)
    for format in formats {
      let types = try texts(of: format).flatMap { text in
        text.matches(
          of: #/^(?:public |package |final |private )*(?:struct|enum|class|protocol) (\w+)/#
            .anchorsMatchLineEndings()
        )
        .map { String($0.1) }
      }
      #expect(!types.isEmpty, "\(format)")
      for other in formats where other != format {
        for text in try texts(of: other) {
          let words = Set(text.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init))
          #expect(words.isDisjoint(with: types), "\(other) names a type of \(format)")
        }
      }
    }
  }

  @Test func `have a folder for each line of the list`() throws {
    var declared: [String] = []
    for format in try formats() {
      for text in try texts(of: format) {
        declared += text.matches(of: #/(\w+): CheckpointFormat/#).map { String($0.1) }
      }
    }
    #expect(Checkpoint.formats.map { "\($0)" }.sorted() == declared.sorted())
  }

  @Test func `end their files' names each in its own way`() {
    #expect(Set(Checkpoint.suffixes).count == Checkpoint.suffixes.count)
    #expect(Checkpoint.suffixes.allSatisfy { $0.hasPrefix(".") })
    // PyTorch's tutorials call a checkpoint .tar, and many people .pth.tar.
    #expect(Checkpoint.suffixes.contains(".tar"))
  }

  @Test func `read no file of this machine for bytes in memory`() throws {
    let index = #"{"weight_map": {"a": "a.safetensors"}}"#
    #expect(throws: (any Error).self) {
      try Checkpoint.open(MemorySource(Array(index.utf8), name: "model.safetensors.index.json"))
    }
  }
}
