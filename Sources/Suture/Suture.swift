// One import for all that a program needs that reads, cuts, converts or runs checkpoints.
@_exported public import SutureArchitectures
@_exported public import SutureCheckpoints
@_exported public import SutureModelRuntime
@_exported public import SuturePictures
@_exported public import SutureSurgery
@_exported public import SutureTensors
@_exported public import SutureWorkflows

// Of the rooms at the bottom only what the interface of those above speaks of: their other names would lie in the way of
// whoever has a `folder(of:)` of their own.
@_exported public import protocol SutureBytes.ByteSource
@_exported public import struct SutureBytes.Address
@_exported public import class SutureBytes.FileSource
@_exported public import struct SutureBytes.MemorySource
@_exported public import protocol SutureBytes.Payload
@_exported public import class SutureBytes.RemoteSource
@_exported public import struct SutureBytes.SystemError
@_exported public import enum SutureJSON.JSONValue
@_exported public import struct SutureNumbers.ElementCodec
@_exported public import enum SutureNumbers.FloatFormat
@_exported public import struct SuturePickle.PickleError
@_exported public import struct SuturePickle.PickleLimits
@_exported public import struct SutureText.Failure
@_exported public import enum SutureText.FailureKind
@_exported public import struct SutureText.FailurePlace
@_exported public import enum SutureText.FindingKind
@_exported public import enum SutureText.FindingLevel
@_exported public import enum SutureText.Remedy
@_exported public import protocol SutureText.SutureError
