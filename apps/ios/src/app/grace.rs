//! A little more time in the background: viewers should get the slate, servers a goodbye and files
//! an end even if no audio keeps the app running.

use std::cell::Cell;

use block2::RcBlock;
use objc2_ui_kit::{UIApplication, UIBackgroundTaskIdentifier, UIBackgroundTaskInvalid};

use crate::app::ui::main_thread;

thread_local! {
    static TASK: Cell<Option<UIBackgroundTaskIdentifier>> = const { Cell::new(None) };
}

/// Asks for more time. The system gives about half a minute, and kills an app that does not return
/// it.
pub(crate) fn begin() {
    end();
    let app = UIApplication::sharedApplication(main_thread());
    let task = app.beginBackgroundTaskWithExpirationHandler(Some(&RcBlock::new(end)));
    // SAFETY: a constant of UIKit, there since iOS 4.
    let none = unsafe { UIBackgroundTaskInvalid };
    TASK.set(Some(task).filter(|task| *task != none));
}

/// Returns it, if there is any. UIKit calls this on the main thread when the time is over.
pub(crate) fn end() {
    if let Some(task) = TASK.take() {
        UIApplication::sharedApplication(main_thread()).endBackgroundTask(task);
    }
}
