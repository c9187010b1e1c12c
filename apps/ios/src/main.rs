//! onair as an iPhone app: UIKit, which `onair-ios-model` tells what to show and the engine what to
//! film and send. It is built for iOS; elsewhere the program says so and exits.

#[cfg(target_os = "ios")]
mod app;

#[cfg(target_os = "ios")]
fn main() {
    app::run();
}

#[cfg(not(target_os = "ios"))]
fn main() {
    eprintln!("This is an app for iPhone: build it with --target aarch64-apple-ios.");
}
