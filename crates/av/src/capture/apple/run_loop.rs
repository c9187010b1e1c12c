use std::panic::resume_unwind;
use std::thread;
use std::time::Duration;

use objc2_core_foundation::{CFRunLoop, CFRunLoopRunResult, kCFRunLoopDefaultMode};

/// Does `work` on another thread while the main thread's loop runs.
pub(crate) fn beside_run_loop<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let worker = scope.spawn(work);
        while !worker.is_finished() {
            turn();
        }
        worker.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

/// Lets the loop run for a moment. A loop with nothing to wait for returns at once.
fn turn() {
    // SAFETY: a constant that is there since macOS 10.0.
    let mode = unsafe { kCFRunLoopDefaultMode };
    let result = CFRunLoop::run_in_mode(mode, TURN.as_secs_f64(), false);
    if result == CFRunLoopRunResult::Finished {
        thread::sleep(TURN);
    }
}

/// By how much the end of the work may be noticed late.
const TURN: Duration = Duration::from_millis(100);
