//! Moves recordings from the app's own folder to Photos.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use block2::RcBlock;
use objc2::rc::Retained;
use objc2::runtime::Bool;
use objc2_foundation::{NSError, NSString, NSURL};
use objc2_photos::{PHAccessLevel, PHAssetChangeRequest, PHAuthorizationStatus, PHPhotoLibrary};
use onair_ios_model::Input;

use crate::app::inbox;

/// Copies the file to Photos and removes it, asking for permission if that was never asked. Posts
/// the result.
pub(crate) fn keep(path: PathBuf) {
    let answered = RcBlock::new(move |status: PHAuthorizationStatus| {
        if status == PHAuthorizationStatus::Authorized || status == PHAuthorizationStatus::Limited {
            copy(path.clone());
        } else {
            tell(Err("Photos is not allowed".to_owned()));
        }
    });
    let level = PHAccessLevel::AddOnly;
    // SAFETY: the block may run on any thread: it holds a path alone.
    unsafe { PHPhotoLibrary::requestAuthorizationForAccessLevel_handler(level, &answered) };
}

fn copy(path: PathBuf) {
    let file = path.clone();
    // A file that Photos refuses makes no request, and changing nothing counts as success.
    let is_taken = Arc::new(AtomicBool::new(false));
    let was_taken = Arc::clone(&is_taken);
    let change = RcBlock::new(move || {
        let url = NSURL::fileURLWithPath(&NSString::from_str(&file.to_string_lossy()));
        // SAFETY: called inside a change block, as it has to be.
        let request =
            unsafe { PHAssetChangeRequest::creationRequestForAssetFromVideoAtFileURL(&url) };
        is_taken.store(request.is_some(), Ordering::Release);
    });
    let done = RcBlock::new(move |is_done: Bool, error: *mut NSError| {
        // SAFETY: an error or null, which is retained before it is used.
        let error = unsafe { Retained::retain(error) };
        let is_kept = is_done.as_bool() && was_taken.load(Ordering::Acquire);
        tell(finish(&path, is_kept, error));
    });
    // SAFETY: asks only.
    let library = unsafe { PHPhotoLibrary::sharedPhotoLibrary() };
    // SAFETY: both blocks may run on any thread: what they hold may be sent, and Photos copies them.
    unsafe { library.performChanges_completionHandler(RcBlock::as_ptr(&change), Some(&done)) };
}

fn finish(path: &PathBuf, is_kept: bool, error: Option<Retained<NSError>>) -> Result<(), String> {
    if is_kept {
        // A file that stays is copied again at the next launch: nothing is lost.
        let _stays = std::fs::remove_file(path);
        return Ok(());
    }
    let words = error.map(|error| error.localizedDescription().to_string());
    Err(words.unwrap_or_else(|| "Photos gave no reason".to_owned()))
}

fn tell(result: Result<(), String>) {
    inbox::post(Input::RecordingKept(result));
}
