//! The scene: one window with the stage in it.

use std::cell::OnceCell;

use objc2::rc::{Allocated, Retained};
use objc2::runtime::NSObjectProtocol;
use objc2::{DefinedClass, MainThreadOnly, define_class, msg_send};
use objc2_ui_kit::{
    UIResponder, UIScene, UISceneConnectionOptions, UISceneDelegate, UISceneSession, UIWindow,
    UIWindowScene, UIWindowSceneDelegate,
};

use crate::stage::Stage;

define_class!(
    // SAFETY: UIResponder may be subclassed, and there is no Drop.
    #[unsafe(super(UIResponder))]
    #[thread_kind = MainThreadOnly]
    #[name = "OnairSceneDelegate"]
    #[ivars = OnceCell<Retained<UIWindow>>]
    pub(crate) struct SceneDelegate;

    impl SceneDelegate {
        #[unsafe(method_id(init))]
        fn init(this: Allocated<Self>) -> Retained<Self> {
            let this = this.set_ivars(OnceCell::new());
            // SAFETY: this is how an Objective-C initialiser ends.
            unsafe { msg_send![super(this), init] }
        }
    }

    // SAFETY: UIResponder conforms to it.
    unsafe impl NSObjectProtocol for SceneDelegate {}

    // SAFETY: the method has the protocol's signature.
    unsafe impl UISceneDelegate for SceneDelegate {
        #[unsafe(method(scene:willConnectToSession:options:))]
        fn will_connect(
            &self,
            scene: &UIScene,
            _session: &UISceneSession,
            _options: &UISceneConnectionOptions,
        ) {
            if let Some(scene) = scene.downcast_ref::<UIWindowScene>() {
                self.open_window(scene);
            }
        }
    }

    // SAFETY: every method of it is optional.
    unsafe impl UIWindowSceneDelegate for SceneDelegate {}
);

impl SceneDelegate {
    fn open_window(&self, scene: &UIWindowScene) {
        let mtm = self.mtm();
        let window = UIWindow::initWithWindowScene(UIWindow::alloc(mtm), scene);
        window.setRootViewController(Some(&Stage::new(mtm)));
        window.makeKeyAndVisible();
        self.ivars().set(window).ok();
    }
}
