//! A phone's screen, as ReplayKit gives it to a broadcast upload extension.
//!
//! An extension may use 50 MB, all told. So pictures are handed on where they lie, the newest
//! only, and sound is mixed as it comes; what is held is a picture or two and a fifth of a second
//! of sound.

use super::line::Line;
use super::rotator::Rotator;
use crate::apple::{PixelBuffer, SampleBuffer, audio_samples};
use crate::capture::aim::turn_of_exif;
use crate::capture::mixer::Mixer;
use crate::capture::{PictureInlet, SoundInlet};
use crate::device::{Inlets, Rotation};
use crate::{Error, Surface, VideoFrame};

/// Takes what `RPBroadcastSampleHandler`'s `processSampleBuffer` is given, and hands it to inlets.
///
/// Methods are called one at a time, as ReplayKit calls. What is stamped is stamped by the host's
/// clock.
pub struct Screen {
    pictures: Option<Line<PictureInlet>>,
    sound: Option<Line<SoundInlet>>,
    mixer: Mixer,
    turn: Option<Rotation>,
    rotator: Option<Rotator>,
}

impl Screen {
    /// For these inlets. `turn` brings pictures upright for the length of the stream; `None`
    /// takes what the first picture says of itself.
    pub fn new(inlets: Inlets, turn: Option<Rotation>) -> Self {
        Self {
            pictures: inlets.pictures.map(Line::of_pictures),
            sound: inlets.sound.map(Line::of_sound),
            mixer: Mixer::new(SOUNDS),
            turn,
            rotator: None,
        }
    }

    /// Takes a picture (`RPSampleBufferType.video`). None that needs no turn is copied.
    ///
    /// # Errors
    ///
    /// When a picture that has to be turned cannot be, as before iOS 16.
    pub fn push_video(&mut self, sample: &SampleBuffer) -> Result<(), Error> {
        let Some(line) = &self.pictures else {
            return Ok(());
        };
        let stamp = sample.presentation_time().nanos();
        let (Some(picture), Some(host)) = (sample.image_buffer(), stamp) else {
            return Ok(());
        };
        let (inlet, timestamp) = (line.inlet.clone(), line.timestamp(host));
        let turn = *self.turn.get_or_insert_with(|| own_turn(sample));
        inlet.push(VideoFrame {
            surface: Surface::PixelBuffer(self.upright(picture, turn)?),
            timestamp,
        });
        Ok(())
    }

    /// Takes the sound of whatever runs (`RPSampleBufferType.audioApp`).
    ///
    /// # Errors
    ///
    /// When it is not sound that can be read.
    pub fn push_app_sound(&mut self, sample: &SampleBuffer) -> Result<(), Error> {
        self.push_sound(APP, sample)
    }

    /// Takes the user's voice (`RPSampleBufferType.audioMic`).
    ///
    /// # Errors
    ///
    /// When it is not sound that can be read.
    pub fn push_microphone(&mut self, sample: &SampleBuffer) -> Result<(), Error> {
        self.push_sound(MICROPHONE, sample)
    }

    fn push_sound(&mut self, of: usize, sample: &SampleBuffer) -> Result<(), Error> {
        let Some(line) = &self.sound else {
            return Ok(());
        };
        let Some(host) = sample.presentation_time().nanos() else {
            return Ok(());
        };
        let samples = audio_samples(sample, line.timestamp(host))?;
        if let Some(mixed) = self.mixer.push(of, &samples)? {
            line.inlet.push(mixed);
        }
        Ok(())
    }

    fn upright(&mut self, picture: PixelBuffer, turn: Rotation) -> Result<PixelBuffer, Error> {
        if turn == Rotation::None {
            return Ok(picture);
        }
        let rotator = match &mut self.rotator {
            Some(rotator) => rotator,
            none => none.insert(Rotator::new(turn)?),
        };
        rotator.rotate(&picture)
    }
}

/// What turn a picture says it needs.
fn own_turn(sample: &SampleBuffer) -> Rotation {
    turn_of_exif(super::rotator::orientation(sample))
}

const SOUNDS: usize = 2;
const APP: usize = 0;
const MICROPHONE: usize = 1;
