//! The one view controller: preview, status, controls, fingers.

use std::cell::{Cell, OnceCell, RefCell};

use objc2::rc::Retained;
use objc2::runtime::ProtocolObject;
use objc2::{DefinedClass, MainThreadMarker, MainThreadOnly, define_class, msg_send, sel};
use objc2_foundation::NSObjectProtocol;
use objc2_ui_kit::{
    UIAdaptivePresentationControllerDelegate, UIApplication, UIDevice, UIGestureRecognizer,
    UIGestureRecognizerState, UIInterfaceOrientationMask, UILayoutConstraintAxis,
    UILongPressGestureRecognizer, UINavigationController, UINavigationControllerDelegate,
    UIPinchGestureRecognizer, UIPresentationController, UIStackView, UIStackViewAlignment,
    UIStatusBarStyle, UITapGestureRecognizer, UIUserInterfaceIdiom, UIView, UIViewController,
};
use onair::av::device::Interface;
use onair_ios_model::{Input, Screen, Spot};

use crate::app::inbox::{self, Signal};
use crate::app::sheet::{Alerts, Host, Sheet};
use crate::app::views::{BannerCard, Controls, Pill, Preview, StatusLine};
use crate::app::{device, turn, ui};

/// The controller's state.
#[derive(Default)]
pub(crate) struct Ivars {
    views: OnceCell<Views>,
    /// The interface's last orientation.
    lay: Cell<Option<Interface>>,
    /// The orientation that the interface has to keep, on air.
    locked: Cell<Option<Interface>>,
    sheet: RefCell<Option<Sheet>>,
    alerts: RefCell<Alerts>,
}

struct Views {
    preview: Preview,
    status: StatusLine,
    banner: BannerCard,
    note: Pill,
    zoom: Pill,
    controls: Controls,
}

define_class!(
    // SAFETY: UIViewController may be subclassed, and there is no Drop.
    #[unsafe(super(UIViewController))]
    #[thread_kind = MainThreadOnly]
    #[name = "OnairController"]
    #[ivars = Ivars]
    pub(crate) struct Controller;

    impl Controller {
        #[unsafe(method(viewDidLoad))]
        fn view_did_load(&self) {
            // SAFETY: the superclass has this method, and it takes nothing.
            let () = unsafe { msg_send![super(self), viewDidLoad] };
            self.build();
        }

        #[unsafe(method(viewDidAppear:))]
        fn view_did_appear(&self, animated: bool) {
            // SAFETY: the superclass has this method, and it takes a boolean.
            let () = unsafe { msg_send![super(self), viewDidAppear: animated] };
            inbox::signal(Signal::Appeared);
            // Turns while it was in no window were missed.
            inbox::signal(Signal::Turned);
        }

        #[unsafe(method(viewDidLayoutSubviews))]
        fn view_did_lay_out(&self) {
            // SAFETY: the superclass has this method, and it takes nothing.
            let () = unsafe { msg_send![super(self), viewDidLayoutSubviews] };
            self.lay_out();
        }

        #[unsafe(method(supportedInterfaceOrientations))]
        fn orientations(&self) -> UIInterfaceOrientationMask {
            self.allowed_orientations()
        }

        #[unsafe(method(preferredStatusBarStyle))]
        fn status_bar_style(&self) -> UIStatusBarStyle {
            UIStatusBarStyle::LightContent
        }

        #[unsafe(method(tapped:))]
        fn tapped(&self, finger: &UIGestureRecognizer) {
            self.touch(finger, Input::Focus);
        }

        #[unsafe(method(held:))]
        fn held(&self, finger: &UIGestureRecognizer) {
            if finger.state() == UIGestureRecognizerState::Began {
                self.touch(finger, Input::HoldFocus);
            }
        }

        #[unsafe(method(pinched:))]
        fn pinched(&self, fingers: &UIPinchGestureRecognizer) {
            pinch(fingers);
        }
    }

    // SAFETY: UIViewController conforms to it.
    unsafe impl NSObjectProtocol for Controller {}

    // SAFETY: the method has the protocol's signature.
    unsafe impl UINavigationControllerDelegate for Controller {
        #[unsafe(method(navigationController:didShowViewController:animated:))]
        fn did_show(
            &self,
            _navigation: &UINavigationController,
            _page: &UIViewController,
            _animated: bool,
        ) {
            self.notice_page_left();
        }
    }

    // SAFETY: the method has the protocol's signature.
    unsafe impl UIAdaptivePresentationControllerDelegate for Controller {
        #[unsafe(method(presentationControllerDidDismiss:))]
        fn did_dismiss(&self, _presentation: &UIPresentationController) {
            self.ivars().sheet.replace(None);
            inbox::send(Input::Closed);
        }
    }
);

impl Controller {
    pub(crate) fn new(mtm: MainThreadMarker) -> Retained<Self> {
        let this = Self::alloc(mtm).set_ivars(Ivars::default());
        // SAFETY: UIViewController's `init` takes nothing and gives the object.
        unsafe { msg_send![super(this), init] }
    }

    /// Shows what a camera sees.
    pub(crate) fn show(&self, preview: &device::Preview) {
        if let Some(views) = self.ivars().views.get() {
            views.preview.show(preview);
        }
        self.level();
    }

    /// Turns the picture with the interface, and reports that.
    pub(crate) fn level(&self) {
        let (views, interface) = (self.ivars().views.get(), self.interface());
        let turn = views.and_then(|views| views.preview.level(interface?));
        if let Some(turn) = turn {
            inbox::send(Input::Turned(turn));
        }
    }

    /// Draws the differences from `before`.
    pub(crate) fn render(&self, screen: &Screen, before: Option<&Screen>) {
        let Some(views) = self.ivars().views.get() else {
            return;
        };
        views.render(screen, before);
        if changed(before, screen, |screen| &screen.is_awake) {
            UIApplication::sharedApplication(self.mtm()).setIdleTimerDisabled(screen.is_awake);
        }
        if changed(before, screen, |screen| &screen.is_rotation_locked) {
            self.lock_rotation(screen.is_rotation_locked);
        }
        if changed(before, screen, |screen| &screen.pages) {
            Sheet::render(self.host(), &self.ivars().sheet, &screen.pages);
        }
        if changed(before, screen, |screen| &screen.alert) {
            let mut alerts = self.ivars().alerts.borrow_mut();
            alerts.render(screen.alert.as_ref());
        }
        self.present();
    }

    /// Presents what is not presented yet. UIKit does one thing at a time: the rest is tried again
    /// soon.
    pub(crate) fn present(&self) {
        let sheet = self.ivars().sheet.borrow();
        let is_sheet_up = sheet
            .as_ref()
            .is_none_or(|sheet| sheet.present(self.host()));
        let front = sheet.as_ref().map_or(&**self, Sheet::controller);
        if !(is_sheet_up && self.ivars().alerts.borrow().present(front)) {
            inbox::signal(Signal::Unpresented);
        }
    }

    /// What presents from here.
    fn host(&self) -> Host<'_> {
        Host {
            controller: self,
            pages: ProtocolObject::from_ref(self),
            presentation: ProtocolObject::from_ref(self),
        }
    }

    fn build(&self) {
        let Some(view) = self.view() else { return };
        let views = Views::new(&view, self.mtm());
        self.recognise(&views.preview.view);
        self.ivars().views.set(views).ok();
    }

    fn recognise(&self, picture: &UIView) {
        let mtm = self.mtm();
        let (tapped, held, pinched) = (sel!(tapped:), sel!(held:), sel!(pinched:));
        let tap = UITapGestureRecognizer::alloc(mtm);
        // SAFETY: this object has the method, and outlives the view that has the recogniser.
        let tap =
            unsafe { UITapGestureRecognizer::initWithTarget_action(tap, Some(self), Some(tapped)) };
        let hold = UILongPressGestureRecognizer::alloc(mtm);
        // SAFETY: as above.
        let hold = unsafe {
            UILongPressGestureRecognizer::initWithTarget_action(hold, Some(self), Some(held))
        };
        let pinch = UIPinchGestureRecognizer::alloc(mtm);
        // SAFETY: as above.
        let pinch = unsafe {
            UIPinchGestureRecognizer::initWithTarget_action(pinch, Some(self), Some(pinched))
        };
        picture.addGestureRecognizer(&tap);
        picture.addGestureRecognizer(&hold);
        picture.addGestureRecognizer(&pinch);
    }

    fn lay_out(&self) {
        let Some(views) = self.ivars().views.get() else {
            return;
        };
        views.preview.lay_out();
        let size = views.preview.view.bounds().size;
        views.controls.arrange(size.height >= size.width);
        self.level();
    }

    fn touch(&self, finger: &UIGestureRecognizer, input: fn(Spot) -> Input) {
        if let Some(views) = self.ivars().views.get() {
            let at = finger.locationInView(Some(&views.preview.view));
            inbox::send(input(views.preview.spot(at)));
        }
    }

    /// The interface's orientation; `None` while it is in no window.
    fn interface(&self) -> Option<Interface> {
        let interface = turn::interface(&*self.view()?)?;
        self.ivars().lay.set(Some(interface));
        Some(interface)
    }

    fn lock_rotation(&self, is_locked: bool) {
        let interface = self.interface().or_else(|| self.ivars().lay.get());
        self.ivars().locked.set(interface.filter(|_| is_locked));
        if self.respondsToSelector(sel!(setNeedsUpdateOfSupportedInterfaceOrientations)) {
            self.setNeedsUpdateOfSupportedInterfaceOrientations();
        } else {
            #[expect(deprecated, reason = "before iOS 16 there is no other")]
            UIViewController::attemptRotationToDeviceOrientation(self.mtm());
        }
    }

    fn allowed_orientations(&self) -> UIInterfaceOrientationMask {
        match self.ivars().locked.get() {
            None => free_orientations(self.mtm()),
            Some(Interface::Portrait) => UIInterfaceOrientationMask::Portrait,
            Some(Interface::PortraitUpsideDown) => UIInterfaceOrientationMask::PortraitUpsideDown,
            Some(Interface::LandscapeLeft) => UIInterfaceOrientationMask::LandscapeLeft,
            Some(Interface::LandscapeRight) => UIInterfaceOrientationMask::LandscapeRight,
        }
    }

    /// A page that the sheet itself removes while drawing was not left by the user.
    fn notice_page_left(&self) {
        let Ok(mut sheet) = self.ivars().sheet.try_borrow_mut() else {
            return;
        };
        let was_left = sheet.as_mut().is_some_and(Sheet::forget_pages_left);
        drop(sheet);
        if was_left {
            inbox::send(Input::Back);
        }
    }
}

/// A phone is not held upside down; a tablet is.
fn free_orientations(mtm: MainThreadMarker) -> UIInterfaceOrientationMask {
    match UIDevice::currentDevice(mtm).userInterfaceIdiom() {
        UIUserInterfaceIdiom::Pad => UIInterfaceOrientationMask::All,
        _ => UIInterfaceOrientationMask::AllButUpsideDown,
    }
}

fn pinch(fingers: &UIPinchGestureRecognizer) {
    if fingers.state() == UIGestureRecognizerState::Began {
        inbox::send(Input::PinchBegan);
    }
    #[expect(clippy::cast_possible_truncation, reason = "a factor of a few")]
    let scale = fingers.scale() as f32;
    inbox::send(Input::Pinched(scale));
}

/// Whether to draw a part of the screen.
fn changed<T: PartialEq>(before: Option<&Screen>, now: &Screen, part: fn(&Screen) -> &T) -> bool {
    before.is_none_or(|before| part(before) != part(now))
}

impl Views {
    fn new(root: &UIView, mtm: MainThreadMarker) -> Self {
        let preview = Preview::new(mtm);
        ui::fill(root, &preview.view, (0.0, 0.0));
        let views = Self {
            preview,
            status: StatusLine::new(mtm),
            banner: BannerCard::new(mtm),
            note: Pill::new(mtm),
            zoom: Pill::new(mtm),
            controls: Controls::new(root, mtm),
        };
        views.lay_out(root, mtm);
        views
    }

    /// From the top down: the status, the banner, and messages shown for a moment.
    fn lay_out(&self, root: &UIView, mtm: MainThreadMarker) {
        let column = UIStackView::new(mtm);
        column.setAxis(UILayoutConstraintAxis::Vertical);
        column.setAlignment(UIStackViewAlignment::Center);
        column.setSpacing(8.0);
        column.addArrangedSubview(&self.status.view);
        column.addArrangedSubview(&self.banner.view);
        column.addArrangedSubview(&self.note.view);
        column.addArrangedSubview(&self.zoom.view);
        ui::add(root, &column);
        let safe = root.safeAreaLayoutGuide();
        let (top, leading) = (column.topAnchor(), column.leadingAnchor());
        ui::activate(&[
            top.constraintEqualToAnchor_constant(&safe.topAnchor(), 8.0),
            leading.constraintGreaterThanOrEqualToAnchor_constant(&safe.leadingAnchor(), 12.0),
            column
                .centerXAnchor()
                .constraintEqualToAnchor(&safe.centerXAnchor()),
            column
                .widthAnchor()
                .constraintLessThanOrEqualToConstant(480.0),
        ]);
    }

    fn render(&self, screen: &Screen, before: Option<&Screen>) {
        self.controls.render(screen);
        if changed(before, screen, |screen| &screen.status) {
            self.status.render(&screen.status);
        }
        if changed(before, screen, |screen| &screen.banner) {
            self.banner.render(screen.banner.as_ref());
        }
        if changed(before, screen, |screen| &screen.reticle) {
            self.preview.render_reticle(screen.reticle.as_ref());
        }
        if changed(before, screen, |screen| &screen.picture) {
            self.preview.render_voice(&screen.picture);
        }
        self.note.render(screen.note.as_deref());
        self.zoom.render(screen.zoom.as_deref());
    }
}
