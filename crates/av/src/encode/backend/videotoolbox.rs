//! H.264 and HEVC by VideoToolbox: the encoder in an iPhone's or a Mac's hardware.
//!
//! - **Frames** from the camera go in as they are; a frame in memory is copied once, into a
//!   buffer of the encoder's pool. Payloads are the encoder's memory: no byte of a packet is
//!   copied on its way out.
//! - **Time**: the encoder works in the background and reports finished frames on a system
//!   thread, which stores the frame and wakes whoever asked for it. Nothing here waits with a
//!   timeout, which would delay the next frame or give up on this one. Only when more than
//!   [`MAX_IN_FLIGHT`] frames are inside does the next one wait for the oldest, so that frames
//!   from a file do not pile up.
//! - **Loss**: when the app leaves the screen, the media services die or the hardware goes
//!   wrong, the session is dropped and another opened at once, whose first frame is an IDR
//!   frame. While none opens, frames give [`Error::Lost`]; attempts are [`RETRY`] of frame time
//!   apart. Once an encoder has given a frame, every failure counts as a loss: what worked may
//!   work again, and a broadcast should not end over it. Before that, an unknown status is a
//!   failure.
//! - **Keyframes** only where asked: the cadence is ours, and the encoder's limits lie beyond it.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;
use std::{fmt, mem};

use objc2_core_foundation::{CFBoolean, CFDictionary};
use onair_media::{Bitrate, FrameRate, Kind, Packet, Size, Timestamp, VideoCodec};

use self::outputs::Outputs;
use self::properties::Properties;
use self::stream::Stream;
use super::{EncoderInfo, VideoBackend};
use crate::apple::sys::video_toolbox::kVTEncodeFrameOptionKey_ForceKeyFrame;
use crate::apple::{CompressionSession, FourCharCode, Output, PixelBuffer, Status, Time};
use crate::encode::scale::Scaler;
use crate::encode::settings::VideoSettings;
use crate::{Error, Surface, VideoFrame};

mod outputs;
mod properties;
mod stream;

pub(super) const NAME: &str = "videotoolbox";

pub(super) fn info() -> EncoderInfo {
    EncoderInfo {
        name: NAME,
        kind: Kind::Video,
        codec: "H.264, HEVC",
        // An iPhone has nothing else; on a Mac the system chooses when a session is made.
        hardware: cfg!(target_os = "ios").then_some(true),
        notes: Vec::new(),
        default: true,
    }
}

pub(super) fn open(settings: &VideoSettings) -> Result<Box<dyn VideoBackend>, Error> {
    check(settings)?;
    let mut encoder = VideoToolbox {
        stream: Stream::new(settings),
        scaler: Scaler::default(),
        properties: Properties::new(settings)?,
        settings: settings.clone(),
        session: None,
        waker: Waker::noop().clone(),
        has_worked: false,
        owes_idr: false,
        dropped: 0,
        loss: String::new(),
        attempted: None,
    };
    encoder.session = Some(encoder.open_session().map_err(Failure::into_error)?);
    Ok(Box::new(encoder))
}

struct VideoToolbox {
    settings: VideoSettings,
    properties: Properties,
    stream: Stream,
    scaler: Scaler,
    /// `None` while it is lost.
    session: Option<Session>,
    waker: Waker,
    /// A frame has come out.
    has_worked: bool,
    /// The next frame has to be an IDR frame, asked for or not.
    owes_idr: bool,
    /// Frames that the encoder skipped or lost and that are not reported yet.
    dropped: u64,
    /// Why there is no session, if there is none.
    loss: String,
    /// When the latest attempt to get another session was made.
    attempted: Option<Timestamp>,
}

/// A session, the frames inside, and what came out.
struct Session {
    encoder: CompressionSession,
    outputs: Arc<Outputs>,
    in_flight: VecDeque<Time>,
}

impl VideoBackend for VideoToolbox {
    fn encode(&mut self, frame: &VideoFrame, idr: bool) -> Result<Vec<Packet>, Error> {
        self.owes_idr |= idr;
        let mut packets = self.completed()?;
        let submitted = self.submit(frame, &mut packets);
        packets.append(&mut self.completed()?);
        match submitted {
            // A loss is reported alone, so this is reported with the next frame.
            Err(Error::Lost { .. }) if !packets.is_empty() => Ok(packets),
            Err(error) => Err(error),
            Ok(()) => Ok(packets),
        }
    }

    fn completed(&mut self) -> Result<Vec<Packet>, Error> {
        let mut packets = Vec::new();
        while let Some(output) = self.session.as_mut().and_then(Session::next_output) {
            packets.extend(self.handle_output(output)?);
        }
        Ok(packets)
    }

    fn wake(&mut self, waker: Waker) {
        if let Some(session) = &self.session {
            session.outputs.wake(waker.clone());
        }
        self.waker = waker;
    }

    fn take_dropped(&mut self) -> u64 {
        mem::take(&mut self.dropped)
    }

    fn set_bitrate(&mut self, bitrate: Bitrate) -> Result<(), Error> {
        let Some(session) = &self.session else {
            return Err(lost(&self.loss));
        };
        match self.properties.retune(&session.encoder, bitrate) {
            Err(failure) if failure.is_loss() => {
                self.lose(&failure);
                Err(lost(&self.loss))
            }
            // A refused rate is not a loss.
            result => result.map_err(Failure::into_error),
        }
    }

    fn set_frame_rate(&mut self, rate: FrameRate) -> Result<(), Error> {
        self.stream.set_frame_rate(rate);
        let Some(session) = &self.session else {
            self.properties.set_frame_rate(rate);
            return Ok(());
        };
        match self.properties.change_frame_rate(&session.encoder, rate) {
            Err(failure) if failure.is_loss() => {
                self.lose(&failure);
                Ok(())
            }
            result => result.map_err(Failure::into_error),
        }
    }

    fn finish(&mut self) -> Result<Vec<Packet>, Error> {
        if let Some(session) = &self.session
            && let Err(status) = session.encoder.complete(None)
        {
            tracing::warn!("{NAME}: what was still inside is lost: {status}");
        }
        self.completed()
    }

    fn name(&self) -> &'static str {
        NAME
    }
}

impl VideoToolbox {
    /// Hands a frame over, to a new session if there is none or the old one proves lost.
    fn submit(&mut self, frame: &VideoFrame, packets: &mut Vec<Packet>) -> Result<(), Error> {
        if self.session.is_some() {
            match self.submit_to_session(frame) {
                Err(failure) if self.is_loss(&failure) => {
                    packets.append(&mut self.completed()?);
                    self.lose(&failure);
                }
                Err(failure) => return Err(self.fail(failure)),
                Ok(()) => return Ok(()),
            }
        }
        self.reopen(frame.timestamp)?;
        self.submit_to_session(frame)
            .map_err(|failure| self.fail(failure))
    }

    fn submit_to_session(&mut self, frame: &VideoFrame) -> Result<(), Failure> {
        let Some(session) = &mut self.session else {
            return Err(Failure::new("encoding", Status::INVALID_SESSION));
        };
        let image = match &frame.surface {
            // The session brings it to its own size, in hardware.
            Surface::PixelBuffer(buffer) => buffer.clone(),
            Surface::I420(image) => {
                let image = self.scaler.fit(Cow::Borrowed(image), self.settings.size)?;
                session.encoder.copy_in(&image)?
            }
        };
        session.submit(&image, frame.timestamp, self.owes_idr)?;
        self.owes_idr = false;
        Ok(())
    }

    /// Opens another session, whose first frame is an IDR frame.
    fn reopen(&mut self, now: Timestamp) -> Result<(), Error> {
        if self.attempted.is_some_and(|at| now.since(at) < RETRY) {
            return Err(lost(&self.loss));
        }
        self.attempted = Some(now);
        match self.open_session() {
            Ok(session) => {
                tracing::info!("{NAME}: another session after {}", self.loss);
                self.session = Some(session);
                self.owes_idr = true;
                Ok(())
            }
            // Whatever it says: a session opened before, so another may open later.
            Err(failure) => {
                self.lose(&failure);
                Err(lost(&self.loss))
            }
        }
    }

    fn open_session(&mut self) -> Result<Session, Failure> {
        let outputs = Arc::new(Outputs::new(self.waker.clone()));
        let sink = outputs.clone();
        let codec = match self.settings.codec {
            VideoCodec::H264 => FourCharCode::H264,
            VideoCodec::Hevc => FourCharCode::HEVC,
        };
        let sink = Arc::new(move |output| sink.push(output));
        let encoder = CompressionSession::create(self.settings.size, codec, sink)
            .map_err(|status| Failure::new("opening the encoder", status))?;
        self.properties.apply(&encoder)?;
        let prepared = encoder.prepare();
        prepared.map_err(|status| Failure::new("preparing the encoder", status))?;
        Ok(Session {
            encoder,
            outputs,
            in_flight: VecDeque::new(),
        })
    }

    fn lose(&mut self, failure: &Failure) {
        self.loss = failure.to_string();
        tracing::warn!("{NAME}: the session is lost: {}", self.loss);
        if let Some(session) = self.session.take() {
            self.dropped += session.in_flight.len() as u64;
        }
    }

    /// The same, without opening another session at once; gives the error to return.
    fn fail(&mut self, failure: Failure) -> Error {
        self.lose(&failure);
        if self.is_loss(&failure) {
            lost(&self.loss)
        } else {
            failure.into_error()
        }
    }

    /// True when another session may help.
    fn is_loss(&self, failure: &Failure) -> bool {
        self.has_worked || failure.is_loss()
    }

    /// The packet of a frame that came out; `None` if it was dropped or lost.
    fn handle_output(&mut self, output: Output) -> Result<Option<Packet>, Error> {
        let was_to_be_idr = output.frame != 0;
        let packet = match (output.status, output.sample) {
            (Ok(()), Some(sample)) if !output.dropped => {
                self.stream.packet(&sample).map_err(Failure::Other)
            }
            (Ok(()), _) => {
                self.dropped += 1;
                self.owes_idr |= was_to_be_idr;
                tracing::debug!("{NAME}: the encoder dropped a frame");
                return Ok(None);
            }
            (Err(status), _) => Err(Failure::new("encoding", status)),
        };
        match packet {
            Ok(packet) => {
                self.has_worked = true;
                Ok(Some(packet))
            }
            Err(failure) if self.is_loss(&failure) => {
                self.dropped += 1;
                self.lose(&failure);
                Ok(None)
            }
            Err(failure) => {
                self.dropped += 1;
                Err(self.fail(failure))
            }
        }
    }
}

impl Session {
    fn submit(&mut self, image: &PixelBuffer, at: Timestamp, idr: bool) -> Result<(), Failure> {
        self.wait_for_room()?;
        let properties = idr.then(|| {
            let (key, value) = (kVTEncodeFrameOptionKey_ForceKeyFrame, CFBoolean::new(true));
            CFDictionary::from_slices(&[key], &[value.as_ref()])
        });
        let time = Time::from_nanos(at.as_nanos());
        let encoder = &self.encoder;
        let submitted = encoder.encode(image, time, properties.as_deref(), idr.into());
        submitted.map_err(|status| Failure::new("encoding", status))?;
        self.in_flight.push_back(time);
        Ok(())
    }

    fn wait_for_room(&self) -> Result<(), Failure> {
        let oldest = self.in_flight.front();
        let Some(oldest) = oldest.filter(|_| self.in_flight.len() >= MAX_IN_FLIGHT) else {
            return Ok(());
        };
        let waited = self.encoder.complete(Some(*oldest));
        waited.map_err(|status| Failure::new("waiting for a frame", status))
    }

    fn next_output(&mut self) -> Option<Output> {
        let output = self.outputs.take()?;
        self.in_flight.pop_front();
        Some(output)
    }
}

/// What the encoder would refuse without a reason.
fn check(settings: &VideoSettings) -> Result<(), Error> {
    let size = settings.size;
    if !size.width.is_multiple_of(2) || !size.height.is_multiple_of(2) {
        let even = Size::new(size.width & !1, size.height & !1);
        let what = format!(
            "{} of {size}: both sides must be even, {even} would work",
            settings.codec
        );
        return Err(Error::Unsupported { what });
    }
    Ok(())
}

/// An error of what the system refused, with its status.
#[derive(Debug)]
enum Failure {
    Status { doing: String, status: Status },
    Other(Error),
}

impl Failure {
    fn new(doing: impl Into<String>, status: Status) -> Self {
        let doing = doing.into();
        Self::Status { doing, status }
    }

    /// True for statuses known to mean a lost session.
    fn is_loss(&self) -> bool {
        matches!(self, Self::Status { status, .. } if LOSSES.contains(status))
    }

    fn into_error(self) -> Error {
        match self {
            Self::Other(error) => error,
            failure if failure.is_loss() => lost(&failure.to_string()),
            failure => Error::backend(NAME, failure.to_string()),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { doing, status } => write!(f, "{doing}: {status}"),
            Self::Other(error) => error.fmt(f),
        }
    }
}

fn lost(why: &str) -> Error {
    Error::Lost {
        backend: NAME,
        what: why.to_owned(),
    }
}

/// Statuses that mean that this session is of no more use, though another may be.
const LOSSES: [Status; 4] = [
    Status::INVALID_SESSION,
    Status::ENCODER_MALFUNCTION,
    Status::ENCODER_NOT_AVAILABLE_NOW,
    Status::SESSION_MALFUNCTION,
];
/// From one attempt to open another session to the next, in frame time.
const RETRY: Duration = Duration::from_millis(250);
/// More than hardware keeps inside on its own, and little memory.
const MAX_IN_FLIGHT: usize = 8;
