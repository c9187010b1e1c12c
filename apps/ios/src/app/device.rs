//! The engine's camera and microphone.

use std::sync::Arc;
use std::thread;

use dispatch2::DispatchQueue;
pub(crate) use onair::av::capture::apple::{AppleDevice, Preview};
use onair::av::device::Setup;
use onair::{Error, Studio};
use onair_ios_model::Input;

use crate::app::inbox;

/// Opens what `setup` names, on a thread of its own: the app's first screen does not wait for a
/// camera. `adopt` gets the device on the main thread; a failure is posted.
pub(crate) fn open(setup: Setup, adopt: fn(AppleDevice)) {
    let open = move || match AppleDevice::open(&setup) {
        Ok(device) => DispatchQueue::main().exec_async(move || adopt(device)),
        Err(error) => inbox::post(Input::DeviceFailed(error.to_string())),
    };
    let thread = thread::Builder::new().name("open camera".to_owned());
    if let Err(error) = thread.spawn(open) {
        inbox::post(Input::DeviceFailed(error.to_string()));
    }
}

/// Gives the device to a studio, which starts it.
pub(crate) fn start(device: AppleDevice) -> Result<Studio, Error> {
    let listener = Arc::new(|news| inbox::post(Input::News(news)));
    Studio::open(Box::new(device), listener)
}
