//! What must hold for any packets: the bodies of the fuzz targets.

use bytes::Bytes;
use onair_media::{Config, Timestamp};
use onair_samples::Configs;

use crate::{Fragment, Fragmenter, Movie, Pacing};

/// Packets from eight bytes each, at times that no publisher should send: fragments hold what they
/// claim, and a movie comes to an end, with or without an index.
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
        let packet = configs.packet(*event, &mut time, payload);
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
    assert!(fragment.video_frames <= fragment.payloads.len() as u64);
}

fn payload(what: u8, length: usize) -> Vec<u8> {
    vec![what; length * usize::from(what >> 3)]
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
