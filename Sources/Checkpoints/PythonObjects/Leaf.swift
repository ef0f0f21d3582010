internal import SutureTensors

/// Something at the end of a path through the pickled object: a tensor, or a value that is none.
struct Leaf {
  /// Dict keys, list indices, names of attributes, parameters and submodules from the root.
  let components: [String]
  let tensor: Tensor?
  let kind: String
  let value: String
  /// Where along the path it enters something that is no state dict: the lengths of the paths to objects of unknown
  /// classes and to attributes of modules.
  let opaqueDepths: [Int]

  var path: String { components.joined(separator: ".") }

  /// Whether it belongs to the state dict for someone who enters the place `depth` components deep.
  func isPlain(from depth: Int) -> Bool { opaqueDepths.allSatisfy { $0 <= depth } }
}
