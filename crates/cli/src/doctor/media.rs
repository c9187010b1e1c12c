//! A test card and a tone, once around, to be sent again and again at any rate.

use std::time::Duration;

use bytes::{BufMut, BytesMut};
use onair::av::capture::{TestCard, Tone};
use onair::av::encode::{AudioEncoder, AudioSettings, VideoEncoder, VideoSettings};
use onair::av::{self, AudioSource, VideoSource};
use onair::demux::{Report, Survey};
use onair::media::{Bitrate, FrameRate, Packet, Size, Timestamp, Tracks};

/// One GOP of a test card, and as much of a tone.
pub(crate) struct Media {
    video: Vec<Packet>,
    audio: Vec<Packet>,
    frame_rate: FrameRate,
    audio_rate: Bitrate,
    sample_rate: u32,
    pub(crate) tracks: Tracks,
}

/// What a broadcast is to be like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) size: Size,
    pub(crate) frame_rate: FrameRate,
    pub(crate) bitrate: Bitrate,
    pub(crate) keyframe: Duration,
}

impl Wanted {
    /// With the audio that goes with it.
    pub(crate) fn in_all(&self) -> Bitrate {
        Bitrate::bps(self.bitrate.as_bps() + AudioSettings::default().bitrate.as_bps())
    }
}

impl Media {
    pub(crate) fn encode(wanted: &Wanted) -> Result<Self, av::Error> {
        let mut settings = VideoSettings::new(wanted.size, wanted.frame_rate);
        settings.bitrate = wanted.bitrate;
        settings.keyframe_interval = wanted.keyframe;
        let seconds = wanted.keyframe.as_secs_f64();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the option allows 0.1 to 10 seconds of 1 to 240 frames"
        )]
        let frames = (seconds * wanted.frame_rate.as_f64()).round().max(1.0) as usize;
        let video = pictures(&settings, frames)?;
        let sound = AudioSettings::default();
        let audio = tone(&sound, seconds)?;
        let mut tracks = Tracks::default();
        for packet in video.first().into_iter().chain(audio.first()) {
            tracks.update(&packet.config);
        }
        for track in &mut tracks.video {
            track.frame_rate = Some(wanted.frame_rate);
            track.bitrate = Some(wanted.bitrate);
        }
        Ok(Self {
            video,
            audio,
            frame_rate: wanted.frame_rate,
            audio_rate: sound.bitrate,
            sample_rate: sound.sample_rate,
            tracks,
        })
    }

    /// The media for ever, at `rate` in all: what the encoder leaves is filled up with what
    /// decoders skip (H.264's filler data, ISO/IEC 14496-10, section 7.3.2.7), as a constant bitrate is.
    pub(crate) fn feed(&self, rate: Bitrate) -> Feed<'_> {
        Feed {
            media: self,
            video_rate: rate.as_bps().saturating_sub(self.audio_rate.as_bps()),
            frame: 0,
            block: 0,
            bytes: 0,
        }
    }

    /// What is in it at `rate`, and what services will say about that.
    pub(crate) fn surveyed(&self, rate: Bitrate) -> Report {
        let mut survey = Survey::default();
        let frames = 2 * self.video.len() + 1;
        let end = self.frame_time(frames as u64);
        let packets = self.feed(rate).take_while(|packet| packet.dts < end);
        packets.for_each(|packet| survey.push(&packet));
        survey.report()
    }

    fn frame_time(&self, frame: u64) -> Timestamp {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "minutes of frames"
        )]
        Timestamp::from_nanos((frame as f64 * 1e9 / self.frame_rate.as_f64()) as i64)
    }

    fn block_time(&self, block: u64) -> Timestamp {
        let samples = i64::try_from(block * AAC_BLOCK).unwrap_or(i64::MAX);
        Timestamp::from_ticks(samples, self.sample_rate)
    }
}

fn pictures(settings: &VideoSettings, frames: usize) -> Result<Vec<Packet>, av::Error> {
    let mut card = TestCard::new(settings.size, settings.frame_rate);
    let mut encoder = VideoEncoder::open(settings)?;
    let mut packets = Vec::new();
    for _ in 0..frames {
        if let Some(frame) = card.next_frame()? {
            packets.extend(encoder.encode(&frame, false)?);
        }
    }
    packets.extend(encoder.finish()?);
    Ok(packets)
}

fn tone(settings: &AudioSettings, seconds: f64) -> Result<Vec<Packet>, av::Error> {
    let mut tone = Tone::new(settings.sample_rate, settings.channels);
    let mut encoder = AudioEncoder::open(settings)?;
    let mut packets = Vec::new();
    let is_short = |packets: &[Packet]| {
        packets
            .last()
            .is_none_or(|packet: &Packet| packet.dts.as_secs_f64() < seconds)
    };
    while is_short(&packets) {
        match tone.next_samples()? {
            Some(samples) => packets.extend(encoder.encode(&samples)?),
            None => break,
        }
    }
    Ok(packets)
}

/// The media, packet by packet, in the order of decoding.
pub(crate) struct Feed<'a> {
    media: &'a Media,
    video_rate: u64,
    frame: u64,
    block: u64,
    bytes: u64,
}

impl Iterator for Feed<'_> {
    type Item = Packet;

    fn next(&mut self) -> Option<Packet> {
        let picture = self.media.frame_time(self.frame);
        let sound = self.media.block_time(self.block);
        let is_sound = sound < picture && !self.media.audio.is_empty();
        let (list, count, time) = match is_sound {
            true => (&self.media.audio, &mut self.block, sound),
            false => (&self.media.video, &mut self.frame, picture),
        };
        let index = usize::try_from(*count).ok()? % list.len().max(1);
        let mut packet = list.get(index)?.clone();
        *count += 1;
        (packet.dts, packet.pts) = (time, time);
        if !is_sound {
            self.fill(&mut packet);
        }
        Some(packet)
    }
}

impl Feed<'_> {
    fn fill(&mut self, packet: &mut Packet) {
        let end = self.media.frame_time(self.frame).as_secs_f64();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "bytes of minutes"
        )]
        let due = (self.video_rate as f64 / 8.0 * end) as u64;
        let here = packet.payload.len() as u64;
        let short = due.saturating_sub(self.bytes + here);
        if let Ok(short @ LEAST_FILLER..) = usize::try_from(short) {
            let mut filled = BytesMut::with_capacity(packet.payload.len() + short);
            filled.extend_from_slice(&packet.payload);
            let body = short - 4;
            filled.put_u32(u32::try_from(body).unwrap_or(u32::MAX));
            filled.put_u8(FILLER);
            filled.put_bytes(0xFF, body - 2);
            filled.put_u8(0x80);
            packet.payload = filled.freeze();
        }
        self.bytes += packet.payload.len() as u64;
    }
}

/// Samples in a block of AAC-LC.
const AAC_BLOCK: u64 = 1024;
/// The header of a NAL unit of filler data.
const FILLER: u8 = 12;
/// The shortest such unit, its length before it.
const LEAST_FILLER: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_has_the_rate_that_is_asked_for_and_times_that_never_go_back() {
        let wanted = Wanted {
            size: Size::new(160, 90),
            frame_rate: FrameRate::new(30, 1).unwrap(),
            bitrate: Bitrate::kbps(200),
            keyframe: Duration::from_millis(500),
        };
        let media = Media::encode(&wanted).unwrap();
        let end = Timestamp::from_millis(4000);
        let packets: Vec<_> = media
            .feed(Bitrate::kbps(1000))
            .take_while(|packet| packet.dts < end)
            .collect();
        assert!(packets.windows(2).all(|pair| pair[0].dts <= pair[1].dts));
        let bytes: usize = packets.iter().map(|packet| packet.payload.len()).sum();
        assert!((480_000..520_000).contains(&bytes), "{bytes}");
        let keyframes = packets.iter().filter(|packet| packet.is_video_keyframe());
        assert_eq!(keyframes.count(), 8);
    }
}
