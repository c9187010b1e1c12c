use std::sync::Arc;
use std::time::{Duration, Instant};

use onair_av::encode::{AudioEncoder, AudioSettings};
use onair_av::{AudioSource, Error};
use onair_media::{Bitrate, Kind};

use super::packet_merger::PacketMerger;
use super::{Schedule, spawn};
use crate::EncoderTrack;
use crate::program::{DEVICE_LAG, ENCODER_LAG};
use crate::rate::{BitrateLimit, LimitedBy};

/// A microphone and its encoder on one thread: no sample is ever skipped.
pub(super) struct AudioChain {
    source: Box<dyn AudioSource>,
    encoder: AudioEncoder,
    settings: AudioSettings,
    /// The rate that the encoder was last asked for.
    asked: Bitrate,
}

impl AudioChain {
    pub(super) fn open(
        source: Box<dyn AudioSource>,
        settings: Option<AudioSettings>,
    ) -> Result<Self, Error> {
        let settings = settings.unwrap_or_else(|| AudioSettings {
            sample_rate: source.sample_rate(),
            channels: source.channels().clamp(1, 2),
            ..AudioSettings::default()
        });
        Ok(Self {
            encoder: AudioEncoder::open(&settings)?,
            source,
            asked: settings.bitrate,
            settings,
        })
    }

    pub(super) const fn settings(&self) -> &AudioSettings {
        &self.settings
    }

    /// How much later than video with a later time its packets may come.
    pub(super) fn lag(&self) -> Duration {
        if self.source.live_audio().is_some() {
            DEVICE_LAG
        } else {
            ENCODER_LAG
        }
    }

    pub(super) fn start(
        self,
        merger: &Arc<PacketMerger>,
        schedule: Schedule,
    ) -> Result<(), crate::Error> {
        let track = EncoderTrack {
            name: self.encoder.name().to_owned(),
            bitrate: Some(self.limit()),
            ..EncoderTrack::default()
        };
        merger.fanout().notes().encoder.audio = Some(track);
        let merger = merger.clone();
        spawn("onair-audio", move || self.run(&merger, schedule))
    }

    fn run(mut self, merger: &PacketMerger, schedule: Schedule) {
        match self.encode_all(merger, schedule) {
            Ok(()) => merger.end(Kind::Audio),
            Err(error) => merger.fail(Kind::Audio, &error),
        }
    }

    fn encode_all(&mut self, merger: &PacketMerger, schedule: Schedule) -> Result<(), Error> {
        while let Some(samples) = self.source.next_samples()? {
            let live = self.source.live_audio();
            if let Some(live) = live {
                merger.fanout().notes().capture.audio = Some(live.tally().into());
            }
            let is_due = || schedule.wait(samples.timestamp, live.is_some(), merger.fanout());
            if schedule.is_over(samples.timestamp) || !is_due() {
                break;
            }
            self.retune(merger);
            let samples = merger.fanout().monitor().pass(samples, Instant::now());
            merger.push(Kind::Audio, self.encoder.encode(&samples)?);
        }
        merger.push(Kind::Audio, self.encoder.finish()?);
        Ok(())
    }

    /// Obeys the lines, once for each rate: one that is refused is not asked for again.
    fn retune(&mut self, merger: &PacketMerger) {
        let fanout = merger.fanout();
        let Some(bitrate) = fanout.audio_bitrate().filter(|asked| *asked != self.asked) else {
            return;
        };
        self.asked = bitrate;
        match self.encoder.set_bitrate(bitrate) {
            Ok(()) => {
                if let Some(track) = &mut fanout.notes().encoder.audio {
                    track.bitrate = Some(self.limit());
                }
            }
            Err(error) => fanout.warn(None, format!("the audio bitrate stays as it was: {error}")),
        }
    }

    fn limit(&self) -> BitrateLimit {
        let wanted = self.settings.bitrate;
        BitrateLimit {
            bitrate: self.asked,
            wanted,
            limited_by: match self.asked == wanted {
                true => LimitedBy::User,
                false => LimitedBy::Line,
            },
        }
    }
}
