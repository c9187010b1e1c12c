//! Cameras, microphones and screens: parses, finds and starts them.

use onair::av::capture::{list, open};
use onair::av::device::{self, Camera, Info, Kind, Microphone, Position, Setup};
use onair::av::encode::AudioSettings;
use onair::media::{FrameRate, Size};
use onair::studio::Captured;

use crate::failure::Failure;

/// A device as typed: `camera`, `camera:front`, `mic:ID`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    kind: Kind,
    which: Option<String>,
}

impl Ask {
    /// A device's name, perhaps with an id after a colon; `None` if it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (name, which) = match text.split_once(':') {
            Some((name, which)) => (name, Some(which.to_owned())),
            None => (text, None),
        };
        let kind = match name {
            "camera" => Kind::Camera,
            "mic" => Kind::Microphone,
            "screen" => Kind::Screen,
            _ => return None,
        };
        Some(Self { kind, which })
    }

    /// The default microphone.
    pub(super) const fn microphone() -> Self {
        Self {
            kind: Kind::Microphone,
            which: None,
        }
    }

    pub(super) const fn kind(&self) -> Kind {
        self.kind
    }

    /// The device meant, by id or name, among those that exist.
    fn id(&self, there: &[Info]) -> Result<Option<String>, Failure> {
        let Some(which) = &self.which else {
            return Ok(None);
        };
        let of_kind = || there.iter().filter(|info| info.kind == self.kind);
        let by_id = of_kind().find(|info| info.id == *which);
        let by_name = || of_kind().find(|info| info.name.eq_ignore_ascii_case(which));
        match by_id.or_else(by_name) {
            Some(info) => Ok(Some(info.id.clone())),
            None => Err(Failure::usage(device::unknown(self.kind, which, there))),
        }
    }

    fn camera(&self, there: &[Info]) -> Result<Camera, Failure> {
        let facing = match self.which.as_deref() {
            Some("front") => Position::Front,
            _ => Position::Back,
        };
        if self.kind == Kind::Screen {
            return Ok(Camera::Screen(self.id(there)?));
        }
        if matches!(self.which.as_deref(), Some("front" | "back")) {
            return Ok(Camera::Facing(facing));
        }
        Ok(self.id(there)?.map_or(Camera::Facing(facing), Camera::Id))
    }

    fn which_microphone(&self, there: &[Info]) -> Result<Microphone, Failure> {
        Ok(self.id(there)?.map_or(Microphone::Usual, Microphone::Id))
    }
}

/// Starts a camera or a screen, a microphone, or both on one clock.
pub(super) fn start(
    video: Option<&Ask>,
    audio: Option<&Ask>,
    (size, rate): (Size, FrameRate),
) -> Result<Captured, Failure> {
    let there = list();
    refuse_what_is_not_there(&[video, audio], &there)?;
    let mut setup = Setup::new(size, rate);
    setup.camera = video.map(|ask| ask.camera(&there)).transpose()?;
    setup.microphone = audio.map(|ask| ask.which_microphone(&there)).transpose()?;
    let device = open(&setup).map_err(Failure::usage)?;
    let settings = AudioSettings::default();
    Captured::start(device, video.is_some(), audio.map(|_| &settings)).map_err(
        |error| match error {
            onair::Error::System { .. } => Failure::failed(error),
            error => Failure::usage(error),
        },
    )
}

/// A kind of device of which there is none has nothing to choose from.
fn refuse_what_is_not_there(asks: &[Option<&Ask>], there: &[Info]) -> Result<(), Failure> {
    let kinds = asks.iter().flatten().map(|ask| ask.kind);
    let mut missing = kinds.filter(|kind| !there.iter().any(|info| info.kind == *kind));
    missing.next().map_or(Ok(()), |kind| Err(none(kind)))
}

fn none(kind: Kind) -> Failure {
    let cure = match kind {
        Kind::Microphone => "--audio tone, silence, file (a file's own) or none",
        Kind::Camera | Kind::Screen => {
            "--from testcard, a file, or - (stdin, so that FFmpeg can capture: see onair devices)"
        }
    };
    Failure::usage(format_args!(
        "there is no {kind} here that this version can capture from; what works: {cure}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there() -> Vec<Info> {
        vec![
            Info::new(Kind::Camera, "0x1420", "FaceTime HD Camera"),
            Info::new(Kind::Camera, "A1B2", "iPhone Camera"),
            Info::new(Kind::Microphone, "BuiltIn", "MacBook Microphone"),
            Info::new(Kind::Screen, "1", "Main screen, 3024x1964"),
        ]
    }

    fn camera(text: &str) -> Result<Camera, Failure> {
        Ask::parse(text).expect("a device").camera(&there())
    }

    #[test]
    fn where_there_are_cameras_alone_it_is_the_microphone_that_is_missing() {
        let cameras: Vec<_> = there()
            .into_iter()
            .filter(|info| info.kind == Kind::Camera)
            .collect();
        let (camera, microphone) = (Ask::parse("camera"), Ask::microphone());
        let asks = [camera.as_ref(), Some(&microphone)];
        assert_eq!(refuse_what_is_not_there(&asks, &there()), Ok(()));
        let words = refuse_what_is_not_there(&asks, &cameras)
            .unwrap_err()
            .to_string();
        assert!(words.starts_with("there is no microphone here"), "{words}");
        assert!(words.contains("--audio tone"), "{words}");
    }

    #[test]
    fn only_devices_are_devices() {
        for text in ["testcard", "-", "cameras", "camera.mp4", "C:camera", ""] {
            assert_eq!(Ask::parse(text), None, "{text}");
        }
        assert_eq!(Ask::parse("mic"), Some(Ask::microphone()));
    }

    #[test]
    fn cameras_are_asked_for_by_side_id_or_name() {
        let id = |id: &str| Ok(Camera::Id(id.to_owned()));
        assert_eq!(camera("camera"), Ok(Camera::Facing(Position::Back)));
        assert_eq!(camera("camera:front"), Ok(Camera::Facing(Position::Front)));
        assert_eq!(camera("camera:A1B2"), id("A1B2"));
        assert_eq!(camera("camera:facetime hd camera"), id("0x1420"));
        assert_eq!(camera("screen"), Ok(Camera::Screen(None)));
        assert_eq!(camera("screen:1"), Ok(Camera::Screen(Some("1".to_owned()))));
    }

    #[test]
    fn an_id_with_colons_is_whole() {
        let ask = Ask::parse("mic:usb:0:1").expect("a device");
        assert_eq!(ask.which.as_deref(), Some("usb:0:1"));
    }

    #[test]
    fn what_is_not_there_is_answered_with_what_is() {
        let message = "there is no camera webcam; \
                       there is 0x1420 (FaceTime HD Camera), A1B2 (iPhone Camera)";
        assert_eq!(camera("camera:webcam"), Err(Failure::usage(message)));
    }

    #[test]
    fn a_camera_is_no_microphone() {
        let ask = Ask::parse("mic:0x1420").expect("a device");
        assert!(ask.which_microphone(&there()).is_err());
        let ask = Ask::parse("mic:BuiltIn").expect("a device");
        let microphone = Microphone::Id("BuiltIn".to_owned());
        assert_eq!(ask.which_microphone(&there()), Ok(microphone));
    }
}
