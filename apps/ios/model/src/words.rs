//! Every sentence a user reads or hears. English, in one place.

use onair::director::Why;
use onair::media::Bitrate;
use onair::{Failure, Fault};

pub(crate) const READY: &str = "Ready";
pub(crate) const STARTING: &str = "Starting";
pub(crate) const CONNECTING: &str = "Connecting";
pub(crate) const RECONNECTING: &str = "Reconnecting";
pub(crate) const ENDING: &str = "Ending";
pub(crate) const GOOD: &str = "Good";
pub(crate) const OFFLINE: &str = "Offline";
pub(crate) const TOO_SLOW: &str = "Line too slow";
pub(crate) const SLOW: &str = "Line slow";
pub(crate) const WEAK: &str = "Line weak";
pub(crate) const OVERLOAD: &str = "Phone too slow";
pub(crate) const HOT: &str = "Hot";
pub(crate) const FROZEN: &str = "Picture stands still";
pub(crate) const FROZEN_TITLE: &str = "Viewers see a still picture";
pub(crate) const FROZEN_CURE: &str = "The phone needs its encoder elsewhere. Wait a moment.";
pub(crate) const STILL_TITLE: &str = "The camera gives no pictures";
pub(crate) const STILL_CURE: &str =
    "Viewers see the last one. If it stays so, flip the camera, or end the show and begin again.";
pub(crate) const SILENT_TITLE: &str = "The microphone gives no sound";
pub(crate) const SILENT_CURE: &str =
    "Viewers hear silence. If it stays so, end the show and begin again.";
pub(crate) const MUTED: &str = "Muted";
pub(crate) const FEW_PICTURES: &str = "Few pictures";
pub(crate) const NO_PICTURE: &str = "No picture";
pub(crate) const NO_SOUND: &str = "No sound";
pub(crate) const NOT_RECORDING: &str = "Not recording";
pub(crate) const NO_READING: &str = "–";

pub(crate) const NO_NETWORK: &str = "No network";
pub(crate) const OFFLINE_CURE: &str = "Turn on Wi-Fi or mobile data.";
pub(crate) const CAMERA_ITSELF: &str = "camera";
pub(crate) const MICROPHONE_ITSELF: &str = "microphone";
pub(crate) const LINE_LOST: &str = "The connection was lost";
pub(crate) const PICTURES_LOST: &str = "Viewers miss pictures";
pub(crate) const SOUND_ALONE: &str = "Only sound is sent until it carries more.";
pub(crate) const LINE_LAGS: &str = "The line lags";
pub(crate) const SLOW_CURE: &str =
    "The line does not carry the bitrate. Move closer to Wi-Fi, or choose a lower one next time.";
pub(crate) const OVERLOAD_TITLE: &str = "The phone does not keep up";
pub(crate) const OVERLOAD_CURE: &str =
    "Pictures are left out. Close other apps, or choose a smaller size or frame rate next time.";
pub(crate) const HOT_TITLE: &str = "The phone is hot";
pub(crate) const HOT_CURE: &str =
    "Quality is lower until it cools. Take it out of the sun, and off the charger.";
pub(crate) const FEW_PICTURES_TITLE: &str = "The camera takes few pictures";
pub(crate) const FEW_PICTURES_CURE: &str = "It may be too dark: more light helps.";
pub(crate) const RECORDING_STOPPED: &str = "The recording stopped; the show goes on";
pub(crate) const NO_PICTURE_NOR_SOUND: &str = "No picture and no sound";
pub(crate) const OPEN_SETTINGS: &str = "Open Settings";

pub(crate) const CAMERA_FAILED: &str = "The camera did not start";
pub(crate) const NOT_STARTED: &str = "The show did not start";
pub(crate) const SHOW_FAILED: &str = "The show ended";
pub(crate) const ON_AIR: &str = "On air";
pub(crate) const KEPT: &str = "Recording saved to Photos";
pub(crate) const NOT_KEPT: &str = "The recording is not in Photos";
pub(crate) const NOT_KEPT_CURE: &str = "Allow this app to add to Photos in Settings; the \
    recording is kept, and is tried again when the app is opened next.";
pub(crate) const KEY_NOT_KEPT: &str = "The key was not saved";
pub(crate) const BAD_BITRATE: &str = "Bitrate: a number of kbit/s from 200 to 50000";

pub(crate) const END_TITLE: &str = "End the show?";
pub(crate) const END_TEXT: &str = "Viewers see it end at once.";
pub(crate) const END: &str = "End";
pub(crate) const KEEP_ON: &str = "Keep on";
pub(crate) const OK: &str = "OK";
pub(crate) const CANCEL: &str = "Cancel";
pub(crate) const NOWHERE_TITLE: &str = "Where should it go?";
pub(crate) const NOWHERE_TEXT: &str = "Add the server and the stream key that your service gives \
    you, or a code with both.";
pub(crate) const ALL_OFF_TITLE: &str = "No destination is on";
pub(crate) const ALL_OFF_TEXT: &str = "Turn on where the show should go, in the settings.";
pub(crate) const FULL_TITLE: &str = "The list is full";
pub(crate) const FULL_TEXT: &str = "Delete a destination before you add another.";
pub(crate) const TYPE: &str = "Type";
pub(crate) const SCAN: &str = "Scan";
pub(crate) const ADD: &str = "Add";
pub(crate) const ADD_TITLE: &str = "Add this destination?";
pub(crate) const BAD_LINK: &str = "This link cannot be used";
pub(crate) const DELETE: &str = "Delete";
pub(crate) const DELETE_TITLE: &str = "Delete this destination?";
pub(crate) const DELETE_TEXT: &str = "Its key goes from this phone, too.";

pub(crate) const SETTINGS: &str = "Settings";
pub(crate) const SCANNER: &str = "Scan a code";
pub(crate) const SCANNER_TEXT: &str =
    "Hold the camera over a code with the server and the stream key.";
pub(crate) const DESTINATIONS: &str = "Destinations";
pub(crate) const DESTINATIONS_FOOTER: &str = "A show goes to all that are on.";
pub(crate) const ADD_DESTINATION: &str = "Add a destination";
pub(crate) const SCAN_CODE: &str = "Scan a code";
pub(crate) const PICTURE: &str = "Picture";
pub(crate) const SIZE: &str = "Size";
pub(crate) const FRAME_RATE: &str = "Frames a second";
pub(crate) const BITRATE: &str = "Bitrate";
pub(crate) const BITRATE_HINT: &str = "In kilobits a second; leave it empty for a good guess";
pub(crate) const STABILISATION: &str = "Steady the picture";
pub(crate) const STABILISATIONS: [&str; 3] = ["Off", "Standard", "Cinematic"];
pub(crate) const CAMERA: &str = "Camera at the start";
pub(crate) const CAMERAS: [&str; 2] = ["Back", "Front"];
pub(crate) const PICTURE_FOOTER: &str = "How you hold the phone when a show begins makes it \
    upright or wide. Cinematic steadiness makes the picture late.";
pub(crate) const RECORDING: &str = "Recording";
pub(crate) const RECORD: &str = "Save shows to Photos";
pub(crate) const ON_AIR_FOOTER: &str = "On air, this stays as it is.";
pub(crate) const NEW_DESTINATION: &str = "New destination";
pub(crate) const NAME: &str = "Name";
pub(crate) const NAME_PLACEHOLDER: &str = "What you call it";
pub(crate) const SERVER: &str = "Server";
pub(crate) const SERVER_PLACEHOLDER: &str = "rtmps://host/app";
pub(crate) const KEY: &str = "Stream key";
pub(crate) const KEY_PLACEHOLDER: &str = "From your service";
pub(crate) const KEY_SAVED: &str = "Saved on this phone";
pub(crate) const ACTIVE: &str = "Shows go there";
pub(crate) const SAVE: &str = "Save";
pub(crate) const ADDRESS_FOOTER: &str = "Paste both from your service. Whoever has the key can \
    go on air in your name: it stays in this phone's Keychain.";
pub(crate) const KEY_MISSING: &str = "no key on this phone: enter it again";
pub(crate) const SERVER_MISSING: &str = "Enter the server first.";
pub(crate) const CODE_WITHOUT_SERVER: &str = "There is no server in this code.";

pub(crate) const VOICE_RECORD: &str = "Go live";
pub(crate) const VOICE_RECORD_HINT: &str = "Starts the show";
pub(crate) const VOICE_END: &str = "End the show";
pub(crate) const VOICE_END_HINT: &str = "Asks first when viewers can see it";
pub(crate) const VOICE_FLIP: &str = "Camera";
pub(crate) const VOICE_FLIP_HINT: &str = "Changes to the other camera";
pub(crate) const VOICE_TORCH: &str = "Light";
pub(crate) const VOICE_TORCH_HINT: &str = "Turns the light on or off";
pub(crate) const VOICE_MUTE: &str = "Microphone";
pub(crate) const VOICE_MUTE_HINT: &str = "Silences the microphone, or lets it be heard";
pub(crate) const VOICE_SETTINGS_HINT: &str = "Destinations, picture and recording";
pub(crate) const VOICE_STATUS: &str = "Show";
pub(crate) const VOICE_PICTURE: &str = "Picture of the camera";
pub(crate) const VOICE_PICTURE_HINT: &str = "Tap to focus, pinch to zoom";
pub(crate) const ON: &str = "On";
pub(crate) const OFF: &str = "Off";
pub(crate) const BACK: &str = "Back";
pub(crate) const FRONT: &str = "Front";
pub(crate) const HEARD: &str = "Heard";
pub(crate) const SILENT: &str = "Silent";
pub(crate) const HINT_OPENS: &str = "Turns it on or off";
pub(crate) const HINT_PICK: &str = "Shows what there is to choose from";

/// In words that fit beside a clock.
pub(crate) fn bitrate(bitrate: Bitrate) -> String {
    let kbps = bitrate.as_kbps();
    if kbps < 1000 {
        format!("{kbps} kbit/s")
    } else {
        let tenths = (kbps + 50) / 100;
        format!("{}.{} Mbit/s", tenths / 10, tenths % 10)
    }
}

pub(crate) fn line_carries(bits: Bitrate) -> String {
    format!("The line carries {}", bitrate(bits))
}

pub(crate) fn video_takes(video: Bitrate, wanted: Bitrate) -> String {
    let (video, wanted) = (bitrate(video), bitrate(wanted));
    format!("Pictures are simpler until it carries more: {video} of {wanted}.")
}

pub(crate) fn input(name: &str) -> String {
    format!("Sound comes from {name}")
}

pub(crate) fn ended(clock: &str) -> String {
    format!("Ended after {clock}")
}

pub(crate) fn some_on_air(live: usize, all: usize) -> String {
    format!("{live} of {all} on air")
}

pub(crate) fn not_on_air_yet(name: &str) -> String {
    format!("{name} is not on air yet")
}

pub(crate) fn reconnecting_to(name: &str) -> String {
    format!("{name} is being connected anew")
}

pub(crate) fn given_up(name: &str) -> String {
    format!("{name} was given up")
}

pub(crate) fn key_missing(name: &str) -> String {
    format!("{name}: {KEY_MISSING}")
}

pub(crate) fn add_text(name: &str, server: &str) -> String {
    format!("{name}\n{server}\n\nAdd it only if you trust whoever gave you the link.")
}

pub(crate) fn auto_bitrate(kbps: u64) -> String {
    format!("Automatic: {kbps}")
}

pub(crate) fn unusable_code(why: &str) -> String {
    format!("This code cannot be used: {why}.")
}

/// Why `what` gives no picture or no audio, and what to do about it.
pub(crate) fn why(why: Why, what: &str) -> String {
    match why {
        Why::NotAllowed => format!("This app may not use the {what}. Allow it in Settings."),
        Why::Background => "It comes back with the app.".to_owned(),
        Why::InUse => format!("A call or another app has the {what}; it comes back afterwards."),
        Why::SharedScreen => "Another app shares the screen. Give this one all of it.".to_owned(),
        Why::Heat => "The phone is too hot. Let it cool down.".to_owned(),
        Why::ServicesLost => "The phone restarts its media services. Wait a moment.".to_owned(),
        Why::Failed => format!("The {what} stopped, and is being started again."),
    }
}

/// The label of a button that helps.
pub(crate) fn button(why: Why) -> Option<String> {
    (why == Why::NotAllowed).then(|| OPEN_SETTINGS.to_owned())
}

/// What went wrong, in the engine's or the server's words, and what to do about it.
pub(crate) fn with_cure(failure: &Failure) -> String {
    let words = sentence(&failure.to_string());
    match cure(failure.fault) {
        Some(cure) => format!("{words} {cure}"),
        None => words,
    }
}

/// A capital letter at the beginning and one full stop at the end.
pub(crate) fn sentence(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let mut rest = text.chars();
    let first = rest.next().into_iter().flat_map(char::to_uppercase);
    first.chain(rest.clone()).chain(['.']).collect()
}

/// `None` if the words say it all.
const fn cure(fault: Fault) -> Option<&'static str> {
    use Fault as F;
    Some(match fault {
        F::KeyInUse => {
            "Another publisher is using this key. Stop it, or wait: some servers hold a key for \
             up to 90 s after a lost connection."
        }
        F::NobodyListens => "Is the server running, and are host and port right?",
        F::UnknownHost => "Check the server's name in the settings.",
        F::Unreachable => "Is there a network, and does it lead to the server?",
        F::CertificateExpired => "Its owner has to renew it, or this phone's clock is wrong.",
        F::CertificateName => "Use the server name the service gives.",
        F::CertificateUntrusted => {
            "Install the certificate that signed it on this phone, and trust it in Settings."
        }
        F::CertificateUnusable => "The server's owner has to replace it.",
        F::NotTls => "Write rtmp:// for a server without TLS.",
        F::AddressUnusable => "Check the server's address in the settings: rtmps://host/app.",
        F::LoginRejected => "Check user name and password in the server's address.",
        F::LoginNeeded => "Write them into the server: rtmp://user:password@host/app.",
        F::KeyRejected => "Check the stream key: mistyped, expired, or for another server?",
        F::AppUnknown => "Check the server's address: what follows the host.",
        F::RedirectRefused => "Enter the server's address that the service shows now.",
        F::AcceptedThenDropped => {
            "Check the stream key, and whether the service takes this size and frame rate."
        }
        F::DiskFull => "Make room on the phone.",
        F::Stalled => "Is the line fast enough for the bitrate?",
        F::TimedOut => "Check the port (1935 for rtmp, 443 for rtmps), or try another network.",
        F::TlsFailed
        | F::CodecRefused
        | F::Refused
        | F::ServerMisbehaved
        | F::ServerClosed
        | F::NothingToWatch
        | F::ConnectionBroken
        | F::Renewed
        | F::DiskStuck
        | F::FileUnwritable
        | F::Internal => return None,
    })
}
