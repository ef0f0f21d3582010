internal import CSutureKernels

/// What an operation can do with maps that are some channels of others, whose pixels lie ``MapShape/pitch`` apart.
enum PartHandling: Equatable {
  /// Its inputs and its output lie by themselves.
  case none
  /// It reads and writes them.
  case reaches
  /// It does so, and its output is these channels of its input.
  case takes(Range<Int>)
  /// It does so, and its output is its inputs' channels one after the other.
  case joins
}

/// What a node of a graph computes: one file each in `Operations`, with the plain loops beside the compiled form.
protocol Operation: Sendable {
  /// The tensors that it reads.
  var parameters: [Parameter] { get }

  /// The output's shape.
  ///
  /// - Throws: ``ModelError`` where the inputs do not fit.
  func output(for inputs: [MapShape]) throws -> MapShape

  /// Multiply-accumulates of convolutions and linear layers; norms and activations are not counted.
  func multiplyAccumulates(for output: MapShape) -> Int

  /// How many bytes the compiled form needs beside its inputs, output and weights, where that may be beyond measure.
  func workByteCount(for inputs: [MapShape]) -> Int

  /// What the compiled form can do with maps that are some channels of others.
  func parts(_ context: CompilerContext) -> PartHandling

  /// Plain loops that sum in double precision, and round to float32 when they are done.
  ///
  /// - Parameter shape: of the output.
  func compute(_ x: [FeatureMap], _ shape: MapShape) throws -> FeatureMap

  /// What oneDNN runs, or what moves bytes.
  func compile(_ context: CompilerContext, _ inputs: [MapShape], _ output: MapShape) throws -> CompiledLayer

  /// The same on a kernel of ours, made of the instructions `isa`; `nil` where there is none for it.
  func compileKernel(_ context: CompilerContext, _ isa: suture_isa, _ inputs: [MapShape], _ output: MapShape)
    throws
    -> CompiledLayer?
}

extension Operation {
  var parameters: [Parameter] { [] }
  func multiplyAccumulates(for output: MapShape) -> Int { 0 }
  func workByteCount(for inputs: [MapShape]) -> Int { 0 }
  func parts(_ context: CompilerContext) -> PartHandling { .none }
  func compileKernel(
    _ context: CompilerContext, _ isa: suture_isa, _ inputs: [MapShape], _ output: MapShape
  ) throws -> CompiledLayer? { nil }
}
