use std::path::PathBuf;

use onair::Secret;
use onair::av::device::{self, Order};
use onair::director;
use onair::studio::Show;

use crate::Id;

/// Something to do.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Open the camera and the microphone like this, off the main thread, and answer with
    /// [`DeviceReady`](crate::Input::DeviceReady) or [`DeviceFailed`](crate::Input::DeviceFailed).
    OpenDevice(device::Setup),
    /// Tell the studio to go live.
    GoLive(Box<Show>),
    /// Tell it to end the show.
    End,
    /// Tell it to give the device an order.
    Order(Order),
    /// Tell it to silence the microphone, or not.
    Mute(bool),
    /// Tell its director about an event.
    Tell(director::Event),
    /// Save this text in the user defaults.
    Save(String),
    /// Ask the Keychain for these secrets, and answer with [`Keys`](crate::Input::Keys).
    LoadKeys(Vec<Id>),
    /// Save this secret in the Keychain.
    SaveKey(Id, Secret),
    /// Remove it from the Keychain.
    ForgetKey(Id),
    /// Copy a recording to Photos, remove the file, and answer with
    /// [`RecordingKept`](crate::Input::RecordingKept).
    KeepRecording(PathBuf),
    /// Give haptic feedback.
    Haptic(Haptic),
    /// Let VoiceOver say this.
    Announce(String),
    /// Open the system's settings of this app.
    OpenSystemSettings,
}

/// Kinds of haptic feedback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Haptic {
    /// A tap was noticed.
    Tap,
    /// It worked.
    Success,
    /// It did not.
    Failure,
}
