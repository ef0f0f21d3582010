internal import SuturePickle

/// The classes of a TorchScript archive, as far as its code says what a module's parameters and buffers are.
///
///     code/__torch__/torch/nn/modules/conv.py:
///       class Conv2d(Module):
///         __parameters__ = ["weight", "bias", ]
///         __buffers__ = []
///
/// The code is read for these two lines, and never run.
struct ScriptClasses {
  /// The functions by which TorchScript says which type a list has: they give back what they are given.
  static let typeTags: Set<String> = [
    "torch.jit._pickle.build_intlist", "torch.jit._pickle.build_doublelist",
    "torch.jit._pickle.build_boollist", "torch.jit._pickle.build_tensorlist",
    "torch.jit._pickle.restore_type_tag",
  ]

  struct Class {
    /// The names of its parameters and buffers.
    var members: Set<String> = []
  }

  private var classes: [String: Class] = [:]

  /// The class of that qualified name, such as `__torch__.torch.nn.modules.conv.Conv2d`.
  subscript(name: String) -> Class? { classes[name] }

  /// Adds the classes of one file.
  ///
  /// - Parameter path: where it lies under `code/`, such as `__torch__/torch/nn/modules/conv.py`.
  mutating func add(_ source: String, path: String) {
    guard path.hasSuffix(".py") else { return }
    let module = path.dropLast(3).split(separator: "/").joined(separator: ".")
    var current: String?
    for line in source.split(separator: "\n") {
      if line.hasPrefix("class ") {
        let name = line.dropFirst("class ".count).prefix { $0 != "(" && $0 != ":" }
        current = line.contains("(Module)") ? "\(module).\(name)" : nil
        if let current { classes[current] = Class() }
      } else if let current, let names = Self.list(line) {
        classes[current]?.members.formUnion(names)
      }
    }
  }

  /// The names in `__parameters__ = ["weight", "bias", ]`; `nil` for another line.
  private static func list(_ line: Substring) -> [String]? {
    let text = line.drop { $0 == " " }
    guard text.hasPrefix("__parameters__ = [") || text.hasPrefix("__buffers__ = [") else { return nil }
    // Names of attributes hold no quotes: every second piece stands between two.
    return text.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
      .filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
  }
}

extension PickleGraph {
  /// The value inside a call that only says which type it has, as TorchScript's do, or that takes its `state_dict` without
  /// calling it: what `torch.save(model.state_dict, …)` writes; the one object of an array that `numpy.save` made of it; and
  /// what a container or node of omegaconf holds.
  func withoutTypeTag(_ id: PickleID) -> PickleID {
    var inner = id
    // A list in a dict in a list is tagged at each level, never twice at one; omegaconf may have a node around a node.
    for _ in 0..<3 {
      guard let content = content(of: inner) else { return inner }
      inner = content
    }
    return inner
  }

  /// The one value that a call is about; `nil` of any other.
  private func content(of id: PickleID) -> PickleID? {
    // Most calls make tensors.
    guard let name = callable(of: id).flatMap({ globalName($0) }), !name.hasPrefix("torch._utils."),
      case .object(let object) = self[id]
    else { return nil }
    if let content = omegaConfContent(object, name) { return content }
    if let array = NumpyArray.objects(object, self), array.isScalar, array.items.count == 1 {
      return array.items[0]
    }
    let isTag =
      ScriptClasses.typeTags.contains(name)
      || name.hasSuffix(".getattr") && object.arguments.count == 2
        && string(object.arguments[1]) == "state_dict"
    return isTag ? object.arguments.first : nil
  }
}
