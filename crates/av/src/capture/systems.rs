//! The table of capture systems, and which of them has a device.
//!
//! To add one, write a file with a [`System`] in it and a line here.

#[cfg(target_vendor = "apple")]
use super::apple;
use super::builtin;
use super::session::{CameraHandle, CaptureSession, MicrophoneHandle, System, VideoHandle};
use crate::Error;
use crate::device::{
    Camera, Capabilities, Device, Format, Info, Inlets, Kind, Microphone, Setup, Tell,
};

/// In the order in which they are asked when nothing is named.
static SYSTEMS: &[System] = &[
    builtin::SYSTEM,
    #[cfg(target_vendor = "apple")]
    apple::SYSTEM,
];

/// The devices here; empty where this version captures nothing.
pub fn list() -> Vec<Info> {
    let listed = SYSTEMS.iter().filter(|system| system.is_listed);
    listed.flat_map(|system| (system.list)()).collect()
}

/// Opens a camera, a microphone or both, each from the system that has it. Nothing runs, and the
/// user is not asked for permission, before [`Order::Start`](crate::device::Order::Start).
///
/// # Errors
///
/// When this version captures nothing on this system, or `setup` names what is not there.
pub fn open(setup: &Setup) -> Result<Box<dyn Device>, Error> {
    open_among(SYSTEMS, setup)
}

/// Does `work` so that a program without a user interface notices devices that come and go: a Mac
/// reports them through the main thread's run loop, which runs meanwhile. Call it on the main
/// thread.
pub fn attended<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    #[cfg(target_os = "macos")]
    return apple::beside_run_loop(work);
    #[cfg(not(target_os = "macos"))]
    work()
}

fn open_among(systems: &'static [System], setup: &Setup) -> Result<Box<dyn Device>, Error> {
    let video = setup.camera.as_ref().map(wanted_video);
    let audio = setup.microphone.as_ref().map(wanted_audio);
    let find = |(kind, id)| {
        let none = || {
            Error::unsupported(format!(
                "this version captures from no {kind} here, but on iPhone and Mac"
            ))
        };
        find(systems, kind, id).ok_or_else(none)
    };
    let (video, audio) = (video.map(find).transpose()?, audio.map(find).transpose()?);
    match (video, audio) {
        (Some(video), Some(audio)) if !std::ptr::eq(video, audio) => {
            let audio_alone = Setup {
                camera: None,
                ..setup.clone()
            };
            let video_alone = Setup {
                microphone: None,
                ..setup.clone()
            };
            Ok(Box::new(Opened {
                main: (video.open)(&video_alone)?,
                audio: Some((audio.open)(&audio_alone)?),
            }))
        }
        (Some(system), _) | (None, Some(system)) => Ok(Box::new(Opened {
            main: (system.open)(setup)?,
            audio: None,
        })),
        (None, None) => Err(Error::invalid("neither a camera nor a microphone to open")),
    }
}

/// The system that has what is named; if none has, the first that could, for its refusal.
fn find(systems: &'static [System], kind: Kind, id: Option<&str>) -> Option<&'static System> {
    let could = || systems.iter().filter(|system| system.kinds.contains(&kind));
    let has = |system: &&System| {
        let own = (system.list)();
        let mut own = own.iter().filter(|info| info.kind == kind);
        own.any(|info| id.is_none_or(|id| info.id == id))
    };
    let listed = || could().filter(|system| system.is_listed);
    match id {
        Some(_) => could().find(has).or_else(|| listed().next()),
        None => listed().find(has).or_else(|| listed().next()),
    }
}

fn wanted_video(which: &Camera) -> (Kind, Option<&str>) {
    match which {
        Camera::Facing(_) => (Kind::Camera, None),
        Camera::Id(id) => (Kind::Camera, Some(id)),
        Camera::Screen(id) => (Kind::Screen, id.as_deref()),
    }
}

fn wanted_audio(which: &Microphone) -> (Kind, Option<&str>) {
    match which {
        Microphone::Usual => (Kind::Microphone, None),
        Microphone::Id(id) => (Kind::Microphone, Some(id)),
    }
}

/// One session, or two of different systems driven as one.
struct Opened {
    /// Video; audio too unless that is another system's.
    main: Box<dyn CaptureSession>,
    audio: Option<Box<dyn CaptureSession>>,
}

impl Opened {
    /// Does it with both, with the second even if the first refuses.
    fn each(
        &mut self,
        what: fn(&mut dyn CaptureSession) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let main = what(&mut *self.main);
        let audio = self
            .audio
            .as_mut()
            .map_or(Ok(()), |audio| what(&mut **audio));
        main.and(audio)
    }
}

impl CaptureSession for Opened {
    fn listen(&mut self, tell: Tell) {
        self.audio
            .iter_mut()
            .for_each(|audio| audio.listen(tell.clone()));
        self.main.listen(tell);
    }

    fn attach(&mut self, mut inlets: Inlets) {
        if let Some(audio) = &mut self.audio {
            audio.attach(Inlets {
                frames: None,
                audio: inlets.audio.take(),
            });
        }
        self.main.attach(inlets);
    }

    fn start(&mut self) -> Result<(), Error> {
        self.each(|session| session.start())
    }

    fn stop(&mut self) -> Result<(), Error> {
        self.each(|session| session.stop())
    }

    fn rebuild(&mut self) -> Result<(), Error> {
        self.each(|session| session.rebuild())
    }

    fn format(&self) -> Format {
        let main = self.main.format();
        let audio = self.audio.as_ref().map_or(main, |audio| audio.format());
        Format {
            sample_rate: audio.sample_rate,
            channels: audio.channels,
            ..main
        }
    }

    fn capabilities(&self) -> Capabilities {
        self.main.capabilities()
    }

    fn video(&mut self) -> Option<&mut dyn VideoHandle> {
        self.main.video()
    }

    fn camera(&mut self) -> Option<&mut dyn CameraHandle> {
        self.main.camera()
    }

    fn microphone(&mut self) -> Option<&mut dyn MicrophoneHandle> {
        self.audio.as_mut().unwrap_or(&mut self.main).microphone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::channel;
    use std::time::Instant;

    use onair_media::{FrameRate, Size};

    use super::*;
    use crate::Surface;
    use crate::capture::{AudioSource, VideoSource, live_audio, live_frames};
    use crate::clock::Clock;
    use crate::device::{Event, Order};

    const SIZE: Size = Size::new(64, 48);

    fn rate() -> FrameRate {
        FrameRate::new(30, 1).expect("a rate")
    }

    fn setup() -> Setup {
        let mut setup = Setup::new(SIZE, rate());
        setup.camera = Some(Camera::Id("testcard".to_owned()));
        setup.microphone = Some(Microphone::Id("tone".to_owned()));
        setup
    }

    /// Runs the device; gives a frame's luma sum and whether all audio is silent.
    fn captured(device: &mut dyn Device) -> (u64, bool) {
        let clock = Clock::starting_at(Instant::now());
        let (frames, mut taken) = live_frames(SIZE, rate(), clock);
        let (audio, mut heard) = live_audio(48_000, 2, clock);
        device.attach(Inlets {
            frames: Some(frames),
            audio: Some(audio),
        });
        device.perform(&Order::Start).expect("it starts");
        let frame = taken.next_frame().expect("it gives").expect("frames");
        let Surface::I420(image) = &frame.surface;
        let luma = image.y().iter().map(|luma| u64::from(*luma)).sum();
        let samples = heard.next_samples().expect("it gives").expect("audio");
        device.detach();
        (luma, samples.samples.iter().all(|sample| *sample == 0.0))
    }

    #[test]
    fn what_is_always_there_is_opened_by_name_and_listed_nowhere() {
        assert!(list().iter().all(|info| info.id != "testcard"));
        let mut device = open(&setup()).expect("it is always there");
        let (told, events) = channel();
        device.listen(Arc::new(move |event| told.send(event).expect("a listener")));
        let black = 16 * u64::from(SIZE.width * SIZE.height);
        let (luma, is_silent) = captured(&mut *device);
        assert!(luma > black * 2, "{luma}");
        assert!(!is_silent, "it begins with a beep");
        device.perform(&Order::Stop).expect("it stops");
        assert_eq!(
            events.try_iter().collect::<Vec<_>>(),
            [Event::Started, Event::Stopped]
        );
    }

    #[test]
    fn each_handle_is_asked_for_its_own_and_says_what_it_cannot() {
        let mut device = open(&setup()).expect("it is always there");
        for order in [
            Order::Size(Size::new(32, 32)),
            Order::FrameRate(rate()),
            Order::Microphone(None),
            Order::ActivateAudio,
            Order::Video(false),
        ] {
            assert_eq!(
                device.perform(&order).map_err(|error| error.to_string()),
                Ok(())
            );
        }
        assert_eq!(device.format().size, Size::new(32, 32));
        let refusal = |device: &mut dyn Device, order| match device.perform(&order) {
            Ok(()) => panic!("{order:?} is done"),
            Err(error) => error.to_string(),
        };
        assert_eq!(
            refusal(&mut *device, Order::Torch(true)),
            "unsupported: no camera runs"
        );
        let other = Order::Camera(Camera::Id("x".to_owned()));
        let words = refusal(&mut *device, other);
        assert!(
            words.contains("there is no camera x; there is testcard (Test card)"),
            "{words}"
        );
        assert_eq!(device.capabilities(), Capabilities::default());
    }

    #[test]
    fn a_camera_alone_and_a_microphone_alone_are_devices() {
        let with = |camera: bool, microphone: bool| {
            let mut setup = setup();
            setup.camera = setup.camera.filter(|_| camera);
            setup.microphone = setup.microphone.filter(|_| microphone);
            open(&setup).expect("it is always there")
        };
        for (camera, microphone) in [(true, false), (false, true)] {
            let mut device = with(camera, microphone);
            for order in [Order::ActivateAudio, Order::Start, Order::Video(false)] {
                assert_eq!(device.perform(&order), Ok(()), "{order:?}");
            }
            for order in [Order::Video(true), Order::Stop, Order::DeactivateAudio] {
                assert_eq!(device.perform(&order), Ok(()), "{order:?}");
            }
        }
    }

    /// Systems like V4L2, with cameras, and PulseAudio, with microphones.
    static APART: &[System] = &[
        System {
            kinds: &[Kind::Camera],
            is_listed: true,
            ..builtin::SYSTEM
        },
        System {
            kinds: &[Kind::Microphone],
            is_listed: true,
            ..builtin::SYSTEM
        },
    ];

    #[test]
    fn a_camera_and_a_microphone_of_two_systems_are_one_device() {
        let mut usual = setup();
        usual.camera = Some(Camera::Facing(crate::device::Position::Back));
        usual.microphone = Some(Microphone::Usual);
        for setup in [setup(), usual] {
            let mut device = open_among(APART, &setup).expect("both are there");
            let (told, events) = channel();
            device.listen(Arc::new(move |event| told.send(event).expect("a listener")));
            let (_, is_silent) = captured(&mut *device);
            assert!(!is_silent);
            assert_eq!(events.try_iter().count(), 2, "each tells that it runs");
            assert_eq!((device.format().size, device.format().channels), (SIZE, 2));
        }
    }

    #[test]
    fn what_no_system_could_have_is_unsupported() {
        let mut setup = setup();
        setup.camera = Some(Camera::Screen(None));
        let error = open_among(APART, &setup).err().expect("no screens");
        assert!(
            error
                .to_string()
                .contains("this version captures from no screen here"),
            "{error}"
        );
    }
}
