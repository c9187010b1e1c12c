use std::cell::RefCell;

use objc2::MainThreadMarker;
use objc2::rc::Retained;
use objc2_av_foundation::{AVCaptureVideoPreviewLayer, AVLayerVideoGravityResizeAspectFill};
use objc2_core_foundation::{CGFloat, CGPoint, CGRect, CGSize};
use objc2_ui_kit::{NSObjectUIAccessibility, UIColor, UIImageView, UIView};
use onair::av::capture::apple::Shown;
use onair::av::device::Interface;
use onair_ios_model::{Reticle, Spot, Turn, Voice};

use crate::app::inbox::{self, Signal};
use crate::app::{device, turn, ui};

/// What the camera sees, filling the screen, and where it focuses.
pub(crate) struct Preview {
    pub(crate) view: Retained<UIView>,
    layer: RefCell<Option<Retained<AVCaptureVideoPreviewLayer>>>,
    /// Whose session the layer shows.
    of: RefCell<Option<device::Preview>>,
    reticle: Retained<UIImageView>,
}

/// The side of the reticle.
const RETICLE: CGFloat = 76.0;

impl Preview {
    pub(crate) fn new(mtm: MainThreadMarker) -> Self {
        let (view, reticle) = (UIView::new(mtm), UIImageView::new(mtm));
        view.setBackgroundColor(Some(&UIColor::blackColor()));
        view.setIsAccessibilityElement(true, mtm);
        reticle.setHidden(true);
        ui::tint(&reticle, &UIColor::systemYellowColor());
        view.addSubview(&reticle);
        Self {
            view,
            layer: RefCell::default(),
            of: RefCell::default(),
            reticle,
        }
    }

    /// Shows what a camera sees, from the next [`level`](Self::level) on.
    pub(crate) fn show(&self, preview: &device::Preview) {
        // SAFETY: a new layer; nobody else knows it.
        let layer = unsafe { AVCaptureVideoPreviewLayer::new() };
        // SAFETY: a constant that is there since iOS 4.
        if let Some(fill) = unsafe { AVLayerVideoGravityResizeAspectFill } {
            // SAFETY: one of the gravities there are.
            unsafe { layer.setVideoGravity(fill) };
        }
        layer.setFrame(self.view.bounds());
        self.view.layer().insertSublayer_atIndex(&layer, 0);
        self.of.replace(Some(preview.clone()));
        if let Some(old) = self.layer.replace(Some(layer)) {
            old.removeFromSuperlayer();
        }
    }

    /// Fills the screen in its present orientation.
    pub(crate) fn lay_out(&self) {
        if let Some(layer) = &*self.layer.borrow() {
            layer.setFrame(self.view.bounds());
        }
    }

    /// Turns the picture with the interface, and gives that turn. If the session is busy, that is
    /// done soon.
    pub(crate) fn level(&self, interface: Interface) -> Option<Turn> {
        let (layer, preview) = (self.layer.borrow(), self.of.borrow());
        let main_thread = ui::main_thread();
        let shown = preview
            .as_ref()?
            .show_on(layer.as_ref()?, interface, main_thread);
        if matches!(shown, Shown::Busy(_)) {
            inbox::signal(Signal::Unlevelled);
        }
        let rotation = match shown {
            Shown::Busy(rotation) => rotation?,
            Shown::Nothing => return None,
            Shown::Upright(rotation) => rotation,
        };
        let is_portrait = turn::is_portrait(interface);
        Some(Turn {
            rotation,
            is_portrait,
        })
    }

    /// The point under a finger.
    pub(crate) fn spot(&self, at: CGPoint) -> Spot {
        let size = self.view.bounds().size;
        let part = |at: CGFloat, of: CGFloat| if of > 0.0 { at / of } else { 0.5 };
        Spot {
            x: single(part(at.x, size.width)),
            y: single(part(at.y, size.height)),
            aspect: single(part(size.width, size.height)),
        }
    }

    pub(crate) fn render_reticle(&self, reticle: Option<&Reticle>) {
        self.reticle.setHidden(reticle.is_none());
        let Some(reticle) = reticle else { return };
        let size = self.view.bounds().size;
        let middle = CGPoint {
            x: CGFloat::from(reticle.spot.x) * size.width,
            y: CGFloat::from(reticle.spot.y) * size.height,
        };
        let corner = CGPoint::new(middle.x - RETICLE / 2.0, middle.y - RETICLE / 2.0);
        self.reticle
            .setFrame(CGRect::new(corner, CGSize::new(RETICLE, RETICLE)));
        let name = if reticle.is_locked {
            "lock.square"
        } else {
            "viewfinder"
        };
        self.reticle.setImage(ui::symbol(name).as_deref());
    }

    pub(crate) fn render_voice(&self, voice: &Voice) {
        ui::speak(&self.view, voice);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a place on a screen")]
fn single(value: CGFloat) -> f32 {
    value as f32
}
