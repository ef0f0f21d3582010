import SutureText
import Testing

@testable import SutureBytes

@Suite struct `An address` {
  @Test(arguments: [
    ("https://host/a.pth", true), ("http://host", true), ("hf://o/r/f", true), ("s3://b/k", true),
    ("file:///etc/passwd", true), ("file:/etc/passwd", true), ("a.pth", false), ("dir/a:b.pth", false),
    ("C:\\weights", false), ("a b://c", false), ("", false), ("://x", false),
  ])
  func `is told from a path`(text: String, isAddress: Bool) {
    #expect(Address.isAddress(text) == isAddress)
  }

  @Test(arguments: [
    "https://user:geheim@host/a.pth", "https://host/a.pth?X-Signature=geheim", "https://host/a.pth#geheim",
    "https://geheim@host:8443/a.pth?geheim", "hf://owner/repo/a.pth?geheim",
  ])
  func `is shown without what may be a secret`(text: String) throws {
    let address = try Address(text)
    #expect(!address.name.contains("geheim"))
    #expect(address.name.contains("a.pth"))
  }

  @Test(arguments: [
    ("file:///a/b.pth", "name the file itself: /a/b.pth"), ("s3://b/k", "https://, http:// and hf:// are"),
    ("https:///a.pth", ""), ("http://host/a b", "write %20 for a space"),
    ("http://host/a\r\nX: y", "write %20 for a space"),
    ("hf://owner/repo", "hf://OWNER/REPO/FILE, or hf://OWNER/REPO@REVISION/FILE"),
    ("hf://owner//file", "hf://OWNER/REPO/FILE, or hf://OWNER/REPO@REVISION/FILE"),
    ("hf://owner/repo/../file", "hf://OWNER/REPO/FILE, or hf://OWNER/REPO@REVISION/FILE"),
  ])
  func `that cannot be asked for is refused`(text: String, remedy: String) {
    let failure = #expect(throws: Failure.self) { try Address(text) }
    #expect(failure?.kind == .usage)
    #expect(failure?.remedies.first?.description ?? "" == remedy)
  }

  @Test func `goes by its name where it holds a secret, and is asked for all the same`() throws {
    for text in [
      "https://user:geheim@host/a.pth", "https://host/b.pth?sig=geheim", "https://host/b.pth?sig=geheim2",
    ] {
      let word = Address.concealed(text)
      #expect(!word.contains("geheim"))
      #expect(Address.concealed(text) == word && Address.concealed(word) == word)
      let address = try Address(word)
      #expect(address.url == text && !address.name.contains("geheim") && !address.text.contains("geheim"))
      let beside = try address.beside("c.pth")
      #expect(!beside.text.contains("geheim"))
      #expect(beside.url == (text.contains("@") ? "https://user:geheim@host/c.pth" : "https://host/c.pth"))
    }
    for word in ["a.pth", "https://host/a.pth", "--drop", "file:/x", "a@b", ""] {
      #expect(Address.concealed(word) == word)
    }
  }

  @Test func `does not show a password where it is refused`() {
    let failure = #expect(throws: Failure.self) { try Address("ftp://user:geheim@host/x") }
    #expect(failure.map { !$0.description.contains("geheim") } == true)
  }

  @Test(arguments: [
    ("hf://o/r/w.pth", "/o/r/resolve/main/w.pth"), ("hf://o/r@v1/a/w.pth", "/o/r/resolve/v1/a/w.pth"),
    ("hf://o/r@refs%2Fpr%2F1/ä.pth", "/o/r/resolve/refs%2Fpr%2F1/%C3%A4.pth"),
  ])
  func `of the Hub is one of a file in a repository`(text: String, path: String) throws {
    let address = try Address(text)
    #expect(address.url == Address.hubEndpoint + path)
    #expect(address.isAtHub)
    #expect(address.name == text.visible)
  }

  @Test func `knows the Hub by host and scheme, and nobody else`() {
    let endpoint = Address.hubEndpoint
    #expect(Address.isHub(endpoint + "/x"))
    for other in [
      "http://huggingface.co.example.org/x", "https://huggingface.co@example.org/x",
      "https://cdn.huggingface.co/x",
      "http://huggingface.co/x", "https://huggingface.co:444/x", "https://example.org/huggingface.co",
      "https://example.org\\@huggingface.co/x",
    ] { #expect(!Address.isHub(other), "\(other)") }
  }

  @Test(arguments: [
    ("https://h/a/b%20c.pth?x=1", "b c.pth"), ("https://h/", ""), ("https://h", ""),
    ("https://h/a/%2e%2e", ".."),
    ("hf://o/r/sub/w.pth", "w.pth"),
  ])
  func `ends in the name of the file`(text: String, name: String) throws {
    #expect(try Address(text).fileName == name)
  }

  @Test func `has its shards beside it`() throws {
    #expect(
      try Address("https://h/a/model.safetensors.index.json?token=1").beside("sub/x-1 %.safetensors").url
        == "https://h/a/sub/x-1%20%25.safetensors")
    #expect(try Address("hf://o/r@v/a/i.json").beside("b.pth").text == "hf://o/r@v/a/b.pth")
  }
}

@Suite struct `The range of an answer` {
  @Test(arguments: [
    ("bytes 0-511/1024", 0, 512, 1024), ("Bytes 5-5/6", 5, 6, 6),
  ])
  func `is read`(text: String, start: Int, end: Int, total: Int) {
    let found = Download.contentRange(text)
    #expect(found?.range == start..<end)
    #expect(found?.total == total)
  }

  @Test(arguments: [
    "", "bytes", "bytes 0-511", "bytes 5-4/10", "bytes 0-10/10", "items 0-1/2", "bytes -1-5/10",
    "bytes 0-9/x",
    "bytes 0-99999999999999999999/999999999999999999999", "bytes 1-2-3/9",
  ])
  func `that cannot be is none`(text: String) {
    #expect(Download.contentRange(text) == nil)
  }
}
