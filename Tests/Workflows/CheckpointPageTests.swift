import SutureBytes
import SutureCheckpoints
import SutureJSON
import SutureTensors
import TestSupport
import Testing

@testable import SutureWorkflows

@Suite struct `The page of a checkpoint` {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func checkpoint(_ tensors: [(String, Tensor)]) throws -> Checkpoint {
    let path = folder.path + "/made.pth"
    let stateDict = try StateDict(tensors.map { StateDict.Entry(name: $0.0, tensor: $0.1) })
    try CheckpointWriter.write(stateDict, to: path, WriteOptions(.pytorchZip))
    return try Checkpoint.open(path)
  }

  private func data(_ page: CheckpointPage) throws -> JSONValue { try JSONParser.parse(page.data) }

  @Test func `has every name, whatever it begins with`() throws {
    let names = ["a.b.weight", "a.b.wait", "a.c", "ä.b", "äö", "😀.a", "😀.b", "😁.b", ""]
    let page = try CheckpointPage(
      of: checkpoint(names.map { ($0, try Tensor(floats: [1], shape: [1])) }))
    var previous: [UInt16] = []
    var read: [String] = []
    for row in try #require(try data(page)["tensors"]?.arrayValue) {
      let cells = try #require(row.arrayValue)
      let (common, rest) = (try #require(cells[0].integerValue), try #require(cells[1].stringValue))
      // As the script counts: in units of UTF-16.
      previous = previous[..<common] + Array(rest.utf16)
      read.append(String(decoding: previous, as: UTF16.self))
    }
    #expect(read == names)
  }

  @Test func `holds no markup that a file has brought`() throws {
    let hostile = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\u{202E}\u{1B}[31m&"
    let page = try CheckpointPage(of: checkpoint([(hostile, try Tensor(floats: [1, 2], shape: [2]))]))
    #expect(!page.data.contains(UInt8(ascii: "<")))
    let text = String(decoding: page.html, as: UTF8.self)
    #expect(!text.contains("<script>alert") && !text.contains("\u{202E}") && !text.contains("\u{1B}"))
    #expect(text.contains("\\u003c/script>"))
  }

  @Test func `has the numbers of a tensor, and a letter for each bin`() throws {
    let page = try CheckpointPage(
      of: checkpoint([("a", try Tensor(floats: [0, 1, 2, 2, .nan], shape: [5]))]))
    let row = try #require(try data(page)["tensors"]?.arrayValue?.first?.arrayValue)
    #expect(row[5].arrayValue?.map { $0.doubleValue ?? .nan } == [0, 2, 1.25, 0.8292, 1, 1])
    let letters = try #require(row[6].arrayValue?[2].stringValue)
    // One in four is half as high as two.
    #expect(letters.first == "g" && letters.last == "_" && letters.filter { $0 != "A" }.count == 3)
  }

  @Test func `draws histograms of the largest alone where there are many`() throws {
    var page = try CheckpointPage(
      of: checkpoint(
        (1...9).map { ("t\($0)", try Tensor(floats: .init(repeating: 1, count: $0), shape: [$0])) }))
    page.histogramLimit = 4
    let rows = try #require(try data(page)["tensors"]?.arrayValue)
    #expect(
      rows.map { ($0.arrayValue?.count ?? 0) > 6 } == [Bool](repeating: false, count: 5)
        + [Bool](repeating: true, count: 4))
    #expect(try data(page)["omitted"]?.stringValue?.contains("9 tensors") == true)
  }

  @Test func `tells which tensors of a damaged file cannot be read`() throws {
    let damaged = try Checkpoint.open(projectFolder + "/Fixtures/Corpus/022_zip_bitflip_storage.pth")
    let page = try CheckpointPage(of: damaged)
    #expect(!page.problems.isEmpty && page.problems.count < damaged.stateDict.count)
    let told = try #require(try data(page)["problems"]?.arrayValue?.first?.stringValue)
    #expect(told.hasPrefix(page.problems[0].name))
  }

  @Test func `says what another file has otherwise, the most changed first`() throws {
    let one = try checkpoint([
      ("a", try Tensor(floats: [1, 2], shape: [2])), ("b", try Tensor(floats: [1, 2], shape: [2])),
      ("only", try Tensor(floats: [7], shape: [1])),
    ])
    let path = folder.path + "/other.safetensors"
    let other = try StateDict([
      .init(name: "a", tensor: try Tensor(floats: [1, 2.5], shape: [2])),
      .init(name: "b", tensor: try Tensor(floats: [4, 2], shape: [2])),
    ])
    try CheckpointWriter.write(other, to: path, WriteOptions(.safetensors))
    let diff = try data(try CheckpointPage(of: one, against: Checkpoint.open(path)))["diff"]
    #expect(diff?["values"]?.arrayValue?.map { $0.arrayValue?.first?.stringValue } == ["b", "a"])
    #expect(diff?["removed"]?.arrayValue?.compactMap(\.stringValue) == ["only"])
    #expect(diff?["same"]?.boolValue == false)
  }

  @Test func `says why it has no feature maps`() throws {
    let page = try CheckpointPage(of: checkpoint([("a", try Tensor(floats: [1], shape: [1]))]))
    #expect(page.features == nil && page.withoutFeatures?.isEmpty == false)
  }

  @Test func `says why the other's feature maps do not stand beside its own`() throws {
    let atto = try Checkpoint.open(
      projectFolder + "/Fixtures/convnext-atto-cifar10/convnext_atto_cifar10_ema.pth")
    let other = try checkpoint([("a", try Tensor(floats: [1], shape: [1]))])
    let page = try CheckpointPage(of: atto, against: other)
    #expect(page.features != nil && page.withoutFeatures == nil)
    let reason = try #require(page.withoutOther)
    let features = try data(page)["features"]
    #expect(features?["note"]?.stringValue?.contains(reason) == true)
    #expect(features?["note"]?.stringValue?.contains("made.pth") == true)
    #expect(page.json(path: "x", byteCount: 1).value["without_original"]?.stringValue == reason)
    let same = try CheckpointPage(of: atto, against: atto)
    #expect(same.features != nil && same.withoutOther == nil)
  }

  @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")])
  func `spells bytes as RFC 4648 does`(text: String, spelled: String) {
    #expect(Base64.text(Array(text.utf8)) == spelled)
  }
}
