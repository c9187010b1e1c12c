//! Writes the Swift side of the interface: see `swift/README.md`.

fn main() {
    uniffi::uniffi_bindgen_swift();
}
