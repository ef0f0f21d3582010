internal import CSutureKernels
internal import SutureArchitectures
internal import SutureBytes

/// The vector instructions that kernels of ours are made of.
package enum InstructionSet: String, CaseIterable, Sendable {
  case avx512
  case avx2
  case neon
  /// Those that every processor has.
  case plain

  var ofKernels: suture_isa {
    switch self {
    case .avx512: SUTURE_ISA_AVX512
    case .avx2: SUTURE_ISA_AVX2
    case .neon: SUTURE_ISA_NEON
    case .plain: SUTURE_ISA_PLAIN
    }
  }

  /// How many floats a vector has.
  var lanes: Int {
    switch self {
    case .avx512: 16
    case .avx2: 8
    case .neon, .plain: 4
    }
  }

  /// Whether this processor has them, and with bfloat16 its products too.
  func isAvailable(for precision: Precision = .float32) -> Bool {
    suture_kernels_available(ofKernels, precision.ofKernels)
  }

  /// Those of this processor, the widest first.
  static var available: [Self] { allCases.filter { $0.isAvailable() } }

  /// The environment variable that chooses others than the best.
  static let variable = "SUTURE_ISA"

  /// Those that ``variable`` names, or the widest of this processor; `nil` where kernels of ours would only be plain ones, to
  /// which oneDNN is preferred.
  ///
  /// - Throws: ``ModelError/notSupported(_:)`` where the variable names others.
  static func chosen() throws -> Self? {
    guard let name = CurrentProcess.environment(variable), !name.isEmpty else {
      return available.first { $0 != .plain }
    }
    guard let asked = Self(rawValue: name), asked.isAvailable() else {
      throw ModelError.notSupported(
        "\(variable) is \"\(name)\"; this processor has \(available.map(\.rawValue).joined(separator: ", "))")
    }
    return asked
  }
}

extension Precision {
  /// What this processor computes in where this is asked for: float32 where it has no products of bfloat16.
  package func native() throws -> Precision {
    guard self == .bfloat16 else { return self }
    return try InstructionSet.chosen()?.isAvailable(for: self) == true ? self : .float32
  }
}
