//! What is kept from one launch to the next, except secrets.

use std::path::PathBuf;

use objc2_foundation::{NSHomeDirectory, NSString, NSUserDefaults, ns_string};

/// The text saved last.
pub(crate) fn load() -> Option<String> {
    let text = NSUserDefaults::standardUserDefaults().stringForKey(key());
    text.map(|text| text.to_string())
}

/// Replaces the saved text.
pub(crate) fn save(text: &str) {
    let text = NSString::from_str(text);
    // SAFETY: a string is a property list's value.
    unsafe { NSUserDefaults::standardUserDefaults().setObject_forKey(Some(&text), key()) };
}

/// Where recordings are made: in Files the user finds those that did not get to Photos.
pub(crate) fn recordings() -> PathBuf {
    let home = NSHomeDirectory().to_string();
    PathBuf::from(home).join("Documents")
}

fn key() -> &'static NSString {
    ns_string!("onair")
}
