use std::task::Waker;
use std::time::Duration;

use onair_media::{Bitrate, FrameRate, Packet, Size, Timestamp};

use super::backend::{self, VideoBackend};
use super::recovery::EncoderRecovery;
use super::settings::VideoSettings;
use crate::{Error, VideoFrame};

/// An open video encoder: one packet for each frame, in order, without delay.
///
/// Keyframes fall on a steady grid of media time, so that segmenters find them
/// where they expect; a forced keyframe is extra and moves nothing.
///
/// **A lost encoder is no failure.** While it is lost ([`Error::Lost`]), the last IDR frame is
/// given again with the new frame's time, twice a second, so that the stream goes on. Every frame
/// asks for an IDR frame, and the first that comes means that the encoder is [back](Self::is_lost).
/// The caller decides how long to bear that. Once it has given a frame, every failure inside it
/// counts as a loss: a broadcast should not end over it.
///
/// An IDR frame can be decoded any number of times, since it refers to nothing before it. Two in a
/// row should differ in `idr_pic_id` (ISO/IEC 14496-10 §7.4.3), and repeated ones do not. That rule
/// serves to find where an access unit of a byte stream ends (§7.4.1.2.4); FLV and RTMP frame each
/// by its tag, and a byte stream has parameter sets or a delimiter before it.
pub struct VideoEncoder {
    /// `None` while none opens for the settings.
    backend: Option<Box<dyn VideoBackend>>,
    pub(super) open: Open,
    settings: VideoSettings,
    /// The size of the frames that come, which are scaled if another is encoded.
    frame_size: Size,
    /// At which frames come, where that is less than the settings say.
    frame_rate: FrameRate,
    name: &'static str,
    cadence: Cadence,
    last: Option<Timestamp>,
    waker: Option<Waker>,
    /// A bitrate to set once there is a backend that takes it.
    retune: Option<Bitrate>,
    /// When opening a backend was last tried in the middle of the stream.
    attempted: Option<Timestamp>,
    /// Frames skipped by former backends that are not reported yet.
    dropped: u64,
    recovery: EncoderRecovery,
}

/// Gets a backend for settings; one of a test's own there.
pub(super) type Open = fn(&VideoSettings) -> Result<Box<dyn VideoBackend>, Error>;

impl VideoEncoder {
    /// Opens the encoder asked for, or the first that opens. A fallback warns
    /// and names the encoder that refused.
    pub fn open(settings: &VideoSettings) -> Result<Self, Error> {
        Ok(Self::with(open(settings)?, settings))
    }

    pub(super) fn with(backend: Box<dyn VideoBackend>, settings: &VideoSettings) -> Self {
        Self {
            name: backend.name(),
            backend: Some(backend),
            open,
            settings: settings.clone(),
            frame_size: settings.size,
            frame_rate: settings.frame_rate,
            cadence: Cadence::new(settings.keyframe_interval, settings.frame_rate),
            last: None,
            waker: None,
            retune: None,
            attempted: None,
            dropped: 0,
            recovery: EncoderRecovery::default(),
        }
    }

    /// Encodes one frame, as an IDR frame when asked for or due.
    ///
    /// Timestamps must increase. A software encoder returns exactly one packet. Hardware works in
    /// the background, and [`poll_packets`](Self::poll_packets) gives what it completes. While the
    /// encoder is [lost](Self::is_lost) most frames give none.
    ///
    /// # Errors
    ///
    /// When the frame has another size or does not come later than the one
    /// before it, or when the encoder fails before it has given a frame.
    pub fn encode(&mut self, frame: &VideoFrame, force_idr: bool) -> Result<Vec<Packet>, Error> {
        self.check_frame(frame)?;
        self.last = Some(frame.timestamp);
        let due = self.cadence.is_due(frame.timestamp);
        let idr = force_idr || due || self.recovery.wants_idr();
        let outcome = self.try_encode(frame, idr);
        if outcome.is_ok() {
            self.cadence.passed(frame.timestamp);
        }
        self.recovery.handle(outcome, frame.timestamp)
    }

    /// The packets complete since then, without another frame: with [`wake`](Self::wake), a packet
    /// goes out when it is done and not when the next frame comes.
    ///
    /// # Errors
    ///
    /// When the encoder fails before it has given a frame.
    pub fn poll_packets(&mut self) -> Result<Vec<Packet>, Error> {
        match (&mut self.backend, self.last) {
            (Some(backend), Some(last)) => {
                let outcome = backend.completed();
                match self.outlive(outcome) {
                    Err(lost @ Error::Lost { .. }) => {
                        self.recovery.lose(lost);
                        Ok(Vec::new())
                    }
                    outcome => self.recovery.handle(outcome, last),
                }
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Calls `wake`, from any thread, when [`poll_packets`](Self::poll_packets) may have something;
    /// never for an encoder that returns every packet with its frame.
    pub fn wake(&mut self, waker: Waker) {
        if let Some(backend) = &mut self.backend {
            backend.wake(waker.clone());
        }
        self.waker = Some(waker);
    }

    /// Aims for another rate from the next frame on, without a keyframe.
    ///
    /// # Errors
    ///
    /// When the rate is zero or the encoder refuses it.
    pub fn set_bitrate(&mut self, bitrate: Bitrate) -> Result<(), Error> {
        if bitrate.as_bps() == 0 {
            return Err(Error::invalid("a video bitrate of zero"));
        }
        self.retune = Some(bitrate);
        match self.try_retune() {
            Err(Error::Lost { .. }) => Ok(()),
            outcome => outcome,
        }
    }

    /// Takes frames of another size from now on: gives what is inside, and opens an encoder with
    /// otherwise the same settings, which begins with an IDR frame.
    ///
    /// # Errors
    ///
    /// When no encoder opens for that size and none has given a frame yet. Later, it is a loss like
    /// any other.
    pub fn resize(&mut self, size: Size) -> Result<Vec<Packet>, Error> {
        self.frame_size = size;
        self.scale_to(size)
    }

    /// Scales frames to this size from now on, and otherwise does as [`resize`](Self::resize).
    ///
    /// # Errors
    ///
    /// As [`resize`](Self::resize).
    pub fn scale_to(&mut self, size: Size) -> Result<Vec<Packet>, Error> {
        let settings = VideoSettings {
            size,
            ..self.settings.clone()
        };
        let packets = self.finish()?;
        self.settings = settings;
        self.close();
        self.attempted = self.last;
        self.recovery.handle_restart();
        let outcome = self.reopen();
        match self.outlive(outcome) {
            Err(lost @ Error::Lost { .. }) => {
                self.recovery.lose(lost);
                Ok(packets)
            }
            outcome => outcome.map(|()| packets),
        }
    }

    /// Expects frames at this rate from now on, without a keyframe: the bitrate is spread over fewer
    /// frames. The stream's description stays as it is, and timestamps rule.
    pub fn set_frame_rate(&mut self, rate: FrameRate) {
        self.frame_rate = rate;
        self.cadence.set_frame_rate(rate);
        self.tell_frame_rate();
    }

    /// Gives what is still inside; nothing may follow. If the encoder is lost just then, that is
    /// gone.
    ///
    /// # Errors
    ///
    /// When the encoder fails before it has given a frame.
    pub fn finish(&mut self) -> Result<Vec<Packet>, Error> {
        let Some(backend) = &mut self.backend else {
            return Ok(Vec::new());
        };
        let outcome = backend.finish();
        match self.outlive(outcome) {
            Ok(packets) => Ok(self.recovery.handle_packets(packets)),
            Err(error @ Error::Lost { .. }) => {
                tracing::warn!(%error, "what was still inside is lost");
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
    }

    /// What it was opened for, as changed since; the size is that of what is encoded.
    pub const fn settings(&self) -> &VideoSettings {
        &self.settings
    }

    /// The size that frames have to have.
    pub const fn frame_size(&self) -> Size {
        self.frame_size
    }

    /// True from the encoder's loss until a frame comes from it again.
    pub const fn is_lost(&self) -> bool {
        self.recovery.loss().is_some()
    }

    /// Why the encoder is lost, in the system's words, while it is.
    pub const fn loss(&self) -> Option<&Error> {
        self.recovery.loss()
    }

    /// How many frames were never encoded because the encoder was lost.
    pub const fn lost_frames(&self) -> u64 {
        self.recovery.lost_frames()
    }

    /// How many frames the encoder skipped, or lost with itself, since the last call.
    pub fn take_dropped(&mut self) -> u64 {
        let backend = self.backend.as_mut();
        std::mem::take(&mut self.dropped) + backend.map_or(0, |backend| backend.take_dropped())
    }

    /// The encoder's name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    fn try_encode(&mut self, frame: &VideoFrame, idr: bool) -> Result<Vec<Packet>, Error> {
        self.reopen_at(frame.timestamp)?;
        match self.try_retune() {
            // A frame brings it back.
            Ok(()) | Err(Error::Lost { .. }) => {}
            Err(error) => tracing::warn!(%error, "the bitrate stays as it was"),
        }
        let backend = self.backend.as_mut();
        let outcome = backend.map_or(Ok(Vec::new()), |backend| backend.encode(frame, idr));
        self.outlive(outcome)
    }

    /// Opens another backend if there is none, now and then.
    fn reopen_at(&mut self, now: Timestamp) -> Result<(), Error> {
        if self.backend.is_some() {
            return Ok(());
        }
        if let (Some(at), Some(why)) = (self.attempted, self.recovery.loss())
            && now.since(at) < RETRY
        {
            return Err(why.clone());
        }
        self.attempted = Some(now);
        let outcome = self.reopen();
        self.outlive(outcome)
    }

    fn reopen(&mut self) -> Result<(), Error> {
        let mut backend = (self.open)(&self.settings)?;
        if let Some(waker) = &self.waker {
            backend.wake(waker.clone());
        }
        self.name = backend.name();
        self.backend = Some(backend);
        if self.frame_rate != self.settings.frame_rate {
            self.tell_frame_rate();
        }
        Ok(())
    }

    fn tell_frame_rate(&mut self) {
        let told = self
            .backend
            .as_mut()
            .map(|backend| backend.set_frame_rate(self.frame_rate));
        if let Some(Err(error)) = told {
            tracing::warn!(%error, "the encoder goes on with the frame rate it had");
        }
    }

    fn close(&mut self) {
        if let Some(mut backend) = self.backend.take() {
            self.dropped += backend.take_dropped();
        }
    }

    /// Turns a backend's failure into a loss if a frame was ever given: what worked may work again,
    /// with another one.
    fn outlive<T>(&mut self, outcome: Result<T, Error>) -> Result<T, Error> {
        match outcome {
            Err(error) if self.recovery.has_begun() && !matches!(error, Error::Lost { .. }) => {
                self.close();
                Err(into_loss(error, self.name))
            }
            outcome => outcome,
        }
    }

    fn try_retune(&mut self) -> Result<(), Error> {
        if let (Some(backend), Some(bitrate)) = (&mut self.backend, self.retune) {
            let outcome = backend.set_bitrate(bitrate);
            if !matches!(outcome, Err(Error::Lost { .. })) {
                self.retune = None;
            }
            if outcome.is_ok() {
                self.settings.bitrate = bitrate;
            }
            return outcome;
        }
        Ok(())
    }

    fn check_frame(&self, frame: &VideoFrame) -> Result<(), Error> {
        let (expected, got) = (self.frame_size, frame.surface.size());
        if expected != got {
            return Err(Error::WrongSize { expected, got });
        }
        match self.last {
            Some(last) if frame.timestamp <= last => Err(Error::invalid(format!(
                "frame times must increase: {} came after {last}",
                frame.timestamp
            ))),
            _ => Ok(()),
        }
    }
}

fn into_loss(error: Error, backend: &'static str) -> Error {
    match error {
        Error::Backend { backend, what } => Error::Lost { backend, what },
        other => Error::Lost {
            backend,
            what: other.to_string(),
        },
    }
}

/// Opens what the settings ask for.
fn open(settings: &VideoSettings) -> Result<Box<dyn VideoBackend>, Error> {
    check(settings)?;
    let candidates = backend::select_video(settings.encoder.as_deref())?;
    backend::open_video(&candidates, settings)
}

fn check(settings: &VideoSettings) -> Result<(), Error> {
    if settings.size.width == 0 || settings.size.height == 0 {
        return Err(Error::invalid(format!("a video size of {}", settings.size)));
    }
    if settings.bitrate.as_bps() == 0 {
        return Err(Error::invalid("a video bitrate of zero"));
    }
    if settings.keyframe_interval.is_zero() {
        return Err(Error::invalid("a keyframe interval of zero"));
    }
    Ok(())
}

/// From one attempt to open another backend to the next, in frame time.
const RETRY: Duration = Duration::from_millis(250);

fn nanos(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

/// The grid keyframes fall on: multiples of the interval after the first frame.
struct Cadence {
    interval: i64,
    tolerance: i64,
    origin: Option<Timestamp>,
    next: i64,
}

impl Cadence {
    fn new(interval: Duration, frame_rate: FrameRate) -> Self {
        Self {
            interval: nanos(interval),
            tolerance: nanos(frame_rate.time_of(1)) / 2,
            origin: None,
            next: 0,
        }
    }

    fn set_frame_rate(&mut self, rate: FrameRate) {
        self.tolerance = nanos(rate.time_of(1)) / 2;
    }

    /// True when the grid's next point is nearer to this frame than to the one after.
    fn is_due(&self, now: Timestamp) -> bool {
        match self.origin {
            None => true,
            Some(origin) => now.nanos_from(origin).saturating_add(self.tolerance) > self.next,
        }
    }

    /// Moves on past the grid points this frame served.
    fn passed(&mut self, now: Timestamp) {
        let origin = *self.origin.get_or_insert(now);
        let reached = now.nanos_from(origin).saturating_add(self.tolerance);
        if reached > self.next {
            self.next = (reached / self.interval + 1).saturating_mul(self.interval);
        }
    }
}
