use objc2::MainThreadMarker;
use objc2::rc::Retained;
use objc2_ui_kit::{
    NSObjectUIAccessibility, UIAccessibilityTraitUpdatesFrequently, UIFontTextStyleSubheadline,
    UILabel, UIStackView, UIStackViewAlignment, UIView, UIVisualEffectView,
};
use onair_ios_model::Status;

use crate::app::ui;

/// The line at the top: how well it goes, by colour, in words and in numbers. One label, so that it
/// wraps if a user's letters are large.
pub(crate) struct StatusLine {
    pub(crate) view: Retained<UIVisualEffectView>,
    dot: Retained<UIView>,
    label: Retained<UILabel>,
}

impl StatusLine {
    pub(crate) fn new(mtm: MainThreadMarker) -> Self {
        let view = ui::blur(14.0, mtm);
        let dot = UIView::new(mtm);
        ui::size(&dot, 11.0, 11.0);
        dot.layer().setCornerRadius(5.5);
        // SAFETY: a constant of UIKit, there since iOS 7.
        let label = ui::meter(unsafe { UIFontTextStyleSubheadline }, 15.0);
        let stack = UIStackView::new(mtm);
        stack.setAlignment(UIStackViewAlignment::Center);
        stack.setSpacing(8.0);
        stack.addArrangedSubview(&dot);
        stack.addArrangedSubview(&label);
        ui::fill(&view.contentView(), &stack, (12.0, 7.0));
        view.setIsAccessibilityElement(true, mtm);
        // SAFETY: a constant of UIKit, there since iOS 4.
        view.setAccessibilityTraits(unsafe { UIAccessibilityTraitUpdatesFrequently }, mtm);
        Self { view, dot, label }
    }

    pub(crate) fn render(&self, status: &Status) {
        self.dot.setBackgroundColor(Some(&ui::colour(status.dot)));
        let mut text = status.words.clone();
        for reading in status.meters.iter().flat_map(|meters| meters.readings()) {
            text += "   ";
            text += &reading.text;
        }
        ui::write(&self.label, &text);
        ui::speak(&self.view, &status.voice);
    }
}
