// swift-tools-version: 6.2
import Glibc
import PackageDescription

// Folder names are short; module names carry the prefix Suture, so that they collide with nobody's JSON, YAML or Bytes.
// An arrow points from a room to those below it: nothing here may depend on what stands further down in the list.

// MARK: Settings

let language: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableExperimentalFeature("Lifetimes"),
  // Without it a reader used from another module runs many times slower. It is an unsafe flag, which the tools version
  // 6.2 admits in versioned dependencies.
  .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
]

/// What builds the programs that only people who work on Suture need: benchmarks and fuzz targets.
let buildsTools = Context.environment["SUTURE_TOOLS"] != nil

/// What makes the command start sooner: it needs no shared libraries of C++.
///
/// Swift's runtime takes a few functions of them. Where the archive is missing, it is linked as usual.
let startsSooner: [LinkerSetting] = {
  var found = glob_t()
  guard glob("/usr/lib/gcc/*/*/libstdc++.a", 0, nil, &found) == 0 else { return [] }
  globfree(&found)
  let flags = [
    "-use-ld=lld", "-L\(Context.packageDirectory)/Sources/C/Linking", "-Xclang-linker", "-static-libgcc",
    // Some thirty thousand addresses are moved to where the program lies; so they take 8 kB to list instead of 800.
    "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs",
    // Nobody links with a program: the loader would look through seven thousand names for each of another library's.
    "-Xlinker", "--no-export-dynamic",
  ]
  return [.unsafeFlags(flags, .when(configuration: .release))]
}()

// MARK: Kinds of modules

/// Who sees a room of the library.
enum Visibility {
  /// `import Suture` brings it.
  case exported
  /// Other rooms only.
  case hidden
}

/// A room of the library: `Sources/<name>`, module `Suture<name>`.
struct Room {
  let name: String
  let visibility: Visibility
  let dependencies: [String]
  /// Files that become constants of the module.
  let embedded: [String]

  init(
    _ name: String, _ visibility: Visibility, uses dependencies: [String] = [], embeds files: [String] = []
  ) {
    (self.name, self.visibility, self.dependencies, embedded) = (name, visibility, dependencies, files)
  }

  /// Whether it says `unsafe` where it leaves what Swift guarantees; then the compiler holds it to that.
  var touchesMemory: Bool {
    let rooms = ["Text", "Bytes", "Numbers", "JSON", "YAML", "Pickle", "ZipArchive", "Pictures"]
    return (rooms + ["Tensors", "Checkpoints", "ModelRuntime"]).contains(name)
  }

  var target: Target {
    .target(
      name: module(name), dependencies: dependencies.map { .init(stringLiteral: module($0)) },
      path: "Sources/\(name)", resources: embedded.map { .embedInCode($0) },
      swiftSettings: language + (touchesMemory ? [.strictMemorySafety()] : []))
  }
}

/// The module of a room, or of C code whose folder begins with a C: `Bytes` is SutureBytes, `CSystem` CSutureSystem.
func module(_ name: String) -> String {
  let isC = name.hasPrefix("C") && name.dropFirst().first?.isUppercase == true
  return isC ? "CSuture" + name.dropFirst() : "Suture" + name
}

/// C code of ours: `Sources/C/<name>`.
func c(_ name: String, uses others: [String] = [], flags: [String] = []) -> Target {
  .target(
    name: module(name), dependencies: others.map { .init(stringLiteral: module($0)) },
    path: "Sources/C/\(name)",
    cSettings: flags.isEmpty ? [] : [.unsafeFlags(flags)])
}

/// A program: `Sources/<folder>`.
func program(_ name: String, in folder: String, uses rooms: [String], linkedWith flags: [LinkerSetting] = [])
  -> Target
{
  .executableTarget(
    name: name, dependencies: rooms.map { .init(stringLiteral: $0.isEmpty ? "Suture" : module($0)) },
    path: "Sources/\(folder)", swiftSettings: language, linkerSettings: flags)
}

/// A function that libFuzzer feeds: `Sources/Fuzz/<name>`; without `--sanitize=fuzzer` it links to a program that does
/// nothing.
func fuzz(_ name: String, _ rooms: [String]) -> Target {
  program("Fuzz\(name)", in: "Fuzz/\(name)", uses: rooms)
}

/// The tests of one room: `Tests/<name>`.
func tests(_ name: String, uses rooms: [String], programs: [String] = [], data: [String] = []) -> Target {
  .testTarget(
    name: "\(name)Tests",
    dependencies: (rooms.map(module) + programs + ["TestSupport"]).map { .init(stringLiteral: $0) },
    path: "Tests/\(name)", exclude: data, swiftSettings: language)
}

// MARK: The list

let libraries: [Target] = [
  c("CSystem"),
  c("CThreads"),
  // Debian's libraries, opened when they are first needed: of these the headers alone are used here.
  c("CCurl", uses: ["CSystem"]),
  c("COneDNN", uses: ["CSystem"]),
  c("CPictures", uses: ["CSystem"]),
  c("CLibzip", uses: ["CSystem"]),
  c("CCrypto", uses: ["CSystem"]),
  c("CChecksums", uses: ["CSystem"]),
  c("CYAML", uses: ["CSystem"]),
  c("CNumbers"),
  c("CPeak"),
  // Without optimization, what is written for speed would make the tests wait.
  c("CKernels", uses: ["CThreads"], flags: ["-O2"]),
]

let rooms = [
  Room("Text", .exported),
  Room("Bytes", .exported, uses: ["Text", "CSystem", "CThreads", "CChecksums", "CCrypto", "CCurl"]),
  Room("Numbers", .exported, uses: ["CNumbers"]),
  Room("JSON", .exported, uses: ["Text", "Bytes"]),
  Room("YAML", .hidden, uses: ["Text", "Bytes", "CYAML"]),
  Room("Pickle", .exported, uses: ["Text", "Bytes"]),
  Room("ZipArchive", .hidden, uses: ["Text", "Bytes", "CLibzip"]),
  Room("Pictures", .exported, uses: ["Text", "Bytes", "CPictures"]),
  Room("Tensors", .exported, uses: ["Text", "Bytes", "Numbers"]),
  Room(
    "Checkpoints", .exported, uses: ["Text", "Bytes", "Numbers", "JSON", "Tensors", "Pickle", "ZipArchive"]),
  Room("Architectures", .exported, uses: ["Text", "Bytes", "Numbers", "YAML", "Tensors"]),
  Room(
    "Surgery", .exported, uses: ["Text", "Bytes", "Numbers", "JSON", "YAML", "Tensors", "Architectures"]),
  Room(
    "ModelRuntime", .exported,
    uses: [
      "Text", "Bytes", "Numbers", "Tensors", "YAML", "Architectures", "CSystem", "CNumbers", "CKernels",
      "CPeak", "COneDNN",
    ]),
  Room(
    "Workflows", .exported,
    uses: [
      "Text", "Bytes", "Numbers", "JSON", "YAML", "Tensors", "Checkpoints", "Architectures", "Surgery",
      "ModelRuntime",
      "Pictures",
    ], embeds: ["Page/page.html", "Page/page.css", "Page/page.js"]),
]

/// What `import Suture` gives.
let umbrella = Target.target(
  name: "Suture",
  dependencies: rooms.filter { $0.visibility == .exported }.map { .init(stringLiteral: module($0.name)) },
  swiftSettings: language)

let command = program(
  "suture", in: "suture",
  uses: [
    "Text", "Bytes", "Numbers", "JSON", "YAML", "Tensors", "Checkpoints", "Architectures", "Surgery",
    "ModelRuntime", "Pictures", "Workflows",
  ], linkedWith: startsSooner)

let tools: [Target] = [
  program("Benchmarks", in: "Benchmarks", uses: ["Bytes", "JSON", "Tensors", "Checkpoints"]),
  fuzz("Archive", ["Bytes", "ZipArchive"]),
  fuzz("Pickle", ["Bytes", "Checkpoints"]),
  fuzz("Legacy", ["Bytes", "Tensors", "Checkpoints"]),
  fuzz("Safetensors", ["Text", "Bytes", "Tensors", "Checkpoints"]),
  fuzz("Index", ["Bytes", "Tensors", "Checkpoints"]),
  fuzz("Unpacked", ["Bytes", "Tensors", "Checkpoints"]),
  fuzz("Distributed", ["Bytes", "Tensors", "Checkpoints"]),
  fuzz("Zero", ["Bytes", "ZipArchive", "Tensors", "Checkpoints"]),
  fuzz("Parts", ["JSON", "Workflows"]),
  fuzz("YAML", ["YAML"]),
  fuzz("Picture", ["Pictures"]),
  fuzz("ModelFile", ["Architectures", "ModelRuntime", "Tensors"]),
]

let testTargets: [Target] = [
  .target(
    name: "TestSupport", dependencies: [.init(stringLiteral: module("Bytes"))], path: "Tests/TestSupport",
    swiftSettings: language),
  tests("Text", uses: ["Text"]),
  tests("Bytes", uses: ["Bytes", "CChecksums", "Text"]),
  tests("Numbers", uses: ["Numbers", "Bytes"]),
  tests("JSON", uses: ["JSON", "Bytes", "Text"]),
  tests("YAML", uses: ["YAML", "JSON", "Bytes", "Text"]),
  tests("Tensors", uses: ["Tensors", "Bytes", "Numbers", "Text"]),
  tests("Pickle", uses: ["Pickle", "Bytes", "Text"]),
  tests("ZipArchive", uses: ["ZipArchive", "Bytes", "Text"]),
  tests("Pictures", uses: ["Bytes", "Pictures", "Text"]),
  tests(
    "Checkpoints",
    uses: ["Checkpoints", "Bytes", "Numbers", "JSON", "Tensors", "Pickle", "ZipArchive", "Text"]),
  tests("Architectures", uses: ["Architectures", "Tensors", "Bytes", "YAML", "Text"]),
  tests(
    "Surgery",
    uses: ["Surgery", "Architectures", "Tensors", "Bytes", "Numbers", "Checkpoints", "JSON", "Text"]),
  tests(
    "ModelRuntime",
    uses: [
      "Bytes", "Numbers", "CKernels", "Architectures", "ModelRuntime", "Tensors", "Checkpoints", "YAML",
      "Text",
    ]),
  tests(
    "Workflows",
    uses: [
      "Workflows", "Text", "Bytes", "Numbers", "JSON", "Tensors", "Checkpoints", "Surgery", "ModelRuntime",
      "Pictures", "Architectures", "YAML",
    ]),
  // They import Suture alone; the rooms are named so that a change of one is seen through the umbrella.
  tests("Suture", uses: [""] + rooms.filter { $0.visibility == .exported }.map(\.name)),
  tests("suture", uses: ["Bytes", "Text", "JSON"], programs: ["suture"], data: ["Snapshots"]),
]

let package = Package(
  name: "Suture",
  products: [
    .executable(name: "suture", targets: ["suture"]),
    .library(name: "Suture", targets: ["Suture"]),
  ],
  targets: libraries + rooms.map(\.target) + [umbrella, command] + (buildsTools ? tools : []) + testTargets
)
