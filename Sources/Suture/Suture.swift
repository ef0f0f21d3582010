// One import for all that a program needs that reads, cuts, converts or runs checkpoints.
@_exported public import SutureArchitectures
@_exported public import SutureBytes
@_exported public import SutureCheckpoints
@_exported public import SutureJSON
@_exported public import SutureModelRuntime
@_exported public import SutureNumbers
@_exported public import SuturePickle
@_exported public import SuturePictures
@_exported public import SutureSurgery
@_exported public import SutureTensors
@_exported public import SutureText
@_exported public import SutureWorkflows
