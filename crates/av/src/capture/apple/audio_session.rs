//! iOS's audio session: it makes this process one that records, chooses its microphone, and reports
//! interruptions.

use objc2::rc::Retained;
use objc2_avf_audio::{
    AVAudioSession, AVAudioSessionCategoryOptions, AVAudioSessionCategoryPlayAndRecord,
    AVAudioSessionInterruptionNotification, AVAudioSessionInterruptionOptionKey,
    AVAudioSessionInterruptionTypeKey, AVAudioSessionMediaServicesWereLostNotification,
    AVAudioSessionMediaServicesWereResetNotification, AVAudioSessionModeVideoRecording,
    AVAudioSessionPortDescription, AVAudioSessionRouteChangeNotification,
    AVAudioSessionRouteChangeReasonKey, AVAudioSessionSetActiveOptions,
};
use objc2_foundation::{NSError, NSNotification, NSNotificationName};

use super::notifications::{Read, number};
use super::tap::Tap;
use super::{failed, refused};
use crate::Error;
use crate::device::{Event, Info, Kind, Microphone, unknown};

/// Makes the process one that records; whatever else plays goes on.
pub(super) fn activate() -> Result<(), Error> {
    let session = session();
    let options = AVAudioSessionCategoryOptions::MixWithOthers
        | AVAudioSessionCategoryOptions(ALLOW_BLUETOOTH_HFP)
        | AVAudioSessionCategoryOptions::DefaultToSpeaker;
    // SAFETY: a constant that is there since iOS 3.
    let category = unsafe { AVAudioSessionCategoryPlayAndRecord };
    // SAFETY: a constant that is there since iOS 5.
    let mode = unsafe { AVAudioSessionModeVideoRecording };
    let (Some(category), Some(mode)) = (category, mode) else {
        return Err(failed("this system has no category to record with"));
    };
    // SAFETY: a category and a mode that go together, and options that go with both.
    unsafe { session.setCategory_mode_options_error(category, mode, options) }
        .map_err(|error| refused("becoming a process that records", &error))?;
    prefer(&session);
    // SAFETY: the category is set.
    unsafe { session.setActive_error(true) }
        .map_err(|error| refused("taking the microphone", &error))
}

/// Gives the microphone back, and lets interrupted applications go on.
pub(super) fn deactivate() -> Result<(), Error> {
    let options = AVAudioSessionSetActiveOptions::NotifyOthersOnDeactivation;
    // SAFETY: an option that goes with deactivation.
    unsafe { session().setActive_withOptions_error(false, options) }
        .map_err(|error| refused("giving the microphone back", &error))
}

/// Chooses where audio comes from.
pub(super) fn choose(which: &Microphone) -> Result<(), Error> {
    let port = match which {
        Microphone::Usual => None,
        Microphone::Id(id) => {
            let port = ports().into_iter().find(|port| self::id(port) == *id);
            Some(port.ok_or_else(|| unknown(Kind::Microphone, id, &inputs()))?)
        }
    };
    // SAFETY: a port that the session listed, or none.
    unsafe { session().setPreferredInput_error(port.as_deref()) }
        .map_err(|error| refused("choosing the microphone", &error))
}

/// The microphones there are. Some appear only once the session is active.
pub(super) fn inputs() -> Vec<Info> {
    let current = route().map(|port| id(&port));
    let info = |port: Retained<AVAudioSessionPortDescription>| Info {
        is_default: current.as_ref() == Some(&id(&port)),
        id: id(&port),
        name: name(&port),
        kind: Kind::Microphone,
        position: None,
    };
    ports().into_iter().map(info).collect()
}

/// Samples a second and channels, as the hardware gives them now.
pub(super) fn format() -> (u32, u8) {
    let session = session();
    // SAFETY: asks only.
    let rate = unsafe { session.sampleRate() };
    // SAFETY: asks only.
    let channels = unsafe { session.inputNumberOfChannels() };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates; a rate is a small whole number"
    )]
    let rate = rate as u32;
    (rate, u8::try_from(channels).unwrap_or(1).max(1))
}

/// The session's notifications, and how to read them.
pub(super) fn notifications() -> Vec<(&'static NSNotificationName, Read)> {
    // SAFETY: a constant that is there since iOS 6.
    let interrupted = unsafe { AVAudioSessionInterruptionNotification };
    // SAFETY: a constant that is there since iOS 6.
    let route_changed = unsafe { AVAudioSessionRouteChangeNotification };
    // SAFETY: a constant that is there since iOS 7.
    let were_lost = unsafe { AVAudioSessionMediaServicesWereLostNotification };
    // SAFETY: a constant that is there since iOS 6.
    let were_reset = unsafe { AVAudioSessionMediaServicesWereResetNotification };
    let all: [(_, Read); 4] = [
        (interrupted, interruption),
        (route_changed, route_change),
        (were_lost, lost),
        (were_reset, reset),
    ];
    let named = all
        .into_iter()
        .filter_map(|(name, read)| Some((name?, read)));
    named.collect()
}

fn session() -> Retained<AVAudioSession> {
    // SAFETY: takes nothing.
    unsafe { AVAudioSession::sharedInstance() }
}

/// Asks for what would be better, but is not needed.
fn prefer(session: &AVAudioSession) {
    // SAFETY: a plain number.
    let rate = unsafe { session.setPreferredSampleRate_error(PREFERRED_RATE) };
    shrug(rate, "a sample rate of 48 kHz");
    // SAFETY: there since iOS 14.5.
    let calm = unsafe { session.setPrefersNoInterruptionsFromSystemAlerts_error(true) };
    shrug(calm, "no interruption by the announcement of a call");
}

fn shrug(result: Result<(), Retained<NSError>>, wish: &str) {
    if let Err(error) = result {
        let reason = error.localizedDescription();
        tracing::warn!(%reason, "the audio session refuses {wish}");
    }
}

fn interruption(note: &NSNotification, _: &Tap) -> Option<Event> {
    // SAFETY: a constant that is there since iOS 6.
    let kind = unsafe { AVAudioSessionInterruptionTypeKey }?;
    // SAFETY: a constant that is there since iOS 6.
    let options = unsafe { AVAudioSessionInterruptionOptionKey }?;
    // AVAudioSessionTypes.h, AVAudioSessionInterruptionType and -Options.
    match number(note, kind)? {
        1 => Some(Event::AudioInterrupted),
        0 => Some(Event::AudioInterruptionEnded {
            should_resume: number(note, options).is_some_and(|options| options & 1 != 0),
        }),
        _ => None,
    }
}

fn route_change(note: &NSNotification, _: &Tap) -> Option<Event> {
    // SAFETY: a constant that is there since iOS 6.
    let reason = unsafe { AVAudioSessionRouteChangeReasonKey }?;
    Some(Event::RouteChanged {
        input: route().map(|port| name(&port)),
        lost: number(note, reason) == Some(OLD_DEVICE_UNAVAILABLE),
    })
}

fn lost(_: &NSNotification, _: &Tap) -> Option<Event> {
    Some(Event::ServicesLost)
}

fn reset(_: &NSNotification, _: &Tap) -> Option<Event> {
    Some(Event::ServicesReset)
}

/// Where audio comes from now.
fn route() -> Option<Retained<AVAudioSessionPortDescription>> {
    // SAFETY: asks only.
    let route = unsafe { session().currentRoute() };
    // SAFETY: asks only.
    unsafe { route.inputs() }.firstObject()
}

fn ports() -> Vec<Retained<AVAudioSessionPortDescription>> {
    // SAFETY: asks only.
    let ports = unsafe { session().availableInputs() };
    ports.map_or_else(Vec::new, |ports| ports.to_vec())
}

fn id(port: &AVAudioSessionPortDescription) -> String {
    // SAFETY: asks only.
    unsafe { port.UID() }.to_string()
}

fn name(port: &AVAudioSessionPortDescription) -> String {
    // SAFETY: asks only.
    unsafe { port.portName() }.to_string()
}

/// `AVAudioSessionCategoryOptionAllowBluetooth`, `…AllowBluetoothHFP` since iOS 26: by value, since
/// its name has changed.
const ALLOW_BLUETOOTH_HFP: usize = 0x4;
const PREFERRED_RATE: f64 = 48_000.0;
/// AVAudioSessionTypes.h, AVAudioSessionRouteChangeReasonOldDeviceUnavailable.
const OLD_DEVICE_UNAVAILABLE: isize = 2;
