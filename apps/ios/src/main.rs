//! onair as an iPhone app: UIKit, told what to show by `onair-ios-model` and what to film and
//! send by the engine. It is built for iOS; anywhere else the program says so and ends.

#[cfg(target_vendor = "apple")]
mod app;
#[cfg(target_vendor = "apple")]
mod scene;
#[cfg(target_vendor = "apple")]
mod stage;

#[cfg(target_vendor = "apple")]
fn main() {
    app::run();
}

#[cfg(not(target_vendor = "apple"))]
fn main() {
    eprintln!("This is an app for iPhone: build it with --target aarch64-apple-ios.");
}
