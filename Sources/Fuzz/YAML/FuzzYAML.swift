internal import SutureYAML

/// Any bytes as a document, and every question a schema has about what they hold.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  do {
    var open = [try YAML.parse(bytes, name: "fuzz.yaml")]
    var nodes = 0
    while let node = open.popLast() {
      nodes += 1
      ask(node)
      open += node.sequence ?? []
      for (key, value) in node.mapping?.pairs ?? [] {
        precondition(
          node.mapping?.value(for: key.scalar?.text ?? "") != nil, "a key is not found by its text")
        open += [key, value]
      }
    }
    precondition(nodes <= 100_000, "there are more nodes than the limit allows")
  } catch {
    precondition(error.position.line > 0 && error.position.column > 0, "an error is nowhere")
    precondition(!error.description.isEmpty, "an error says nothing")
  }
  return 0
}

private func ask(_ node: YAMLNode) {
  _ = try? node.requireString()
  _ = try? node.requireInt()
  _ = try? node.requireDouble()
  _ = try? node.requireBool()
  _ = try? node.requireMapping().refuseUnknownKeys(known: ["drop", "replicate"])
  precondition(!node.mismatch("a string", wantsText: true).description.isEmpty, "an error says nothing")
}
