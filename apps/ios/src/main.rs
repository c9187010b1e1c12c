//! onair as an iPhone app: UIKit, told what to show by `onair-ios-model` and what to film and
//! send by the engine. It is built for iOS; anywhere else the program says so and ends.

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
