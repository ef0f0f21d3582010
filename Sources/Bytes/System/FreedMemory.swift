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

/// Lets the process take its memory in pages of 2 MiB where the system has them; for programs of our own, as they start.
///
/// A hundred thousand tensors are some fifty megabytes of small values, and a fifth of the time in which they are made would be
/// the system's, which hands out and clears four kilobytes at a time.
public func useLargePages() { suture_use_large_pages() }
