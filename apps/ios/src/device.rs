//! The engine's camera and microphone.

use std::sync::Arc;
use std::thread;

use dispatch2::DispatchQueue;
use onair::Studio;
use onair::av::capture::apple::AppleDevice;
pub(crate) use onair::av::capture::apple::Preview;
use onair::av::device::Setup;
use onair_ios_model::Input;

use crate::driver;

/// Opens what `setup` says, on a thread of its own: the first picture of the app does not wait
/// for a camera. How it went is posted.
pub(crate) fn open(setup: Setup) {
    let open = move || match try_open(&setup) {
        Ok((studio, preview)) => {
            DispatchQueue::main().exec_async(move || driver::adopt(studio, &preview));
        }
        Err(error) => driver::post(Input::DeviceFailed(error)),
    };
    let thread = thread::Builder::new().name("open camera".to_owned());
    if let Err(error) = thread.spawn(open) {
        driver::post(Input::DeviceFailed(error.to_string()));
    }
}

fn try_open(setup: &Setup) -> Result<(Studio, Preview), String> {
    let device = AppleDevice::open(setup).map_err(|error| error.to_string())?;
    let preview = device.preview();
    let listener = Arc::new(|news| driver::post(Input::News(news)));
    let studio = Studio::open(Box::new(device), listener).map_err(|error| error.to_string())?;
    Ok((studio, preview))
}
