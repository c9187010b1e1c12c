//! A phone's screen, as ReplayKit gives it to a broadcast upload extension.
//!
//! An extension may use 50 MB in all. So only the newest frame is handed on, without a copy, and
//! audio is mixed as it comes: a frame or two and a fifth of a second of audio are held.

use super::clocked_inlet::ClockedInlet;
use super::rotator::{Rotator, orientation};
use crate::apple::{SampleBuffer, audio_samples};
use crate::capture::mixer::Mixer;
use crate::capture::orientation::turn_of_exif;
use crate::capture::{AudioInlet, FrameInlet};
use crate::device::{Inlets, Rotation};
use crate::{Error, Surface, VideoFrame};

/// Takes the sample buffers of `RPBroadcastSampleHandler`'s `processSampleBuffer` to inlets.
///
/// Methods are called one at a time, as ReplayKit calls. Times are the host clock's.
pub struct Screen {
    video: Option<ClockedInlet<FrameInlet>>,
    audio: Option<ClockedInlet<AudioInlet>>,
    mixer: Mixer,
    turn: Option<Rotation>,
    rotator: Option<Rotator>,
}

impl Screen {
    /// For these inlets. `turn` brings frames upright for the whole stream; `None` follows what the
    /// first frame says.
    pub fn new(inlets: Inlets, turn: Option<Rotation>) -> Self {
        // A screen is drawn sixty times a second or more.
        inlets
            .frames
            .iter()
            .for_each(FrameInlet::keep_to_frame_rate);
        Self {
            video: inlets.frames.map(ClockedInlet::of_video),
            audio: inlets.audio.map(ClockedInlet::of_audio),
            mixer: Mixer::new(SOURCES),
            turn,
            rotator: None,
        }
    }

    /// Takes a frame (`RPSampleBufferType.video`). Only a frame that has to be turned is copied.
    /// Before iOS 16 none can be turned: a warning is logged, and viewers see them lying.
    ///
    /// # Errors
    ///
    /// When a frame could not be turned.
    pub fn push_video(&mut self, sample: &SampleBuffer) -> Result<(), Error> {
        let Some(to) = &self.video else {
            return Ok(());
        };
        let stamp = sample.presentation_time().nanos();
        let (Some(frame), Some(host)) = (sample.image_buffer(), stamp) else {
            return Ok(());
        };
        let (inlet, timestamp) = (to.inlet.clone(), to.timestamp(host));
        let frame = match self.rotator(sample) {
            Some(rotator) => rotator.rotate(&frame)?,
            None => frame,
        };
        inlet.push(VideoFrame {
            surface: Surface::PixelBuffer(frame),
            timestamp,
        });
        Ok(())
    }

    /// Takes the audio of applications (`RPSampleBufferType.audioApp`).
    ///
    /// # Errors
    ///
    /// When it is not audio that can be read.
    pub fn push_app_audio(&mut self, sample: &SampleBuffer) -> Result<(), Error> {
        self.push_audio(APP, sample)
    }

    /// Takes the user's voice (`RPSampleBufferType.audioMic`).
    ///
    /// # Errors
    ///
    /// When it is not audio that can be read.
    pub fn push_microphone(&mut self, sample: &SampleBuffer) -> Result<(), Error> {
        self.push_audio(MICROPHONE, sample)
    }

    fn push_audio(&mut self, of: usize, sample: &SampleBuffer) -> Result<(), Error> {
        let Some(to) = &self.audio else {
            return Ok(());
        };
        let Some(host) = sample.presentation_time().nanos() else {
            return Ok(());
        };
        let samples = audio_samples(sample, to.timestamp(host))?;
        if let Some(mixed) = self.mixer.push(of, &samples)? {
            to.inlet.push(mixed);
        }
        Ok(())
    }

    /// The rotator, if frames have to be turned. The first frame decides for all.
    fn rotator(&mut self, first: &SampleBuffer) -> Option<&mut Rotator> {
        let turn = *self
            .turn
            .get_or_insert_with(|| turn_of_exif(orientation(first)));
        if turn != Rotation::None && self.rotator.is_none() {
            match Rotator::new(turn) {
                Ok(rotator) => self.rotator = Some(rotator),
                Err(error) => {
                    tracing::warn!(%error, "pictures stay as they lie");
                    self.turn = Some(Rotation::None);
                }
            }
        }
        self.rotator.as_mut()
    }
}

const SOURCES: usize = 2;
const APP: usize = 0;
const MICROPHONE: usize = 1;
