use objc2::MainThreadMarker;
use objc2::rc::Retained;
use objc2_foundation::NSString;
use objc2_ui_kit::{
    UIButton, UIButtonType, UIColor, UIControlState, UIFontTextStyleHeadline,
    UIFontTextStyleSubheadline, UILabel, UILayoutConstraintAxis, UIStackView, UIStackViewAlignment,
    UIView, UIVisualEffectView,
};
use onair_ios_model::{Banner, Control};

use crate::app::ui;

/// What is wrong, and what to do about it.
pub(crate) struct BannerCard {
    pub(crate) view: Retained<UIVisualEffectView>,
    stripe: Retained<UIView>,
    title: Retained<UILabel>,
    text: Retained<UILabel>,
    button: Retained<UIButton>,
}

/// A short message, shown for a moment.
pub(crate) struct Pill {
    pub(crate) view: Retained<UIVisualEffectView>,
    label: Retained<UILabel>,
}

impl BannerCard {
    pub(crate) fn new(mtm: MainThreadMarker) -> Self {
        let card = Self {
            view: ui::blur(14.0, mtm),
            stripe: UIView::new(mtm),
            // SAFETY: a constant of UIKit, there since iOS 7.
            title: ui::label(unsafe { UIFontTextStyleHeadline }, mtm),
            // SAFETY: as above.
            text: ui::label(unsafe { UIFontTextStyleSubheadline }, mtm),
            button: UIButton::buttonWithType(UIButtonType::System, mtm),
        };
        ui::colour_text(&card.text, &UIColor::secondaryLabelColor());
        ui::on_tap(&card.button, || ui::tap(Control::Banner));
        card.lay_out(mtm);
        card
    }

    pub(crate) fn render(&self, banner: Option<&Banner>) {
        self.view.setHidden(banner.is_none());
        let Some(banner) = banner else { return };
        self.stripe
            .setBackgroundColor(Some(&ui::colour(banner.dot)));
        ui::write(&self.title, &banner.title);
        ui::write(&self.text, &banner.text);
        self.text.setHidden(banner.text.is_empty());
        self.button.setHidden(banner.button.is_none());
        let words = banner.button.as_deref().map(NSString::from_str);
        self.button
            .setTitle_forState(words.as_deref(), UIControlState::Normal);
    }

    fn lay_out(&self, mtm: MainThreadMarker) {
        let lines = UIStackView::new(mtm);
        lines.setAxis(UILayoutConstraintAxis::Vertical);
        lines.setAlignment(UIStackViewAlignment::Leading);
        lines.setSpacing(4.0);
        lines.addArrangedSubview(&self.title);
        lines.addArrangedSubview(&self.text);
        lines.addArrangedSubview(&self.button);
        let content = self.view.contentView();
        ui::fill(&content, &lines, (18.0, 10.0));
        ui::add(&content, &self.stripe);
        ui::activate(&[
            self.stripe
                .leadingAnchor()
                .constraintEqualToAnchor(&content.leadingAnchor()),
            self.stripe
                .topAnchor()
                .constraintEqualToAnchor(&content.topAnchor()),
            self.stripe
                .bottomAnchor()
                .constraintEqualToAnchor(&content.bottomAnchor()),
            self.stripe.widthAnchor().constraintEqualToConstant(6.0),
        ]);
    }
}

impl Pill {
    pub(crate) fn new(mtm: MainThreadMarker) -> Self {
        let view = ui::blur(14.0, mtm);
        // SAFETY: a constant of UIKit, there since iOS 7.
        let label = ui::label(unsafe { UIFontTextStyleSubheadline }, mtm);
        ui::fill(&view.contentView(), &label, (12.0, 7.0));
        Self { view, label }
    }

    pub(crate) fn render(&self, text: Option<&str>) {
        self.view.setHidden(text.is_none());
        ui::write(&self.label, text.unwrap_or_default());
    }
}
