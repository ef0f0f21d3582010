internal import SutureBytes

/// Seconds on a clock that only goes forward.
var now: Double { CurrentProcess.seconds }
