internal import CSutureKernels
internal import CSuturePeak
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
  /// Why this processor does not compute in what is asked for.
  package enum Refusal: Sendable {
    case missing
    case slow

    package var reason: String {
      switch self {
      case .missing: "the vectors that are used here have no products of bfloat16"
      case .slow: "this processor's products of bfloat16 are no faster than those of float32"
      }
    }
  }

  /// What this processor computes in where this is asked for, and why if that is something else: float32 where it has no
  /// products of bfloat16, or none that are faster.
  package func native() throws -> (precision: Precision, refusal: Refusal?) {
    guard self == .bfloat16 else { return (self, nil) }
    guard try InstructionSet.chosen()?.isAvailable(for: self) == true else { return (.float32, .missing) }
    return Self.isFasterInBFloat16 ? (self, nil) : (.float32, .slow)
  }

  /// Whether this processor's products of bfloat16 are faster than those of float32: on some they take twice as long.
  ///
  /// Measured once, in a millisecond: the best of five tries each, in turn, of one thread. It is half as fast or twice, so that
  /// what else runs does not decide it.
  private static let isFasterInBFloat16: Bool = {
    let rounds = Int64(20_000)
    let lanes = CInt(InstructionSet.avx512.lanes)
    var best = (float32: 0.0, bfloat16: 0.0)
    for _ in 0..<5 {
      let start = now
      let float32 = suture_peak_float32(rounds, lanes)
      let middle = now
      let bfloat16 = suture_peak_bfloat16(rounds)
      best.float32 = max(best.float32, float32 / (middle - start))
      best.bfloat16 = max(best.bfloat16, bfloat16 / (now - middle))
    }
    return best.bfloat16 > 1.25 * best.float32
  }()
}
