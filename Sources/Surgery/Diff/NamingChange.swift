internal import SutureArchitectures
internal import SutureBytes
internal import SutureTensors
internal import SutureText

/// What the tensors of one ConvNeXt are called in another that has the names of another library.
struct NamingChange {
  let from: NamingScheme
  let to: NamingScheme
  let names: [ExactString: String]

  /// `nil` where the two are not both ConvNeXts, or have the names of one library.
  init?(_ first: StateDict, _ second: StateDict) {
    guard let scan = try? NamingScan(first), let other = try? NamingScan(second), scan.scheme != other.scheme
    else { return nil }
    var names: [ExactString: String] = [:]
    for network in scan.networks {
      for (index, key) in network.members {
        guard let name = try? network.name(key, in: other.scheme) else { continue }
        names[ExactString(first.entries[index].name)] = name
      }
    }
    (from, to, self.names) = (scan.scheme, other.scheme, names)
  }
}
