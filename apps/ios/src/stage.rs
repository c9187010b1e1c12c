//! The one screen: what the camera sees, and a red button.

use objc2::rc::Retained;
use objc2::{MainThreadMarker, MainThreadOnly, define_class, msg_send};
use objc2_core_foundation::{CGPoint, CGRect, CGSize};
use objc2_foundation::NSString;
use objc2_ui_kit::{UIButton, UIButtonType, UIColor, UIControlState, UIViewController};

define_class!(
    // SAFETY: UIViewController may be subclassed, and there is no Drop.
    #[unsafe(super(UIViewController))]
    #[thread_kind = MainThreadOnly]
    #[name = "OnairStage"]
    pub(crate) struct Stage;

    impl Stage {
        #[unsafe(method(viewDidLoad))]
        fn view_did_load(&self) {
            // SAFETY: the superclass has this method, and it takes nothing.
            let () = unsafe { msg_send![super(self), viewDidLoad] };
            self.build();
        }
    }
);

impl Stage {
    pub(crate) fn new(mtm: MainThreadMarker) -> Retained<Self> {
        let this = Self::alloc(mtm).set_ivars(());
        // SAFETY: UIViewController's `init` takes nothing and gives the object.
        unsafe { msg_send![super(this), init] }
    }

    fn build(&self) {
        let Some(view) = self.view() else { return };
        view.setBackgroundColor(Some(&UIColor::blackColor()));
        let button = UIButton::buttonWithType(UIButtonType::System, self.mtm());
        button.setTitle_forState(Some(&NSString::from_str("Go live")), UIControlState::Normal);
        button.setFrame(CGRect::new(
            CGPoint::new(40.0, 80.0),
            CGSize::new(160.0, 44.0),
        ));
        view.addSubview(&button);
    }
}
