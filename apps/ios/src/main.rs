//! onair as an iPhone app: UIKit, told what to show by `onair-ios-model` and what to film and
//! send by the engine. It is built for iOS; anywhere else the program says so and ends.
//!
//! | file | what it is |
//! |---|---|
//! | `app`, `scene` | the process and its one window, as UIKit wants them |
//! | `driver` | the loop: inputs in, effects done, the screen drawn |
//! | `stage` | the one view controller: preview, status, controls, fingers |
//! | `views` | what is on the stage, a view each, drawn from its part of the `Screen` |
//! | `sheet` | settings: forms of rows, the scanner, alerts |
//! | `device`, `turn` | the engine's camera, and how the phone is held |
//! | `keychain`, `defaults`, `photos`, `network`, `feedback` | one system service each |
//!
//! Everything runs on the main thread but for what the engine and the system do by themselves;
//! their news come in through `driver::post`.

#[cfg(target_os = "ios")]
mod app;
#[cfg(target_os = "ios")]
mod defaults;
#[cfg(target_os = "ios")]
mod device;
#[cfg(target_os = "ios")]
mod driver;
#[cfg(target_os = "ios")]
mod feedback;
#[cfg(target_os = "ios")]
mod keychain;
#[cfg(target_os = "ios")]
mod network;
#[cfg(target_os = "ios")]
mod photos;
#[cfg(target_os = "ios")]
mod scene;
#[cfg(target_os = "ios")]
mod sheet;
#[cfg(target_os = "ios")]
mod stage;
#[cfg(target_os = "ios")]
mod turn;
#[cfg(target_os = "ios")]
mod ui;
#[cfg(target_os = "ios")]
mod views;

#[cfg(target_os = "ios")]
fn main() {
    app::run();
}

#[cfg(not(target_os = "ios"))]
fn main() {
    eprintln!("This is an app for iPhone: build it with --target aarch64-apple-ios.");
}
