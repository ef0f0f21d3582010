internal import CSutureSystem

/// Gives the system back what was freed.
///
/// Millions of small values leave the allocator with pages that nobody uses and that count all the same, as the peak of a job on
/// a cluster for one.
public func returnFreedMemory() { suture_return_freed_memory() }
