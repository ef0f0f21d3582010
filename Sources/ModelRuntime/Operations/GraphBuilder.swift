internal import SutureArchitectures
internal import SutureTensors

/// Makes a graph of the layers that modules ask for and of the tensors of a state dict.
///
/// Names and shapes are looked at; weights are read when a layer first runs.
struct GraphBuilder {
  let dict: StateDict
  private(set) var graph = Graph()

  init(_ dict: StateDict) { self.dict = dict }

  /// Adds a node and gives the number of its value.
  mutating func add(_ name: String, _ operation: some Operation, _ inputs: [Int]) -> Int {
    graph.add(name, operation, inputs)
  }
}

// Each operation's file has the function that adds it.
extension GraphBuilder: NetworkBuilding {}
