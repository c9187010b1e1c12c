//! Video and audio through the whole chain, while the microphone changes.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use onair::av::capture::{AudioSource, LiveAudio, TestCard, Tone};
use onair::av::encode::{AudioSettings, VideoSettings};
use onair::av::{AudioSamples, Error};
use onair::flv::{Tag, TagKind, file};
use onair::media::{FrameRate, Size, Timestamp};
use onair::{Broadcast, Outcome, Pace};

use crate::support::{Behaviour, Peer, finish};

const SIZE: Size = Size::new(320, 180);

/// The test card's audio through one microphone after the other: at these seconds its rate and
/// channels change.
struct Routes {
    tone: Tone,
    routes: Vec<(i64, u32, u8)>,
}

impl Routes {
    fn new() -> Self {
        let routes = [(3, 48_000, 2), (2, 44_100, 1), (1, 16_000, 1)];
        Self {
            tone: Tone::new(48_000, 2),
            routes: routes.into(),
        }
    }
}

impl AudioSource for Routes {
    fn sample_rate(&self) -> u32 {
        48_000
    }

    fn channels(&self) -> u8 {
        2
    }

    /// Each route ends half a second into its last second, where the next goes on.
    fn next_samples(&mut self) -> Result<Option<AudioSamples>, Error> {
        loop {
            let block = self.tone.next_samples()?;
            let at = block.as_ref().map(|block| block.timestamp.as_millis());
            match self.routes.last() {
                Some(&(second, rate, channels)) if at >= Some(second * 1000 + 500) => {
                    let origin = Timestamp::from_millis(second * 1000);
                    self.tone = Tone::starting_at(origin, rate, channels);
                    for _ in 0..50 {
                        self.tone.next_samples()?;
                    }
                    self.routes.pop();
                }
                _ => return Ok(block),
            }
        }
    }

    fn live_audio(&self) -> Option<&LiveAudio> {
        None
    }
}

#[test]
fn lips_stay_in_step_through_every_change_of_microphone() {
    let path = std::env::temp_dir().join(format!("onair-lips-{}.flv", std::process::id()));
    let rate = FrameRate::new(30, 1).unwrap();
    let peer = Peer::start([Behaviour::Accept]);
    let broadcast = Broadcast::builder()
        .video(TestCard::new(SIZE, rate))
        .video_settings(VideoSettings::new(SIZE, rate))
        .audio(Routes::new())
        .audio_settings(AudioSettings::default())
        .pace(Pace::Max)
        .duration(Duration::from_millis(4600))
        .record(&path)
        .to(peer.url())
        .start()
        .unwrap();
    assert_eq!(finish(&broadcast).1.outcome, Outcome::Finished);
    let tags = tags(&path);
    let seen_and_heard = flashes(&path, &tags).zip(beeps(&path, &tags));
    std::fs::remove_file(&path).unwrap();
    let Some((flashes, beeps)) = seen_and_heard else {
        return;
    };
    assert_eq!(
        (flashes.len(), beeps.len()),
        (4, 4),
        "{flashes:?} {beeps:?}"
    );
    for (flash, beep) in flashes.into_iter().zip(beeps) {
        assert!(flash.abs_diff(beep) < 20, "{flash} and {beep} ms");
    }
}

fn tags(path: &Path) -> Vec<Tag> {
    let mut parser = file::Parser::new();
    parser.push(Bytes::from(std::fs::read(path).unwrap()));
    std::iter::from_fn(|| parser.next().unwrap()).collect()
}

/// The times of a kind's frames, in milliseconds, without sequence headers.
fn times(tags: &[Tag], kind: TagKind) -> impl Iterator<Item = u32> {
    tags.iter()
        .filter(move |tag| tag.kind == kind && !tag.is_sequence_header())
        .map(|tag| tag.timestamp)
}

/// When the disc turns white after the first second, in milliseconds.
fn flashes(path: &Path, tags: &[Tag]) -> Option<Vec<u32>> {
    let gray = ["-map", "0:v", "-vsync", "passthrough", "-pix_fmt", "gray"];
    let pictures = ffmpeg(path, &[&gray[..], &["-f", "rawvideo"]].concat())?;
    // The dial's disc is about here, away from the digits.
    let lit = |picture: &[u8]| picture[320 * 145 + 52] > 180;
    let lit: Vec<bool> = pictures.chunks_exact(320 * 180).map(lit).collect();
    let times: Vec<u32> = times(tags, TagKind::Video).collect();
    let onsets = (1..lit.len()).filter(|&index| lit[index] && !lit[index - 1]);
    Some(onsets.map(|index| times[index]).collect())
}

/// When beeps begin after the first, in milliseconds.
fn beeps(path: &Path, tags: &[Tag]) -> Option<Vec<u32>> {
    let left = ["-map", "0:a", "-af", "pan=mono|c0=c0", "-f", "s16le"];
    let bytes = ffmpeg(path, &left)?;
    let level = |block: &[u8]| {
        let samples = block.as_chunks().0.iter().map(|b| i16::from_le_bytes(*b));
        samples.map(i16::unsigned_abs).max()
    };
    let loud = |block: &[u8]| level(block) > Some(6000);
    let blocks: Vec<bool> = bytes.chunks_exact(96).map(loud).collect();
    let first = times(tags, TagKind::Audio).next()?;
    let onsets = (1..blocks.len()).filter(|&at| blocks[at] && !blocks[at - 1]);
    let time = |at| first + u32::try_from(at).unwrap();
    Some(onsets.map(time).filter(|&at| at > first + 500).collect())
}

/// FFmpeg's output for a file; `None`, with a message, without FFmpeg.
fn ffmpeg(path: &Path, arguments: &[&str]) -> Option<Vec<u8>> {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(path)
        .args(arguments)
        .arg("-")
        .output();
    let Ok(output) = output else {
        eprintln!("SKIPPED: there is no ffmpeg here to decode with");
        return None;
    };
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && complaints.is_empty(),
        "{complaints}"
    );
    Some(output.stdout)
}
