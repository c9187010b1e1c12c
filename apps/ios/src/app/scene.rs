//! The scene: one window with the controller in it.

use std::cell::RefCell;

use objc2::rc::{Allocated, Retained};
use objc2::runtime::{AnyObject, NSObjectProtocol};
use objc2::{DefinedClass, MainThreadOnly, define_class, msg_send};
use objc2_foundation::NSSet;
use objc2_ui_kit::{
    UIInterfaceOrientation, UIOpenURLContext, UIResponder, UIScene, UISceneConnectionOptions,
    UISceneDelegate, UISceneSession, UIWindow, UIWindowScene, UIWindowSceneDelegate,
};
use onair::Secret;
use onair_ios_model::Input;

use crate::app::controller::Controller;
use crate::app::inbox::{self, Signal};
use crate::app::{driver, grace};

define_class!(
    // SAFETY: UIResponder may be subclassed, and there is no Drop.
    #[unsafe(super(UIResponder))]
    #[thread_kind = MainThreadOnly]
    #[name = "OnairSceneDelegate"]
    #[ivars = RefCell<Option<Retained<UIWindow>>>]
    pub(crate) struct SceneDelegate;

    impl SceneDelegate {
        #[unsafe(method_id(init))]
        fn init(this: Allocated<Self>) -> Retained<Self> {
            let this = this.set_ivars(RefCell::new(None));
            // SAFETY: this is how an Objective-C initialiser ends.
            unsafe { msg_send![super(this), init] }
        }

        // UIWindowSceneDelegate's, declared here since it names types that nothing else needs.
        // Turned by 180 degrees, a phone is as wide as before, and no view is laid out anew.
        #[unsafe(method(windowScene:didUpdateCoordinateSpace:interfaceOrientation:traitCollection:))]
        fn did_turn(
            &self,
            _scene: &UIWindowScene,
            _space: &AnyObject,
            _before: UIInterfaceOrientation,
            _traits: &AnyObject,
        ) {
            inbox::signal(Signal::Turned);
        }
    }

    // SAFETY: UIResponder conforms to it.
    unsafe impl NSObjectProtocol for SceneDelegate {}

    // SAFETY: the methods have the protocol's signatures.
    unsafe impl UISceneDelegate for SceneDelegate {
        #[unsafe(method(scene:willConnectToSession:options:))]
        fn will_connect(
            &self,
            scene: &UIScene,
            _session: &UISceneSession,
            options: &UISceneConnectionOptions,
        ) {
            if let Some(scene) = scene.downcast_ref::<UIWindowScene>() {
                self.open_window(scene);
            }
            open_links(&options.URLContexts());
        }

        #[unsafe(method(scene:openURLContexts:))]
        fn open_urls(&self, _scene: &UIScene, contexts: &NSSet<UIOpenURLContext>) {
            open_links(contexts);
        }

        #[unsafe(method(sceneWillEnterForeground:))]
        fn will_enter_foreground(&self, _scene: &UIScene) {
            grace::end();
            inbox::send(Input::Foreground);
        }

        #[unsafe(method(sceneDidEnterBackground:))]
        fn did_enter_background(&self, _scene: &UIScene) {
            // First: the camera may be taken away at any moment.
            inbox::send(Input::Background);
            if driver::is_on_air() {
                grace::begin();
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
        let controller = Controller::new(mtm);
        // The driver draws on its views.
        controller.loadViewIfNeeded();
        window.setRootViewController(Some(&controller));
        driver::show_on(controller);
        window.makeKeyAndVisible();
        self.ivars().replace(Some(window));
    }
}

/// Links into the app; they may hold a key.
fn open_links(contexts: &NSSet<UIOpenURLContext>) {
    for context in contexts {
        if let Some(link) = context.URL().absoluteString() {
            inbox::send(Input::Opened(Secret::from(link.to_string())));
        }
    }
}
