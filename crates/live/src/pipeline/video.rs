use std::sync::Arc;
use std::time::Duration;

use onair_av::clock::Clock;
use onair_av::encode::{VideoEncoder, VideoSettings};
use onair_av::{Error, VideoFrame, VideoSource};
use onair_media::{Kind, Packet, Size, Timestamp};

use super::latest_frame::{LatestFrame, Next};
use super::mixer::Mixer;
use super::{Schedule, fallback, spawn};
use crate::{EncoderTrack, Event, Pace};

/// A camera and its encoder, a thread each, and one frame's room between them.
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

    pub(super) fn start(self, mixer: &Arc<Mixer>, schedule: Schedule) -> Result<(), crate::Error> {
        let track = EncoderTrack {
            name: self.encoder.name().to_owned(),
            ..EncoderTrack::default()
        };
        mixer.hub().notes().encoder.video = Some(track);
        mixer.hub().rate().begin(self.settings().bitrate);
        let slot = Arc::new(LatestFrame::new());
        let mut encoder = self.encoder;
        encoder.wake(slot.clone().into());
        let is_live = self.source.is_live();
        let source: Box<dyn VideoSource> = match schedule.pace {
            Pace::Realtime if self.source.can_run_dry() => {
                let clock = Clock::starting_at(schedule.began);
                Box::new(fallback::behind(self.source, clock, mixer)?)
            }
            _ => self.source,
        };
        let (frames, camera) = (slot.clone(), mixer.clone());
        spawn("onair-camera", move || {
            capture(source, &slot, &camera, schedule);
        })?;
        let mixer = mixer.clone();
        spawn("onair-video", move || {
            let encoding = EncodeLoop {
                encoder,
                mixer: &mixer,
                is_live,
                latest: Timestamp::ZERO,
                outages: Outages::default(),
            };
            encoding.run(&frames);
        })
    }
}

fn capture(
    mut source: Box<dyn VideoSource>,
    slot: &LatestFrame<VideoFrame>,
    mixer: &Mixer,
    schedule: Schedule,
) {
    let mut rhythm = Rhythm::default();
    loop {
        // A picture that is made for the moment is made in it: the test card has a clock.
        let due = rhythm.next();
        if !due.is_none_or(|due| schedule.wait(due, source.is_live(), mixer.hub())) {
            break;
        }
        match source.next_frame() {
            Ok(Some(frame)) if schedule.is_over(frame.timestamp) => {
                mixer.hub().notes().timed_out = true;
                break;
            }
            Ok(Some(frame)) => {
                rhythm.note(frame.timestamp);
                let go_on = schedule.wait(frame.timestamp, source.is_live(), mixer.hub());
                if !go_on || slot.is_over() {
                    break;
                }
                hand_over(frame, slot, mixer, schedule.pace);
            }
            Ok(None) => break,
            Err(error) => {
                mixer.fail(Kind::Video, &error);
                break;
            }
        }
    }
    slot.end();
}

/// When the next frame may be expected: as long after the last as that came after the one before.
#[derive(Debug, Default)]
struct Rhythm {
    before: Option<Timestamp>,
    last: Option<Timestamp>,
}

impl Rhythm {
    fn note(&mut self, time: Timestamp) {
        self.before = self.last.replace(time);
    }

    fn next(&self) -> Option<Timestamp> {
        let (before, last) = (self.before?, self.last?);
        Some(last + last.since(before).min(LONGEST_STEP))
    }
}

/// After a gap the next frame is not waited for as long again.
const LONGEST_STEP: Duration = Duration::from_millis(100);

fn hand_over(frame: VideoFrame, slot: &LatestFrame<VideoFrame>, mixer: &Mixer, pace: Pace) {
    if pace == Pace::Max {
        slot.put(frame);
    } else if slot.replace(frame)
        && let Some(track) = &mut mixer.hub().notes().encoder.video
    {
        track.dropped += 1;
    }
}

/// The encoder's thread.
struct EncodeLoop<'a> {
    encoder: VideoEncoder,
    mixer: &'a Mixer,
    /// A device gives frames for as long as it likes: so long is a lost encoder waited for.
    is_live: bool,
    /// The time of the newest frame.
    latest: Timestamp,
    outages: Outages,
}

impl EncodeLoop<'_> {
    fn run(mut self, slot: &LatestFrame<VideoFrame>) {
        let result = self.encode_all(slot);
        slot.end();
        match result {
            Ok(()) => self.mixer.end(Kind::Video),
            Err(error) => self.mixer.fail(Kind::Video, &error),
        }
    }

    fn encode_all(&mut self, slot: &LatestFrame<VideoFrame>) -> Result<(), Error> {
        loop {
            let packets = match slot.take() {
                Next::Frame(frame) => self.encode(&frame)?,
                Next::Woken => self.encoder.poll_packets()?,
                Next::End => break,
            };
            self.note_loss();
            self.mixer.push(Kind::Video, packets);
            if self.mixer.hub().stopping().is_asked() {
                break;
            }
            self.check_loss(PATIENCE)?;
        }
        let packets = self.encoder.finish()?;
        self.note_loss();
        self.mixer.push(Kind::Video, packets);
        if self.mixer.hub().stopping().is_asked() {
            return Ok(());
        }
        self.check_loss(LAST_PATIENCE)
    }

    /// A failure, if the encoder has been away for longer than this and nobody waits for it.
    fn check_loss(&self, patience: Duration) -> Result<(), Error> {
        let is_given_up = !self.is_live && self.outages.current(self.latest) > patience;
        let loss = self.encoder.loss().filter(|_| is_given_up);
        loss.cloned().map_or(Ok(()), Err)
    }

    fn encode(&mut self, frame: &VideoFrame) -> Result<Vec<Packet>, Error> {
        self.fit(frame.surface.size())?;
        self.retune();
        self.latest = frame.timestamp;
        self.encoder.encode(frame, self.mixer.hub().take_keyframe())
    }

    /// A camera may change the size of its pictures.
    fn fit(&mut self, size: Size) -> Result<(), Error> {
        let before = self.encoder.settings().size;
        if size != before {
            tracing::info!("pictures of {size} follow those of {before}");
            self.mixer.push(Kind::Video, self.encoder.resize(size)?);
        }
        Ok(())
    }

    fn retune(&mut self) {
        let hub = self.mixer.hub();
        let Some(change) = hub.rate().change() else {
            return;
        };
        match self.encoder.set_bitrate(change.bitrate) {
            Ok(()) => hub.rate().applied(change),
            Err(error) => {
                hub.rate().refused(change);
                hub.warn(None, format!("the video bitrate stays as it was: {error}"));
            }
        }
    }

    fn note_loss(&mut self) {
        let (hub, now) = (self.mixer.hub(), self.latest);
        let loss = self.encoder.loss().map(ToString::to_string);
        if let Some(event) = self.outages.update(loss, now) {
            hub.tell(event);
        }
        if let Some(track) = &mut hub.notes().encoder.video {
            track.dropped += self.encoder.take_dropped();
            track.lost = self.encoder.lost_frames();
            let lost = self.outages.total(now).as_millis();
            track.lost_ms = u64::try_from(lost).unwrap_or(u64::MAX);
        }
    }
}

/// How much of what is not live passes without an encoder before that is a failure.
const PATIENCE: Duration = Duration::from_secs(10);
/// The same at its end, where one that comes back has nothing more to do.
const LAST_PATIENCE: Duration = Duration::from_secs(1);

/// When and for how long the encoder was away, in media time.
#[derive(Debug, Default)]
struct Outages {
    since: Option<Timestamp>,
    before: Duration,
}

impl Outages {
    /// The frame at `now` came out, or why it did not; what is to be told about that.
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

    /// How long the one lasts that is not over.
    fn current(&self, now: Timestamp) -> Duration {
        self.since.map_or(Duration::ZERO, |since| now.since(since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_made_when_it_is_due_and_not_after_a_gap_as_long_again() {
        let mut rhythm = Rhythm::default();
        let at = Timestamp::from_millis;
        for (time, next) in [
            (0, None),
            (33, Some(66)),
            (66, Some(99)),
            (2000, Some(2100)),
        ] {
            rhythm.note(at(time));
            assert_eq!(rhythm.next(), next.map(at), "after {time} ms");
        }
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
