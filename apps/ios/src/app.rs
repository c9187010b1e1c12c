//! The application's own object: it has nothing to do but to name the scene delegate's class.

use objc2::rc::{Allocated, Retained};
use objc2::runtime::NSObjectProtocol;
use objc2::{ClassType, MainThreadMarker, MainThreadOnly, define_class, msg_send};
use objc2_foundation::NSString;
use objc2_ui_kit::{UIApplication, UIApplicationDelegate, UIResponder};

use crate::scene::SceneDelegate;

/// Hands the process to UIKit, for good.
pub(crate) fn run() {
    let mtm = MainThreadMarker::new().expect("a process begins on its main thread");
    // Info.plist names it; the runtime knows a class only once it was touched.
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
