use std::time::Duration;

use bytes::Bytes;
use onair_media::{Config, Kind, Packet, Timestamp};

use super::*;
use crate::samples::{read, shown, shown_after, tracks};
use onair_samples::{audio_packet, stream, video_config, video_packet};

struct File {
    bytes: Vec<u8>,
    movie: Movie,
}

impl File {
    fn begin(origin: Timestamp) -> Self {
        let begun = Movie::begin(&tracks(true, true), origin);
        let (movie, bytes) = begun.unwrap();
        Self { bytes, movie }
    }

    fn of(packets: &[Packet]) -> Self {
        let mut file = Self::begin(packets[0].dts);
        packets.iter().for_each(|packet| file.push(packet));
        file
    }

    fn push(&mut self, packet: &Packet) {
        let fragment = self.movie.push(packet).unwrap();
        self.append(fragment);
    }

    fn append(&mut self, fragment: Option<Fragment>) {
        self.bytes
            .extend(fragment.iter().flat_map(Fragment::to_vec));
    }

    /// The file after each step of its ending; the last one is complete.
    fn end(mut self) -> Vec<Vec<u8>> {
        let fragment = self.movie.finish().unwrap();
        self.append(fragment);
        let ending = self.movie.end().unwrap();
        let mut steps = vec![self.bytes.clone()];
        self.bytes.extend(ending.moov);
        steps.push(self.bytes.clone());
        for (at, bytes) in ending.patches {
            let at = usize::try_from(at).unwrap();
            self.bytes[at..at + bytes.len()].copy_from_slice(&bytes);
            steps.push(self.bytes.clone());
        }
        steps
    }
}

fn times(kind: Kind, packets: &[Packet]) -> Vec<(i64, bool, Bytes)> {
    let of_kind = packets.iter().filter(|packet| packet.kind() == kind);
    let first = packets.iter().map(|packet| packet.dts).min().unwrap();
    of_kind
        .map(|packet| {
            let nanos = packet.pts.nanos_from(first);
            (
                (nanos + 500_000) / 1_000_000,
                packet.keyframe,
                packet.payload.clone(),
            )
        })
        .collect()
}

fn same(sent: &[Packet], got: &[Packet]) {
    for kind in [Kind::Video, Kind::Audio] {
        assert_eq!(times(kind, sent), times(kind, got), "{kind:?}");
    }
}

/// The types of the boxes at the top of a file.
fn boxes(file: &[u8]) -> Vec<String> {
    let mut rest = file;
    let mut types = Vec::new();
    while rest.len() >= 8 {
        let word = |at: usize| u32::from_be_bytes(rest[at..at + 4].try_into().unwrap());
        let size = match word(0) {
            1 => (usize::try_from(word(8)).unwrap() << 32) + word(12) as usize,
            size => size as usize,
        };
        types.push(String::from_utf8(rest[4..8].to_vec()).unwrap());
        rest = &rest[size..];
    }
    assert!(rest.is_empty());
    types
}

#[test]
fn an_ended_movie_is_an_ordinary_mp4() {
    let sent = stream(100, 25);
    let whole = File::of(&sent).end().pop().unwrap();
    assert_eq!(boxes(&whole), ["ftyp", "free", "mdat", "moov"]);
    same(&sent, &read(&whole));
}

#[test]
fn every_step_of_the_ending_leaves_a_file_that_plays() {
    let sent = stream(100, 25);
    let steps = File::of(&sent).end();
    assert_eq!(steps.len(), 4);
    for step in steps {
        same(&sent, &read(&step));
    }
}

#[test]
fn a_movie_cut_short_plays_up_to_its_last_fragment() {
    let sent = stream(60, 25);
    let got = read(&File::of(&sent).bytes);
    let frames = got.iter().filter(|packet| packet.kind() == Kind::Video);
    assert_eq!(frames.count(), 50);
}

#[test]
fn a_track_that_begins_later_does_so_in_the_file() {
    let mut sent: Vec<_> = (0..20)
        .map(|i| video_packet(3000 + i * 40, i == 0, 50))
        .collect();
    sent.extend((0..20).map(|i| audio_packet(3200 + i * 21)));
    let whole = File::of(&sent).end().pop().unwrap();
    let got = read(&whole);
    let first = |kind| {
        let of_kind = got.iter().find(|packet| packet.kind() == kind);
        of_kind.unwrap().pts.as_millis()
    };
    assert_eq!(first(Kind::Audio) - first(Kind::Video), 200);
}

#[test]
fn frames_that_were_shed_leave_their_time_behind() {
    let mut sent = stream(100, 25);
    sent.retain(|packet| {
        !(1000..2000).contains(&packet.dts.as_millis()) || packet.kind() == Kind::Audio
    });
    same(&sent, &read(&File::of(&sent).end().pop().unwrap()));
}

#[test]
fn a_change_of_size_is_a_second_sample_description() {
    let mut sent = stream(50, 25);
    let mut config = video_config().as_ref().clone();
    // Level 3.2 instead of 3.1.
    let mut record = config.decoder_config.to_vec();
    record[3] = 0x20;
    config.decoder_config = record.into();
    let config = Config::Video(config.into());
    for packet in &mut sent {
        if packet.kind() == Kind::Video && packet.dts >= Timestamp::from_millis(1000) {
            packet.config = config.clone();
        }
    }
    let whole = File::of(&sent).end().pop().unwrap();
    let moov = whole.windows(4).rposition(|four| four == b"moov").unwrap();
    let entries = whole[moov..].windows(4).filter(|four| four == b"avc1");
    assert_eq!(entries.count(), 2);
}

#[test]
fn audio_before_the_first_frame_is_not_lost() {
    let mut sent = vec![audio_packet(0), audio_packet(21), audio_packet(43)];
    sent.extend((0..30).map(|i| video_packet(57 + i * 40, i == 0, 50)));
    same(&sent, &read(&File::of(&sent).end().pop().unwrap()));
}

#[test]
fn reordered_frames_keep_their_order() {
    let mut sent: Vec<_> = (0..6).map(|i| video_packet(i * 40, i == 0, 50)).collect();
    for (packet, delay) in sent.iter_mut().zip([80, 160, 40, 80, 160, 40]) {
        packet.pts = packet.dts + Duration::from_millis(delay);
    }
    same(&sent, &read(&File::of(&sent).end().pop().unwrap()));
}

#[test]
fn a_movie_without_a_frame_to_begin_at_stays_as_it_is() {
    let mut file = File::begin(Timestamp::ZERO);
    file.push(&video_packet(0, false, 10));
    file.movie.finish().unwrap();
    assert!(file.movie.end().is_err());
}

#[test]
fn frames_shown_before_they_are_decoded_keep_their_distances() {
    for offsets in [[-34, -34, -34, -34], [-34, 46, -34, 6], [0, 80, -40, -40]] {
        let sent = shown_after(&offsets);
        let whole = File::of(&sent).end().pop().unwrap();
        assert_eq!(shown(&read(&whole)), shown(&sent), "{offsets:?}");
    }
}

#[test]
fn audio_stays_with_frames_that_are_shown_before_they_are_decoded() {
    let mut sent = shown_after(&[-34, 46, -34, 6, 6, 6]);
    sent.extend((0..10).map(|i| audio_packet(i * 21)));
    let got = read(&File::of(&sent).end().pop().unwrap());
    let first = |packets: &[Packet], kind| {
        let of_kind = packets.iter().filter(|packet| packet.kind() == kind);
        of_kind.map(|packet| packet.pts).min().unwrap()
    };
    let apart = |packets: &[Packet]| {
        let (video, audio) = (first(packets, Kind::Video), first(packets, Kind::Audio));
        (audio.nanos_from(video) + 500_000) / 1_000_000
    };
    assert_eq!((apart(&sent), apart(&got)), (34, 34));
}

#[test]
fn a_tracks_language_is_in_every_head() {
    let mut tracks = tracks(true, true);
    tracks.audio[0].language = "deu".parse().ok();
    let (mut movie, head) = Movie::begin(&tracks, Timestamp::ZERO).unwrap();
    for packet in stream(50, 25) {
        movie.push(&packet).unwrap();
    }
    movie.finish().unwrap();
    // ISO/IEC 14496-12 §8.4.2.3: five bits a letter, from 0x60 on.
    let packed = |letters: &[u8; 3]| {
        let letters = letters.iter().map(|letter| u16::from(letter - 0x60));
        letters
            .fold(0, |all, letter| all << 5 | letter)
            .to_be_bytes()
    };
    for moov in [head, movie.end().unwrap().moov] {
        let mdhd = moov
            .windows(4)
            .enumerate()
            .filter(|(_, four)| *four == b"mdhd");
        let languages: Vec<_> = mdhd.map(|(at, _)| &moov[at + 24..at + 26]).collect();
        assert_eq!(languages, [&packed(b"und"), &packed(b"deu")]);
    }
}
