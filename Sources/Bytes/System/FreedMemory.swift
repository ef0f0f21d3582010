internal import CSutureSystem

/// Gives the system back what was freed.
///
/// Millions of small values leave the allocator with pages that nobody uses and that count all the same, as the peak of a job on
/// a cluster for one.
public func returnFreedMemory() { suture_return_freed_memory() }

/// Keeps what is freed for what is asked for next, from now on.
///
/// Each pass of a network asks for the same tens of megabytes and frees them: a process that runs many would have the system
/// clear these pages over and over.
public func keepFreedMemory() { suture_keep_freed_memory() }
