use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use onair_av::capture::Waited;
use onair_av::encode::{VideoEncoder, VideoSettings};
use onair_av::{Error, VideoFrame, VideoSource};
use onair_media::{Bitrate, Kind, Packet, Size, Timestamp};

use super::frames::Frames;
use super::packet_merger::PacketMerger;
use super::thinning::Thinning;
use super::{Schedule, spawn};
use crate::rate::{AudioLadder, AudioStep, PictureLadder, PictureStep};
use crate::trace::Traced;
use crate::{EncoderTrack, Event};

/// A source of frames and its encoder.
pub(super) struct VideoChain {
    source: Box<dyn VideoSource>,
    encoder: VideoEncoder,
}

impl VideoChain {
    pub(super) fn open(
        source: Box<dyn VideoSource>,
        settings: Option<VideoSettings>,
    ) -> Result<Self, Error> {
        let from_source = || VideoSettings::new(source.size(), source.frame_rate());
        let settings = settings.unwrap_or_else(from_source);
        Ok(Self {
            encoder: VideoEncoder::open(&settings)?,
            source,
        })
    }

    pub(super) const fn settings(&self) -> &VideoSettings {
        self.encoder.settings()
    }

    /// Starts the threads; with the bitrate of the audio beside it, if that adapts to lines too.
    pub(super) fn start(
        self,
        merger: &Arc<PacketMerger>,
        schedule: Schedule,
        audio: Option<Bitrate>,
    ) -> Result<(), crate::Error> {
        let track = EncoderTrack {
            name: self.encoder.name().to_owned(),
            ..EncoderTrack::default()
        };
        merger.fanout().notes().encoder.video = Some(track);
        let is_live = self.source.live_frames().is_some();
        let frames = Frames::of(self.source, merger, schedule)?;
        let mut encoder = self.encoder;
        encoder.wake(frames.waker());
        let takes_sizes = merger.fanout().takes_sizes();
        let (size, rate) = (encoder.frame_size(), encoder.settings().frame_rate);
        let trace = merger.fanout().trace();
        let ladder = Traced::ladder(trace, size, rate, takes_sizes);
        let audio = audio.map(|bitrate| Traced::audio(trace, bitrate));
        let merger = merger.clone();
        spawn("onair-video", move || {
            let encoding = EncodeLoop {
                encoder,
                ladder,
                audio,
                thinning: Thinning::default(),
                merger: &merger,
                is_live,
                schedule,
                latest: Timestamp::ZERO,
                outages: Outages::default(),
                is_back: false,
                overtaken: 0,
                mended: None,
            };
            encoding.run(&frames);
        })
    }
}

/// How often a line gets a keyframe out of turn at most: an encoder may take a while to give it.
const MEND_EVERY: Duration = Duration::from_secs(1);

/// The encoder's thread.
struct EncodeLoop<'a> {
    encoder: VideoEncoder,
    ladder: Traced<PictureLadder>,
    /// What is left for audio, and whether anything is for pictures.
    audio: Option<Traced<AudioLadder>>,
    /// Pictures begin again after audio was alone.
    is_back: bool,
    thinning: Thinning,
    merger: &'a PacketMerger,
    /// A device gives frames for as long as it likes, and a lost encoder is waited for as long.
    is_live: bool,
    schedule: Schedule,
    /// The time of the newest frame.
    latest: Timestamp,
    outages: Outages,
    /// Overtaken live frames that are already counted as dropped.
    overtaken: u64,
    /// When a line that had lost the rest of a GOP last got a keyframe.
    mended: Option<Timestamp>,
}

impl EncodeLoop<'_> {
    fn run(mut self, frames: &Frames) {
        match self.encode_all(frames) {
            Ok(()) => self.merger.end(Kind::Video),
            Err(error) => self.merger.fail(Kind::Video, &error),
        }
    }

    fn encode_all(&mut self, frames: &Frames) -> Result<(), Error> {
        loop {
            let packets = match frames.take() {
                Waited::Item(frame) if self.is_enough(&frame) => break,
                Waited::Item(frame) => self.encode(&frame)?,
                Waited::Woken => self.encoder.poll_packets()?,
                Waited::End => break,
            };
            self.note_loss();
            self.note_capture(frames);
            self.merger.push(Kind::Video, packets);
            if self.merger.fanout().stopping().is_asked() {
                break;
            }
            self.check_loss(LOSS_TIMEOUT)?;
        }
        let packets = self.encoder.finish()?;
        self.note_loss();
        self.merger.push(Kind::Video, packets);
        if self.merger.fanout().stopping().is_asked() {
            return Ok(());
        }
        self.check_loss(END_TIMEOUT)
    }

    /// Whether this frame and all later ones are unwanted.
    fn is_enough(&self, frame: &VideoFrame) -> bool {
        let fanout = self.merger.fanout();
        fanout.stopping().is_asked() || self.schedule.ends(frame.timestamp, fanout)
    }

    /// Fails if the encoder has been away for longer than `timeout` and nobody waits for it.
    fn check_loss(&self, timeout: Duration) -> Result<(), Error> {
        let is_given_up = !self.is_live && self.outages.current(self.latest) > timeout;
        let loss = self.encoder.loss().filter(|_| is_given_up);
        loss.cloned().map_or(Ok(()), Err)
    }

    fn encode(&mut self, frame: &VideoFrame) -> Result<Vec<Packet>, Error> {
        self.retune();
        let is_behind = self.merger.fanout().is_behind();
        self.adapt(frame.timestamp, is_behind)?;
        let is_unwanted = self.is_audio_alone(frame.timestamp, is_behind);
        if is_behind || is_unwanted {
            return self.leave_out(frame);
        }
        self.fit(frame.surface.size())?;
        self.latest = frame.timestamp;
        let apart = self.encoder.settings().frame_rate.time_of(1);
        let every = self.ladder.step().every;
        if !self.thinning.keeps(frame.timestamp, every, apart) {
            return self.encoder.poll_packets();
        }
        let is_keyframe = self.takes_keyframe(frame.timestamp);
        self.encoder.encode(frame, is_keyframe)
    }

    /// Whether lines carry nothing but audio, at a rate that they have a say in.
    fn is_audio_alone(&mut self, at: Timestamp, is_behind: bool) -> bool {
        let fanout = self.merger.fanout();
        let Some(sample) = fanout.audio_sample(at, is_behind) else {
            return false;
        };
        let Some(ladder) = &mut self.audio else {
            return false;
        };
        let was_alone = ladder.step().is_alone;
        let (step, news) = ladder.update(&sample, Instant::now());
        if let Some(step) = step {
            self.is_back |= was_alone && !step.is_alone;
            fanout.set_audio(step);
        }
        if let Some([before, AudioStep { bitrate, is_alone }]) = news {
            fanout.tell(Event::AudioChanged {
                bitrate,
                wanted: ladder.wanted(),
                is_alone,
                was_alone: before.is_alone,
                carries: sample.carries,
            });
        }
        ladder.step().is_alone
    }

    /// Whether a frame has to be a keyframe: for a connection that begins, after audio was alone, or for
    /// a line that lost the rest of a GOP and has room again, which would else be empty until the next.
    fn takes_keyframe(&mut self, at: Timestamp) -> bool {
        let fanout = self.merger.fanout();
        let is_early = |last| at.since(last) < MEND_EVERY;
        let mends = !self.mended.is_some_and(is_early) && fanout.needs_keyframe();
        if mends {
            self.mended = Some(at);
        }
        fanout.take_keyframe() || mem::take(&mut self.is_back) || mends
    }

    /// Leaves a frame out, so that those which wait for a line are not later still. A keyframe that is
    /// due or asked for is the next frame that is encoded.
    fn leave_out(&mut self, frame: &VideoFrame) -> Result<Vec<Packet>, Error> {
        self.latest = frame.timestamp;
        if let Some(track) = &mut self.merger.fanout().notes().encoder.video {
            track.left_out += 1;
        }
        self.encoder.poll_packets()
    }

    /// A camera may change its frame size.
    fn fit(&mut self, size: Size) -> Result<(), Error> {
        let before = self.encoder.frame_size();
        if size != before {
            tracing::info!("pictures of {size} follow those of {before}");
            self.ladder.resize(size);
            self.merger.push(Kind::Video, self.encoder.resize(size)?);
            self.take_step()?;
        }
        Ok(())
    }

    /// Encodes a smaller picture, or fewer of them, where a line carries no more.
    fn adapt(&mut self, now: Timestamp, is_behind: bool) -> Result<(), Error> {
        let sample = self.merger.fanout().picture_sample(now, is_behind);
        if self.ladder.update(&sample, Instant::now()).is_some() {
            self.take_step()?;
            let PictureStep { size, .. } = self.ladder.step();
            self.merger.fanout().tell(Event::PictureChanged {
                size,
                frame_rate: self.ladder.frame_rate(),
                is_full: self.ladder.is_full(),
                carries: self.merger.fanout().carries(),
            });
        }
        Ok(())
    }

    fn take_step(&mut self) -> Result<(), Error> {
        let PictureStep { size, .. } = self.ladder.step();
        self.encoder.set_frame_rate(self.ladder.frame_rate());
        if size != self.encoder.settings().size {
            self.merger.push(Kind::Video, self.encoder.scale_to(size)?);
        }
        Ok(())
    }

    fn retune(&mut self) {
        let fanout = self.merger.fanout();
        let Some(change) = fanout.rate().change(Instant::now()) else {
            return;
        };
        match self.encoder.set_bitrate(change.bitrate) {
            Ok(()) => fanout.rate().applied(change),
            Err(error) => {
                fanout.rate().refused(change);
                fanout.warn(None, format!("the video bitrate stays as it was: {error}"));
            }
        }
    }

    /// The encoder was too slow for a live frame that a newer one overtook.
    fn note_capture(&mut self, frames: &Frames) {
        let Some(tally) = frames.tally() else { return };
        let mut notes = self.merger.fanout().notes();
        notes.capture.video = Some(tally.into());
        let before = mem::replace(&mut self.overtaken, tally.overtaken);
        if let Some(track) = &mut notes.encoder.video {
            track.dropped += tally.overtaken - before;
        }
    }

    fn note_loss(&mut self) {
        let (fanout, now) = (self.merger.fanout(), self.latest);
        let loss = self.encoder.loss().map(ToString::to_string);
        if let Some(event) = self.outages.update(loss, now) {
            fanout.tell(event);
        }
        if let Some(track) = &mut fanout.notes().encoder.video {
            track.dropped += self.encoder.take_dropped();
            track.lost = self.encoder.lost_frames();
            track.lost_time = self.outages.total(now);
        }
    }
}

/// How much media that is not live may pass without an encoder before that is a failure.
const LOSS_TIMEOUT: Duration = Duration::from_secs(10);
/// The same at its end, when an encoder that comes back would have nothing to do.
const END_TIMEOUT: Duration = Duration::from_secs(1);

/// When and for how long the encoder was away, in media time.
#[derive(Debug, Default)]
struct Outages {
    since: Option<Timestamp>,
    before: Duration,
}

impl Outages {
    /// Notes that the frame at `now` came out, or why not; gives the event for that.
    fn update(&mut self, loss: Option<String>, now: Timestamp) -> Option<Event> {
        match (self.since, loss) {
            (None, Some(why)) => {
                self.since = Some(now);
                Some(Event::EncoderLost { why })
            }
            (Some(since), None) => {
                self.since = None;
                self.before += now.since(since);
                Some(Event::EncoderBack)
            }
            _ => None,
        }
    }

    fn total(&self, now: Timestamp) -> Duration {
        self.before + self.current(now)
    }

    /// How long the present outage has lasted.
    fn current(&self, now: Timestamp) -> Duration {
        self.since.map_or(Duration::ZERO, |since| now.since(since))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use onair_av::capture::TestCard;
    use onair_media::{Bitrate, Config, FrameRate};

    use super::*;
    use crate::config::Limits;
    use crate::fanout::Fanout;
    use crate::output::OutputHandle;
    use crate::queue::{Overflow, PacketQueue};
    use crate::rate::Holder;
    use crate::shared_queue::Taken;
    use crate::{Pace, RetryPolicy};

    const FULL: Size = Size::new(854, 480);

    /// A second of the test card for a line that carries little.
    fn encoded(takes_sizes: bool) -> Vec<Packet> {
        let queue = PacketQueue::new(Limits::MAX_PACE, Overflow::Hold, true);
        let output = OutputHandle::server(String::new(), RetryPolicy::NEVER, queue);
        let output = Arc::new(output.with_sizes(takes_sizes));
        let fanout = Arc::new(Fanout::new(vec![output.clone()], None));
        let min = Some(Bitrate::kbps(150));
        fanout.rate().begin(Bitrate::kbps(2000), min);
        let line = Some(Bitrate::kbps(250));
        fanout.rate().wish(Holder::Line(0), line);
        let merger = Arc::new(PacketMerger::new(fanout, Pace::Max, (true, false)));
        let card = TestCard::new(FULL, FrameRate::new(30, 1).unwrap());
        let chain = VideoChain::open(Box::new(card), None).unwrap();
        let schedule = Schedule {
            began: Instant::now(),
            pace: Pace::Max,
            duration: Some(Duration::from_secs(1)),
        };
        chain.start(&merger, schedule, None).unwrap();
        let mut packets = Vec::new();
        while output.queue().take(usize::MAX, &mut packets) == Taken::Some {}
        packets
    }

    /// Each packet's size, and its time in milliseconds.
    fn sizes(packets: &[Packet]) -> Vec<(Size, i64)> {
        let size = |packet: &Packet| match &packet.config {
            Config::Video(config) => (config.size, packet.pts.as_millis()),
            Config::Audio(_) => panic!("audio"),
        };
        packets.iter().map(size).collect()
    }

    #[test]
    fn a_weak_line_gets_smaller_pictures_from_an_idr_frame_on() {
        let packets = encoded(true);
        let sizes = sizes(&packets);
        assert_eq!(sizes.len(), 30, "{sizes:?}");
        assert!(sizes[..9].iter().all(|(size, _)| *size == FULL));
        let small = Size::new(640, 360);
        assert!(sizes[9..].iter().all(|(size, _)| *size == small));
        let keyframes = packets.iter().map(|packet| packet.keyframe);
        assert!(keyframes.eq((0..30).map(|index| index == 0 || index == 9)));
        assert_eq!(sizes[29].1, 966);
    }

    #[test]
    fn where_the_size_has_to_stay_a_weak_line_gets_every_second_picture() {
        let sizes = sizes(&encoded(false));
        assert!(sizes.iter().all(|(size, _)| *size == FULL), "{sizes:?}");
        let times: Vec<_> = sizes.iter().map(|(_, time)| *time).collect();
        assert_eq!(times[..9], [0, 33, 66, 100, 133, 166, 200, 233, 266]);
        assert!(times[9..].windows(2).all(|two| two[1] - two[0] > 60));
    }

    #[test]
    fn each_outage_is_told_once_and_all_of_them_are_added_up() {
        let mut outages = Outages::default();
        let mut told = Vec::new();
        for (millis, loss) in [
            (0, None),
            (100, Some("asleep")),
            (600, Some("asleep")),
            (1100, None),
            (1133, None),
            (2000, Some("gone")),
            (2500, Some("gone")),
        ] {
            let loss = loss.map(str::to_owned);
            let event = outages.update(loss, Timestamp::from_millis(millis));
            told.extend(event.map(|event| format!("{millis} {event:?}")));
        }
        let expected = [
            r#"100 EncoderLost { why: "asleep" }"#,
            "1100 EncoderBack",
            r#"2000 EncoderLost { why: "gone" }"#,
        ];
        assert_eq!(told, expected);
        let total = outages.total(Timestamp::from_millis(2700));
        assert_eq!(total, Duration::from_millis(1700));
    }
}
