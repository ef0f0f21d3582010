import SutureText
import Testing

@Suite struct `A failure` {
  @Test func `says where it is from the file down to the byte`() {
    #expect(
      "\(FailurePlace(file: "m.pth", record: "data.pkl", byteOffset: 17))" == "m.pth: data.pkl: byte 17")
    #expect("\(FailurePlace(file: "recipe.yaml", line: 3, column: 5))" == "recipe.yaml:3:5")
    #expect("\(FailurePlace(file: "m.safetensors", path: ""))" == "m.safetensors: \"\"")
    #expect("\(FailurePlace())".isEmpty)
  }

  @Test func `shows nothing that a terminal would act on in its place`() {
    #expect("\(FailurePlace(file: "a\u{1B}[2J", path: "\u{202E}b"))" == "a\\u{1B}[2J: \\u{202E}b")
  }

  @Test func `has a line for each remedy, in the words of the library`() {
    let failure = Failure(
      in: "m.pth", "it is cut short",
      remedies: ["fetch it again", .setting("limit", value: "depth=N", "allows more")])
    #expect(
      failure.description == "m.pth: it is cut short\n  fetch it again\n  limit: depth=N allows more")
    #expect(failure.kind == .unreadable)
  }
}

@Suite struct `Text from a file` {
  @Test func `is shown on one line, and no longer than it may be`() {
    #expect("a\nb".visible == "a\\nb")
    #expect("abcdef".visible(atMost: 3) == "abc…")
    #expect("a\u{7}".quoted() == "\"a\\u{07}\"")
  }
}
