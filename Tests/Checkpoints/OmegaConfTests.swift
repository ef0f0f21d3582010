import SuturePickle
import SutureTensors
import Testing

@testable import SutureCheckpoints

/// Configurations of the package omegaconf, as version 2 pickles them.
@Suite struct `A configuration of omegaconf` {
  /// A container or a node, in a parent that it refers back to by its memo.
  private func node(
    _ type: String, _ field: String, _ pickler: inout Pickler, _ content: @escaping (inout Pickler) -> Void
  ) {
    let parts = type.split(separator: " ").map(String.init)
    pickler.global("omegaconf.\(parts[0])", parts[1])
    pickler.emptyTuple()
    pickler.newObject()
    pickler.dict([
      (
        "_metadata",
        {
          $0.global("omegaconf.base", "Metadata")
          $0.emptyTuple()
          $0.newObject()
          $0.dict([("ref_type", { $0.global("typing", "Any") }), ("key", { $0.none() })])
          $0.build()
        }
      ),
      ("_parent", { $0.none() }), (field, content),
    ])
    pickler.build()
  }

  private func list(_ items: [(inout Pickler) -> Void], _ pickler: inout Pickler) {
    pickler.emptyList()
    pickler.mark()
    for item in items { item(&pickler) }
    pickler.appends()
  }

  private func file() throws -> TorchFile {
    try TorchFile { pickler in
      pickler.dict([
        ("state_dict", { $0.dict([("w", { $0.tensor() })]) }),
        (
          "hyper_parameters",
          {
            node("dictconfig DictConfig", "_content", &$0) { pickler in
              pickler.dict([
                ("lr", { node("nodes AnyNode", "_val", &$0) { $0.float(0.5) } }),
                (
                  "layers",
                  {
                    node("listconfig ListConfig", "_content", &$0) { pickler in
                      list(
                        [
                          { node("nodes IntegerNode", "_val", &$0) { $0.int(1) } },
                          {
                            node("base UnionNode", "_content", &$0) {
                              node("nodes AnyNode", "_val", &$0) { $0.int(2) }
                            }
                          },
                        ], &pickler)
                    }
                  }
                ),
                ("missing", { node("dictconfig DictConfig", "_content", &$0) { $0.string("???") } }),
                ("none", { node("dictconfig DictConfig", "_content", &$0) { $0.none() } }),
              ])
            }
          }
        ),
      ])
    }
  }

  @Test func `is shown as the values that it is about`() throws {
    let file = try file()
    let checkpoint = try Checkpoint.open(file.path)
    #expect(checkpoint.stateDict.names == ["w"])
    #expect(
      checkpoint.extras.map { "\($0.path) \($0.kind) \($0.value)" } == [
        "hyper_parameters.lr float 0.5", "hyper_parameters.layers.0 int 1", "hyper_parameters.layers.1 int 2",
        "hyper_parameters.missing str '???'", "hyper_parameters.none None None",
      ])
  }

  @Test func `is kept as plain data, and that is told`() throws {
    let file = try file()
    let object = try #require(try Checkpoint.open(file.path).plainObject(keepsStructure: true))
    guard case .dict(let root) = object.root, case .dict(let items) = root[1].value,
      case .float(0.5) = items[0].value, case .list(let layers) = items[1].value,
      case .int(1) = layers[0], case .int(2) = layers[1], case .string("???") = items[2].value,
      case .none = items[3].value
    else {
      Issue.record("not the values: \(object.root)")
      return
    }
    #expect(items.count == 4 && layers.count == 2)
    #expect(
      object.notes == [
        "hyper_parameters was omegaconf.dictconfig.DictConfig and becomes a dict",
        "hyper_parameters.layers was omegaconf.listconfig.ListConfig and becomes a list",
      ])
  }

  @Test func `that has no content is an object like any other`() throws {
    let file = try TorchFile { pickler in
      pickler.dict([
        ("w", { $0.tensor() }), ("x", { node("dictconfig DictConfig", "other", &$0) { $0.int(1) } }),
      ])
    }
    #expect(try Checkpoint.open(file.path).extras.contains { $0.path == "x.other" })
  }
}
