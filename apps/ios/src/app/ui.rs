//! The few building blocks of all views.

use std::ptr::NonNull;

use block2::RcBlock;
use objc2::rc::Retained;
use objc2::{MainThreadMarker, MainThreadOnly, sel};
use objc2_core_foundation::CGFloat;
use objc2_foundation::{NSArray, NSString};
use objc2_ui_kit::{
    NSLayoutConstraint, NSObjectUIAccessibility, UIAction, UIApplication, UIBlurEffect,
    UIBlurEffectStyle, UIButton, UIColor, UIContentSizeCategoryAdjusting, UIControl,
    UIControlEvents, UIFont, UIFontMetrics, UIFontTextStyle, UIFontWeightSemibold, UIImage,
    UILabel, UIView, UIVisualEffectView,
};
use onair_ios_model::{Dot, Voice};

use crate::app::inbox;

/// The main thread, where all of UIKit lives.
pub(crate) fn main_thread() -> MainThreadMarker {
    MainThreadMarker::new().expect("UIKit calls on the main thread")
}

/// A label that grows with the user's text size.
pub(crate) fn label(style: &UIFontTextStyle, mtm: MainThreadMarker) -> Retained<UILabel> {
    let label = UILabel::new(mtm);
    let font = UIFont::preferredFontForTextStyle(style);
    // SAFETY: a font is what the label takes.
    unsafe { label.setFont(Some(&font)) };
    label.setAdjustsFontForContentSizeCategory(true);
    label.setNumberOfLines(0);
    label
}

/// The same, with digits of one width.
pub(crate) fn meter(style: &UIFontTextStyle, size: CGFloat) -> Retained<UILabel> {
    let label = label(style, main_thread());
    // SAFETY: a constant of UIKit, there since iOS 8.2.
    let weight = unsafe { UIFontWeightSemibold };
    let font = UIFont::monospacedDigitSystemFontOfSize_weight(size, weight);
    let font = UIFontMetrics::metricsForTextStyle(style).scaledFontForFont(&font);
    // SAFETY: a font is what the label takes.
    unsafe { label.setFont(Some(&font)) };
    label
}

/// A blurred background for views over the picture, dark or light like the system.
pub(crate) fn blur(radius: CGFloat, mtm: MainThreadMarker) -> Retained<UIVisualEffectView> {
    let style = UIBlurEffectStyle::SystemMaterial;
    let effect = UIBlurEffect::effectWithStyle(style, mtm);
    let view = UIVisualEffectView::initWithEffect(UIVisualEffectView::alloc(mtm), Some(&effect));
    view.layer().setCornerRadius(radius);
    view.setClipsToBounds(true);
    view
}

/// A symbol of the system's set.
pub(crate) fn symbol(name: &str) -> Option<Retained<UIImage>> {
    UIImage::systemImageNamed(&NSString::from_str(name))
}

/// Sets a label's colour.
pub(crate) fn colour_text(label: &UILabel, colour: &UIColor) {
    // SAFETY: a colour is what it takes.
    unsafe { label.setTextColor(Some(colour)) };
}

/// Sets the colour of a view's symbols.
pub(crate) fn tint(view: &UIView, colour: &UIColor) {
    // SAFETY: a colour is what it takes.
    unsafe { view.setTintColor(Some(colour)) };
}

/// Calls `act` on each `event` of `control`.
pub(crate) fn on(control: &UIControl, event: UIControlEvents, act: impl Fn(&UIAction) + 'static) {
    let action = action(act);
    control.addAction_forControlEvents(&action, event);
}

/// Calls `act` whenever `button` is tapped.
pub(crate) fn on_tap(button: &UIButton, act: impl Fn() + 'static) {
    on(button, UIControlEvents::TouchUpInside, move |_| act());
}

/// An action without a title.
pub(crate) fn action(act: impl Fn(&UIAction) + 'static) -> Retained<UIAction> {
    let block = RcBlock::new(move |action: NonNull<UIAction>| {
        // SAFETY: UIKit hands over an action that lives as long as the call.
        act(unsafe { action.as_ref() });
    });
    // SAFETY: the block lives, and UIKit keeps a copy of it.
    unsafe { UIAction::actionWithHandler(RcBlock::as_ptr(&block), main_thread()) }
}

/// A tap on `control` of the app.
pub(crate) fn tap(control: onair_ios_model::Control) {
    inbox::send(onair_ios_model::Input::Tap(control));
}

/// Sets VoiceOver's description of `view`.
pub(crate) fn speak(view: &UIView, voice: &Voice) {
    let mtm = main_thread();
    let text = |text: &str| (!text.is_empty()).then(|| NSString::from_str(text));
    view.setAccessibilityLabel(text(&voice.label).as_deref(), mtm);
    view.setAccessibilityValue(text(&voice.value).as_deref(), mtm);
    view.setAccessibilityHint(text(&voice.hint).as_deref(), mtm);
}

/// The same for a control that speaks its own value.
pub(crate) fn speak_of_control(control: &UIControl, voice: &Voice) {
    let mtm = main_thread();
    let hint = (!voice.hint.is_empty()).then(|| NSString::from_str(&voice.hint));
    control.setAccessibilityLabel(Some(&NSString::from_str(&voice.label)), mtm);
    control.setAccessibilityHint(hint.as_deref(), mtm);
}

/// Sets a label's text.
pub(crate) fn write(label: &UILabel, text: &str) {
    label.setText(Some(&NSString::from_str(text)));
}

/// The colour of a state.
pub(crate) fn colour(dot: Dot) -> Retained<UIColor> {
    match dot {
        Dot::Grey => UIColor::systemGrayColor(),
        Dot::Green => UIColor::systemGreenColor(),
        Dot::Yellow => UIColor::systemYellowColor(),
        Dot::Red => UIColor::systemRedColor(),
    }
}

/// Ends editing: what was typed counts.
pub(crate) fn end_typing() {
    let app = UIApplication::sharedApplication(main_thread());
    // SAFETY: every responder has this method, which takes nothing.
    unsafe { app.sendAction_to_from_forEvent(sel!(resignFirstResponder), None, None, None) };
}

/// Adds `view` to `container`, to be laid out by constraints.
pub(crate) fn add(container: &UIView, view: &UIView) {
    view.setTranslatesAutoresizingMaskIntoConstraints(false);
    container.addSubview(view);
}

/// Adds `view` to `container`, with these distances from its edges.
pub(crate) fn fill(container: &UIView, view: &UIView, (across, down): (CGFloat, CGFloat)) {
    add(container, view);
    let (leading, trailing) = (container.leadingAnchor(), container.trailingAnchor());
    let (top, bottom) = (container.topAnchor(), container.bottomAnchor());
    activate(&[
        view.leadingAnchor()
            .constraintEqualToAnchor_constant(&leading, across),
        view.trailingAnchor()
            .constraintEqualToAnchor_constant(&trailing, -across),
        view.topAnchor()
            .constraintEqualToAnchor_constant(&top, down),
        view.bottomAnchor()
            .constraintEqualToAnchor_constant(&bottom, -down),
    ]);
}

/// Sets the size of `view`.
pub(crate) fn size(view: &UIView, width: CGFloat, height: CGFloat) {
    activate(&[
        view.widthAnchor().constraintEqualToConstant(width),
        view.heightAnchor().constraintEqualToConstant(height),
    ]);
}

/// Centres `view` in `container`.
pub(crate) fn centre(container: &UIView, view: &UIView) {
    add(container, view);
    activate(&[
        view.centerXAnchor()
            .constraintEqualToAnchor(&container.centerXAnchor()),
        view.centerYAnchor()
            .constraintEqualToAnchor(&container.centerYAnchor()),
    ]);
}

/// Activates constraints.
pub(crate) fn activate(constraints: &[Retained<NSLayoutConstraint>]) {
    let mtm = main_thread();
    NSLayoutConstraint::activateConstraints(&NSArray::from_retained_slice(constraints), mtm);
}
