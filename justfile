# What there is to do. The steps themselves are in .ci/run, so that a machine
# without `just` runs the same.

# Everything but what is run: format, lints (Apple's too), docs, other workspaces, licences
check:
    .ci/run fmt clippy apple doc extras deny

# The tests
test:
    .ci/run test

# Lints everything that is for Apple's systems; no Mac needed
ios-check:
    .ci/run apple

# The iPhone app: target/apple/Onair.ipa, to be signed as docs/iphone.md says
ios *arguments:
    python3 apple/ios.py {{arguments}}

# Compares the iPhone app with Apple's SDKs, the oldest first, e.g. `just ios-imports iPhoneOS15.6.sdk`
ios-imports +sdks:
    python3 apple/imports.py {{sdks}}

# onair for Swift: swift/OnairFFI.xcframework, its zip, and the generated sources
xcframework:
    python3 apple/xcframework.py

# Compiles the Swift package against stand-ins of Apple's modules, and publishes through it
swift:
    python3 apple/swift.py

# The command line for Macs with Apple silicon: target/aarch64-apple-darwin/release/onair
mac:
    python3 apple/mac.py

# Mends what can be mended by itself
fix:
    cargo fmt --all
    cargo clippy --workspace --all-targets --fix --allow-dirty --allow-staged

# Fuzzes: every target for a moment, or one for longer, e.g. `just fuzz chunk_split 600`
fuzz *target:
    fuzz/run {{target}}

# Publishes to real servers on this machine; words narrow it down, e.g. `just interop nginx tls`
interop *words:
    interop/run {{words}}

# Attacks a receiver and a publisher here with every kind of hostile peer: one table of what that costs
hostile:
    cargo test -q -p onair-cli --test hostile -- --ignored --nocapture table

# Measures onair beside its peers
bench *arguments:
    cargo build --release -p onair-cli
    cargo run --release --manifest-path bench/Cargo.toml -- {{arguments}}

# A test card, seen in a browser
demo *arguments:
    cargo run --release -p onair-cli -- demo {{arguments}}
