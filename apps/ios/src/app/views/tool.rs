use objc2::MainThreadMarker;
use objc2::rc::Retained;
use objc2_core_foundation::CGFloat;
use objc2_ui_kit::{UIButton, UIButtonType, UIColor, UIControlState, UIVisualEffectView};
use onair_ios_model::{Button, Control};

use crate::app::ui;

/// A small round button on a blurred background.
pub(crate) struct Tool {
    pub(crate) view: Retained<UIVisualEffectView>,
    button: Retained<UIButton>,
    look: Look,
}

/// The symbols of a tool, off and on, and its colour when it is on.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    pub(crate) off: &'static str,
    pub(crate) on: &'static str,
    pub(crate) colour: fn() -> Retained<UIColor>,
}

/// A finger's width: Apple's guidelines ask for 44.
const SIDE: CGFloat = 48.0;

impl Tool {
    pub(crate) fn new(control: Control, look: Look, mtm: MainThreadMarker) -> Self {
        let view = ui::blur(SIDE / 2.0, mtm);
        let button = UIButton::buttonWithType(UIButtonType::System, mtm);
        ui::size(&view, SIDE, SIDE);
        ui::fill(&view.contentView(), &button, (0.0, 0.0));
        ui::on_tap(&button, move || ui::tap(control));
        Self { view, button, look }
    }

    pub(crate) fn render(&self, tool: &Button) {
        let (name, colour) = if tool.is_on {
            (self.look.on, (self.look.colour)())
        } else {
            (self.look.off, UIColor::labelColor())
        };
        let image = ui::symbol(name);
        self.button
            .setImage_forState(image.as_deref(), UIControlState::Normal);
        ui::tint(&self.button, &colour);
        self.button.setEnabled(tool.is_enabled);
        ui::speak(&self.button, &tool.voice);
    }
}
