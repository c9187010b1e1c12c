//! Haptics, announcements, and the way to the system's settings.

use objc2_foundation::{NSDictionary, NSString, NSURL};
use objc2_ui_kit::{
    UIAccessibilityAnnouncementNotification, UIAccessibilityPostNotification, UIApplication,
    UIApplicationOpenSettingsURLString, UIImpactFeedbackGenerator, UINotificationFeedbackGenerator,
    UINotificationFeedbackType,
};
use onair_ios_model::Haptic;

use crate::app::ui::main_thread;

/// Gives haptic feedback.
pub(crate) fn play(haptic: Haptic) {
    let kind = match haptic {
        Haptic::Tap => return tap(),
        Haptic::Success => UINotificationFeedbackType::Success,
        Haptic::Failure => UINotificationFeedbackType::Error,
    };
    UINotificationFeedbackGenerator::new(main_thread()).notificationOccurred(kind);
}

/// Lets VoiceOver say something, if it is on.
pub(crate) fn announce(text: &str) {
    let text = NSString::from_str(text);
    // SAFETY: a constant of UIKit, there since iOS 4.
    let kind = unsafe { UIAccessibilityAnnouncementNotification };
    // SAFETY: an announcement's argument is a string.
    unsafe { UIAccessibilityPostNotification(kind, Some(&text)) };
}

/// Opens this app's page of the system's settings.
pub(crate) fn open_settings() {
    let mtm = main_thread();
    // SAFETY: a constant of UIKit, there since iOS 8.
    let text = unsafe { UIApplicationOpenSettingsURLString };
    let Some(url) = NSURL::URLWithString(text) else {
        return;
    };
    let app = UIApplication::sharedApplication(mtm);
    // SAFETY: no options.
    unsafe { app.openURL_options_completionHandler(&url, &NSDictionary::new(), None) };
}

fn tap() {
    UIImpactFeedbackGenerator::new(main_thread()).impactOccurred();
}
