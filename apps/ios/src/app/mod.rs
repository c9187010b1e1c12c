//! The app on the phone.
//!
//! | file | what it is |
//! |---|---|
//! | here, `scene` | the process and its one window, as UIKit wants them |
//! | `inbox` | where all inputs arrive, from any thread |
//! | `driver` | the loop: inputs in, effects done, the screen drawn |
//! | `controller` | the one view controller: preview, status, controls, fingers |
//! | `views` | what is on the controller's view, a view each, drawn from its part of the `Screen` |
//! | `sheet` | settings: forms of rows, the scanner, alerts |
//! | `device`, `turn` | the engine's camera, and how the phone is held |
//! | `keychain`, `defaults`, `photos`, `network`, `feedback`, `grace` | one system service each |
//!
//! Everything runs on the main thread, except what the engine and the system do by themselves;
//! their news arrive through `inbox::post`.

mod controller;
mod defaults;
mod device;
mod driver;
mod feedback;
mod grace;
mod inbox;
mod keychain;
mod network;
mod photos;
mod scene;
mod sheet;
mod turn;
mod ui;
mod views;

use objc2::rc::{Allocated, Retained};
use objc2::runtime::NSObjectProtocol;
use objc2::{ClassType, MainThreadMarker, MainThreadOnly, define_class, msg_send};
use objc2_foundation::NSString;
use objc2_ui_kit::{UIApplication, UIApplicationDelegate, UIResponder};

use scene::SceneDelegate;

/// Hands the process to UIKit, for good. The scene does the work, not the app's own object.
pub(crate) fn run() {
    let mtm = MainThreadMarker::new().expect("a process begins on its main thread");
    driver::listen();
    // Info.plist names it; the runtime knows a class only once it was used.
    SceneDelegate::class();
    let delegate = NSString::from_class(AppDelegate::class());
    UIApplication::main(None, Some(&delegate), mtm);
}

define_class!(
    // SAFETY: UIResponder may be subclassed, and there is no Drop.
    #[unsafe(super(UIResponder))]
    #[thread_kind = MainThreadOnly]
    #[name = "OnairAppDelegate"]
    struct AppDelegate;

    impl AppDelegate {
        #[unsafe(method_id(init))]
        fn init(this: Allocated<Self>) -> Retained<Self> {
            let this = this.set_ivars(());
            // SAFETY: this is how an Objective-C initialiser ends.
            unsafe { msg_send![super(this), init] }
        }
    }

    // SAFETY: UIResponder conforms to it.
    unsafe impl NSObjectProtocol for AppDelegate {}

    // SAFETY: every method of it is optional.
    unsafe impl UIApplicationDelegate for AppDelegate {}
);
