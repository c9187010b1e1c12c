//! What must hold for any packets: the bodies of the fuzz targets.

use std::sync::Arc;

use bytes::Bytes;
use onair_media::{AudioConfig, Config, Packet, Timestamp, VideoConfig};

use crate::{Fragment, Fragmenter, Movie, Pacing};

/// 1280×720, Baseline.
const SPS: &[u8] = &[
    0x67, 0x42, 0xC0, 0x1F, 0xDA, 0x01, 0x40, 0x16, 0xE8, 0x06, 0xD0, 0xA1, 0x35,
];

/// Two picture parameter sets: one configuration each.
const PPS: [&[u8]; 2] = [&[0x68, 0xCE, 0x3C, 0x80], &[0x68, 0xCE, 0x3C, 0x81]];

/// AAC-LC, 48 kHz, stereo.
const ASC: &[u8] = &[0x11, 0x90];

/// Packets of which eight bytes each say what and when, at times that no publisher should send:
/// fragments hold what they say they hold, and a movie comes to an end, with or without an index.
pub fn movie(data: &[u8]) {
    let Some((first, events)) = data.split_first() else {
        return;
    };
    let configs = Configs::new();
    let video = (first & 1 == 0).then(|| Config::Video(configs.video[0].clone()));
    let audio = (first & 2 == 0).then(|| Config::Audio(configs.audio.clone()));
    let tracks = video.into_iter().chain(audio).collect();
    let origin = Timestamp::from_millis(i64::from(*first as i8));
    let Ok((mut movie, _)) = Movie::begin(&tracks, origin) else {
        return;
    };
    let pacing = if first & 4 == 0 {
        Pacing::File
    } else {
        Pacing::Live
    };
    let mut fragmenter = Fragmenter::new(&tracks, pacing, origin);
    let mut time = 0_i64;
    for event in events.as_chunks().0 {
        let packet = configs.packet(*event, &mut time);
        let Ok(fragment) = movie.push(&packet) else {
            return;
        };
        check(fragment);
        fragmenter.push(&packet);
        if fragmenter.is_due(&packet) {
            let Ok(fragment) = fragmenter.take() else {
                return;
            };
            check(fragment);
        }
    }
    check(fragmenter.finish().unwrap_or_default());
    if let Ok(fragment) = movie.finish() {
        check(fragment);
        drop(movie.end());
    }
}

fn check(fragment: Option<Fragment>) {
    let Some(fragment) = fragment else { return };
    let payloads: usize = fragment.payloads.iter().map(Bytes::len).sum();
    assert_eq!(fragment.to_vec().len(), fragment.head.len() + payloads);
    assert!(fragment.pictures <= fragment.payloads.len() as u64);
}

struct Configs {
    video: [Arc<VideoConfig>; 2],
    audio: Arc<AudioConfig>,
}

impl Configs {
    fn new() -> Self {
        let sets = |set| [Bytes::from_static(set)];
        let video = PPS.map(|pps| {
            let config = VideoConfig::from_parameter_sets(&sets(SPS), &sets(pps));
            Arc::new(config.expect("a configuration that was seen to work"))
        });
        let audio = AudioConfig::aac(Bytes::from_static(ASC));
        Self {
            video,
            audio: Arc::new(audio.expect("a configuration that was seen to work")),
        }
    }

    /// One packet: mostly a little later than the one before, sometimes by centuries.
    fn packet(&self, event: [u8; 8], time: &mut i64) -> Packet {
        let [what, scale, length, offset, step @ ..] = event;
        let step = i64::from(i32::from_be_bytes(step)).saturating_mul(1 << (scale % 40));
        *time = time.saturating_add(step);
        let config = match what % 4 {
            0 => Config::Audio(self.audio.clone()),
            1 => Config::Video(self.video[1].clone()),
            _ => Config::Video(self.video[0].clone()),
        };
        let offset = i64::from(offset as i8).saturating_mul(step);
        Packet {
            config,
            dts: Timestamp::from_nanos(*time),
            pts: Timestamp::from_nanos(time.saturating_add(offset)),
            duration: None,
            keyframe: what & 4 == 0,
            payload: Bytes::from(vec![what; usize::from(length) * usize::from(what >> 3)]),
        }
    }
}

#[cfg(test)]
#[path = "../../../fuzz/corpus.rs"]
mod corpus;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corpora_replay() {
        corpus::replay("movie", movie);
    }
}
