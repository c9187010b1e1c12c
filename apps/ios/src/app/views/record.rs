use objc2::rc::Retained;
use objc2::{MainThreadMarker, MainThreadOnly};
use objc2_core_foundation::CGFloat;
use objc2_ui_kit::{
    NSLayoutConstraint, UIActivityIndicatorView, UIActivityIndicatorViewStyle, UIButton,
    UIButtonType, UIColor, UIImageView, UIView,
};
use onair_ios_model::{Control, Phase, Record};

use crate::app::ui;

/// The red button: a disc when idle, a square on air, turning in between.
pub(crate) struct RecordButton {
    pub(crate) button: Retained<UIButton>,
    core: Retained<UIView>,
    width: Retained<NSLayoutConstraint>,
    height: Retained<NSLayoutConstraint>,
    turning: Retained<UIActivityIndicatorView>,
}

const SIDE: CGFloat = 76.0;
const DISC: CGFloat = 60.0;
const SQUARE: CGFloat = 32.0;

impl RecordButton {
    pub(crate) fn new(mtm: MainThreadMarker) -> Self {
        let button = UIButton::buttonWithType(UIButtonType::Custom, mtm);
        let core = UIView::new(mtm);
        let style = UIActivityIndicatorViewStyle::Medium;
        let turning = UIActivityIndicatorView::alloc(mtm);
        let turning = UIActivityIndicatorView::initWithActivityIndicatorStyle(turning, style);
        ring(&button, mtm);
        core.setUserInteractionEnabled(false);
        turning.setUserInteractionEnabled(false);
        core.setBackgroundColor(Some(&UIColor::systemRedColor()));
        ui::centre(&button, &core);
        ui::centre(&button, &turning);
        let width = core.widthAnchor().constraintEqualToConstant(DISC);
        let height = core.heightAnchor().constraintEqualToConstant(DISC);
        ui::activate(&[width.clone(), height.clone()]);
        ui::on_tap(&button, || ui::tap(Control::Record));
        Self {
            button,
            core,
            width,
            height,
            turning,
        }
    }

    pub(crate) fn render(&self, record: &Record) {
        let (side, radius) = match record.phase {
            Phase::Idle => (DISC, DISC / 2.0),
            _ => (SQUARE, 7.0),
        };
        self.width.setConstant(side);
        self.height.setConstant(side);
        self.core.layer().setCornerRadius(radius);
        match record.phase {
            Phase::Idle | Phase::Live => self.turning.stopAnimating(),
            _ => self.turning.startAnimating(),
        }
        self.button.setEnabled(record.is_enabled);
        self.button
            .setAlpha(if record.is_enabled { 1.0 } else { 0.5 });
        ui::speak(&self.button, &record.voice);
    }
}

fn ring(button: &UIButton, mtm: MainThreadMarker) {
    ui::size(button, SIDE, SIDE);
    let ring = UIImageView::new(mtm);
    ring.setImage(ui::symbol("circle").as_deref());
    ui::tint(&ring, &UIColor::whiteColor());
    ui::fill(button, &ring, (0.0, 0.0));
}
