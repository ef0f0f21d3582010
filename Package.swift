// swift-tools-version: 6.2
import PackageDescription

/// Settings that every Swift target shares.
let swift: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableExperimentalFeature("Lifetimes"),
  // Without it a reader used from another module runs many times slower: see the performance notes in the README.
  .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
]

/// A library target of ours.
///
/// The dependencies are the arrows of the diagram in the README; they point down only.
func room(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: swift)
}

/// A module map over one of Debian's libraries.
func debian(_ name: String, _ package: String, pkgConfig: String? = nil) -> Target {
  .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([package])])
}

/// The tests of one room.
func tests(of room: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: room + "Tests", dependencies: dependencies + ["TestSupport"], swiftSettings: swift)
}

/// A function that libFuzzer feeds; without `--sanitize=fuzzer` it links to a program that does nothing.
func fuzz(_ what: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(name: "Fuzz" + what, dependencies: dependencies, swiftSettings: swift)
}

let package = Package(
  name: "Suture",
  products: [
    .executable(name: "suture", targets: ["suture"]),
    .library(name: "Suture", targets: ["Tensors", "Checkpoints", "Surgery", "ModelRuntime"]),
  ],
  targets: [
    debian("CLibzip", "libzip-dev", pkgConfig: "libzip"),
    debian("CDeflate", "libdeflate-dev", pkgConfig: "libdeflate"),
    debian("CCrypto", "libssl-dev", pkgConfig: "libcrypto"),
    debian("COneDNN", "libdnnl-dev"),
    debian("CYAML", "libyaml-dev", pkgConfig: "yaml-0.1"),
    .target(name: "CSystem"),
    .target(name: "CPeak"),
    // Without optimization, what is written for speed would make the tests wait. ThreadSanitizer does not see OpenMP's
    // barriers, and would take what lies behind one for a race.
    .target(name: "CKernels", cSettings: [.unsafeFlags(["-O2", "-fno-sanitize=thread"])]),
    .target(name: "CPictures", linkerSettings: [.linkedLibrary("png"), .linkedLibrary("jpeg")]),

    room("Bytes", ["CSystem", "CDeflate", "CCrypto"]),
    room("JSON", ["Bytes"]),
    room("YAML", ["Bytes", "CYAML"]),
    room("Tensors", ["Bytes"]),
    room("Pickle", ["Bytes"]),
    room("ZipArchive", ["Bytes", "CLibzip"]),
    room("Checkpoints", ["Bytes", "JSON", "Tensors", "Pickle", "ZipArchive"]),
    room("Surgery", ["Bytes", "JSON", "YAML", "Tensors"]),
    room("Pictures", ["Bytes", "CPictures"]),
    room("ModelRuntime", ["Bytes", "CKernels", "CPeak", "CSystem", "Tensors", "YAML", "COneDNN"]),
    .executableTarget(
      name: "suture",
      dependencies: [
        "Bytes", "JSON", "YAML", "Tensors", "Checkpoints", "Surgery", "ModelRuntime", "Pictures",
      ],
      swiftSettings: swift),
    .executableTarget(
      name: "Benchmarks", dependencies: ["Bytes", "JSON", "Tensors", "Checkpoints"], swiftSettings: swift),

    fuzz("Archive", ["Bytes", "ZipArchive"]),
    fuzz("Pickle", ["Bytes", "Checkpoints"]),
    fuzz("Legacy", ["Bytes", "Tensors", "Checkpoints"]),
    fuzz("Safetensors", ["Bytes", "Tensors", "Checkpoints"]),
    fuzz("Index", ["Bytes", "Tensors", "Checkpoints"]),
    fuzz("YAML", ["YAML"]),
    fuzz("Picture", ["Pictures"]),
    fuzz("ModelFile", ["ModelRuntime", "Tensors"]),

    .target(name: "TestSupport", dependencies: ["Bytes"], path: "Tests/TestSupport", swiftSettings: swift),
    tests(of: "Bytes", ["Bytes"]),
    tests(of: "JSON", ["JSON", "Bytes"]),
    tests(of: "YAML", ["YAML", "JSON", "Bytes"]),
    tests(of: "Tensors", ["Tensors", "Bytes"]),
    tests(of: "Pickle", ["Pickle", "Bytes"]),
    tests(of: "ZipArchive", ["ZipArchive", "Bytes"]),
    tests(of: "Checkpoints", ["Checkpoints", "Bytes", "JSON", "Tensors", "Pickle", "ZipArchive"]),
    tests(of: "Surgery", ["Surgery", "Tensors", "Bytes", "Checkpoints"]),
    tests(of: "ModelRuntime", ["Bytes", "CKernels", "ModelRuntime", "Tensors", "Checkpoints", "YAML"]),
    tests(of: "Pictures", ["Bytes", "Pictures"]),
    tests(of: "Command", ["Bytes", "suture"]),
  ]
)
