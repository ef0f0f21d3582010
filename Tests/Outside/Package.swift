// swift-tools-version: 6.2
import PackageDescription

// What somebody else's package looks like; .ci/outside says where Suture lies and which version it has.
let suture: Target.Dependency = .product(name: "Suture", package: "suture")

let package = Package(
  name: "Outside",
  dependencies: [
    .package(
      url: Context.environment["SUTURE_URL"] ?? "https://example.com/suture",
      from: Version(stringLiteral: Context.environment["SUTURE_VERSION"] ?? "0.2.0"))
  ],
  targets: [
    .executableTarget(name: "ConvertOnAServer", dependencies: [suture]),
    .executableTarget(name: "InspectInMemory", dependencies: [suture]),
    .testTarget(name: "VerifyInATest", dependencies: [suture]),
  ]
)
