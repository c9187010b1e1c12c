//! A moment more in the background: viewers are to get the slate, servers a goodbye and files an
//! end even where no sound keeps the app awake.

use std::cell::Cell;

use block2::RcBlock;
use objc2_ui_kit::{UIApplication, UIBackgroundTaskIdentifier, UIBackgroundTaskInvalid};

use crate::app::ui::main_thread;

thread_local! {
    static TASK: Cell<Option<UIBackgroundTaskIdentifier>> = const { Cell::new(None) };
}

/// Asks for it. The system gives about half a minute, and kills an app that does not give it back.
pub(crate) fn begin() {
    end();
    let app = UIApplication::sharedApplication(main_thread());
    let task = app.beginBackgroundTaskWithExpirationHandler(Some(&RcBlock::new(end)));
    // SAFETY: a constant of UIKit, there since iOS 4.
    let none = unsafe { UIBackgroundTaskInvalid };
    TASK.set(Some(task).filter(|task| *task != none));
}

/// Gives it back, if it was given. UIKit calls this on the main thread when the moment is over.
pub(crate) fn end() {
    if let Some(task) = TASK.take() {
        UIApplication::sharedApplication(main_thread()).endBackgroundTask(task);
    }
}
