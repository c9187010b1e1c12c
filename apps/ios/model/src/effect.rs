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
    /// Tell it to ask the device.
    Order(Order),
    /// Tell it to silence the microphone, or not.
    Mute(bool),
    /// Tell its director.
    Tell(director::Event),
    /// Save this text in the user defaults.
    Save(String),
    /// Ask the Keychain for these, and answer with [`Keys`](crate::Input::Keys).
    LoadKeys(Vec<Id>),
    /// Keep this in the Keychain.
    SaveKey(Id, Secret),
    /// Take it out of the Keychain.
    ForgetKey(Id),
    /// Copy a recording to Photos, remove the file, and answer with
    /// [`RecordingKept`](crate::Input::RecordingKept).
    KeepRecording(PathBuf),
    /// Let the phone be felt.
    Haptic(Haptic),
    /// Let VoiceOver say this.
    Announce(String),
    /// Open the system's settings of this app.
    OpenSystemSettings,
}

/// How the phone is felt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Haptic {
    /// A finger was heard.
    Tap,
    /// It worked.
    Success,
    /// It did not.
    Failure,
}
