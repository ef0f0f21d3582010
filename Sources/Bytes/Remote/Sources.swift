/// Opens what a path or an address names, for reading.
///
/// - Throws: what opening a ``FileSource`` or a ``RemoteSource`` throws.
public func openSource(_ name: String) throws -> any ByteSource {
  Address.isAddress(name) ? try RemoteSource(name) : try FileSource(name)
}
