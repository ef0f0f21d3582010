internal import Bytes

/// Seconds on a clock that only goes forward.
var now: Double { Process.seconds }
