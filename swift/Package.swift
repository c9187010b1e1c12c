// swift-tools-version:5.9
import PackageDescription

// `just xcframework` builds OnairFFI.xcframework and writes Sources/Onair/Generated.
let package = Package(
    name: "Onair",
    platforms: [.iOS(.v15)],
    products: [.library(name: "Onair", targets: ["Onair"])],
    targets: [
        .binaryTarget(name: "OnairFFI", path: "OnairFFI.xcframework"),
        .target(name: "Onair", dependencies: ["OnairFFI"]),
    ]
)
