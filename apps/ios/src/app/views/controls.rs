use objc2::MainThreadMarker;
use objc2::rc::Retained;
use objc2_ui_kit::{
    NSLayoutConstraint, UIColor, UILayoutConstraintAxis, UIStackView, UIStackViewAlignment, UIView,
};
use onair_ios_model::{Control, Screen};

use super::record::RecordButton;
use super::tool::{Look, Tool};
use crate::app::ui;

/// The buttons: along the bottom when the phone is upright, along the right side when it lies,
/// where the thumb is.
pub(crate) struct Controls {
    stack: Retained<UIStackView>,
    record: RecordButton,
    mute: Tool,
    torch: Tool,
    flip: Tool,
    settings: Tool,
    upright: [Retained<NSLayoutConstraint>; 2],
    lying: [Retained<NSLayoutConstraint>; 2],
}

const MUTE: Look = Look {
    off: "mic.fill",
    on: "mic.slash.fill",
    colour: UIColor::systemRedColor,
};

const TORCH: Look = Look {
    off: "bolt.slash.fill",
    on: "bolt.fill",
    colour: UIColor::systemYellowColor,
};

const FLIP: Look = Look {
    off: "arrow.triangle.2.circlepath.camera.fill",
    on: "arrow.triangle.2.circlepath.camera.fill",
    colour: UIColor::labelColor,
};

const SETTINGS: Look = Look {
    off: "gearshape.fill",
    on: "gearshape.fill",
    colour: UIColor::labelColor,
};

impl Controls {
    /// Adds them to `root`.
    pub(crate) fn new(root: &UIView, mtm: MainThreadMarker) -> Self {
        let stack = UIStackView::new(mtm);
        ui::add(root, &stack);
        let controls = Self {
            record: RecordButton::new(mtm),
            mute: Tool::new(Control::Mute, MUTE, mtm),
            torch: Tool::new(Control::Torch, TORCH, mtm),
            flip: Tool::new(Control::Flip, FLIP, mtm),
            settings: Tool::new(Control::Settings, SETTINGS, mtm),
            upright: upright(root, &stack),
            lying: lying(root, &stack),
            stack,
        };
        controls.fill();
        controls
    }

    /// Follows how the phone is held.
    pub(crate) fn arrange(&self, is_portrait: bool) {
        let (axis, on, off) = if is_portrait {
            (
                UILayoutConstraintAxis::Horizontal,
                &self.upright,
                &self.lying,
            )
        } else {
            (UILayoutConstraintAxis::Vertical, &self.lying, &self.upright)
        };
        if on.iter().all(|constraint| constraint.isActive()) {
            return;
        }
        for constraint in off {
            constraint.setActive(false);
        }
        self.stack.setAxis(axis);
        for constraint in on {
            constraint.setActive(true);
        }
    }

    pub(crate) fn render(&self, screen: &Screen) {
        self.record.render(&screen.record);
        self.mute.render(&screen.mute);
        self.torch.render(&screen.torch);
        self.flip.render(&screen.flip);
        self.settings.render(&screen.settings);
    }

    fn fill(&self) {
        self.stack.setAlignment(UIStackViewAlignment::Center);
        self.stack.setSpacing(12.0);
        self.stack.addArrangedSubview(&self.settings.view);
        self.stack.addArrangedSubview(&self.mute.view);
        self.stack.addArrangedSubview(&self.record.button);
        self.stack.addArrangedSubview(&self.torch.view);
        self.stack.addArrangedSubview(&self.flip.view);
    }
}

fn upright(root: &UIView, stack: &UIStackView) -> [Retained<NSLayoutConstraint>; 2] {
    let safe = root.safeAreaLayoutGuide();
    [
        stack
            .centerXAnchor()
            .constraintEqualToAnchor(&safe.centerXAnchor()),
        stack
            .bottomAnchor()
            .constraintEqualToAnchor_constant(&safe.bottomAnchor(), -16.0),
    ]
}

fn lying(root: &UIView, stack: &UIStackView) -> [Retained<NSLayoutConstraint>; 2] {
    let safe = root.safeAreaLayoutGuide();
    [
        stack
            .centerYAnchor()
            .constraintEqualToAnchor(&safe.centerYAnchor()),
        stack
            .trailingAnchor()
            .constraintEqualToAnchor_constant(&safe.trailingAnchor(), -16.0),
    ]
}
