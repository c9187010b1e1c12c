use std::sync::Arc;

use onair_av::encode::{VideoEncoder, VideoSettings};
use onair_av::{Error, VideoFrame, VideoSource};
use onair_media::Kind;

use super::mixer::Mixer;
use super::slot::{Next, Slot};
use super::{Schedule, spawn};
use crate::{EncoderTrack, Pace};

/// A camera and its encoder, a thread each, and one frame's room between them.
pub(super) struct VideoChain {
    source: Box<dyn VideoSource>,
    encoder: VideoEncoder,
    settings: VideoSettings,
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
            settings,
        })
    }

    pub(super) const fn settings(&self) -> &VideoSettings {
        &self.settings
    }

    pub(super) fn start(self, mixer: &Arc<Mixer>, schedule: Schedule) -> Result<(), crate::Error> {
        let track = EncoderTrack {
            name: self.encoder.name().to_owned(),
            ..EncoderTrack::default()
        };
        mixer.hub().notes().encoder.video = Some(track);
        let slot = Arc::new(Slot::new());
        let mut encoder = self.encoder;
        encoder.wake(slot.clone().into());
        let (frames, camera) = (slot.clone(), mixer.clone());
        spawn("onair-camera", move || {
            capture(self.source, &slot, &camera, schedule);
        })?;
        let mixer = mixer.clone();
        spawn("onair-video", move || encode(encoder, &frames, &mixer))
    }
}

fn capture(
    mut source: Box<dyn VideoSource>,
    slot: &Slot<VideoFrame>,
    mixer: &Mixer,
    schedule: Schedule,
) {
    loop {
        match source.next_frame() {
            Ok(Some(frame)) if schedule.is_over(frame.timestamp) => {
                mixer.hub().notes().timed_out = true;
                break;
            }
            Ok(Some(frame)) => {
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

fn hand_over(frame: VideoFrame, slot: &Slot<VideoFrame>, mixer: &Mixer, pace: Pace) {
    if pace == Pace::Max {
        slot.put(frame);
    } else if slot.replace(frame)
        && let Some(track) = &mut mixer.hub().notes().encoder.video
    {
        track.dropped += 1;
    }
}

fn encode(mut encoder: VideoEncoder, slot: &Slot<VideoFrame>, mixer: &Mixer) {
    let result = encode_all(&mut encoder, slot, mixer);
    slot.end();
    match result {
        Ok(()) => mixer.end(Kind::Video),
        Err(error) => mixer.fail(Kind::Video, &error),
    }
}

fn encode_all(
    encoder: &mut VideoEncoder,
    slot: &Slot<VideoFrame>,
    mixer: &Mixer,
) -> Result<(), Error> {
    loop {
        let packets = match slot.take() {
            Next::Frame(frame) => encoder.encode(&frame, mixer.hub().take_keyframe())?,
            Next::Woken => encoder.poll_packets()?,
            Next::End => break,
        };
        mixer.push(Kind::Video, packets);
        if mixer.hub().stopping().is_asked() {
            break;
        }
    }
    mixer.push(Kind::Video, encoder.finish()?);
    Ok(())
}
