import SutureBytes

/// Bytes in memory under a name.
func Fixed(_ bytes: [UInt8]) -> MemorySource { MemorySource(bytes, name: "fixed") }
