use std::time::Duration;

use bytes::Bytes;
use onair_media::{Kind, Language, Packet, Timestamp, Tracks};
use shiguredo_mp4::boxes::{MdatBox, MfhdBox, MoofBox};
use shiguredo_mp4::{BoxHeader, BoxSize, Encode};

use crate::header::Described;
use crate::sample::Sample;
use crate::track::{Pacing, Track};
use crate::{Error, header};

/// Cuts one video and one audio track into an initialization segment and fragments.
#[derive(Debug)]
pub struct Fragmenter {
    pacing: Pacing,
    origin: Timestamp,
    video: Option<Track>,
    audio: Option<Track>,
    sequence: u32,
}

/// A `moof`, the beginning of its `mdat`, and the payloads that follow.
#[derive(Clone, Debug, Default)]
pub struct Fragment {
    /// The `moof`, and the header of the `mdat`.
    pub head: Vec<u8>,
    /// What the `mdat` holds, in order.
    pub payloads: Vec<Bytes>,
    /// How many of them are video.
    pub video_frames: u64,
}

impl Fragmenter {
    /// For the main tracks among these, whose time is 0 at `origin`.
    pub fn new(tracks: &Tracks, pacing: Pacing, origin: Timestamp) -> Self {
        let mut fragmenter = Self {
            pacing,
            origin,
            video: None,
            audio: None,
            sequence: 0,
        };
        fragmenter.describe(tracks);
        fragmenter
    }

    /// Goes on with the main tracks among these, possibly more than before: another [initialization
    /// segment](Self::init) is due.
    pub fn describe(&mut self, tracks: &Tracks) {
        let (pacing, origin) = (self.pacing, self.origin);
        let mut next_id = 0;
        let mut track = |kind, before: Option<Track>| {
            let described = Described::main(tracks, kind)?;
            next_id += 1;
            Some(match before {
                Some(track) => track.again(next_id, described, pacing),
                None => Track::new(next_id, described, pacing, origin),
            })
        };
        self.video = track(Kind::Video, self.video.take());
        self.audio = track(Kind::Audio, self.audio.take());
    }

    /// The initialization segment: `ftyp` and `moov`.
    ///
    /// # Errors
    ///
    /// When a track's configuration is broken.
    pub fn init(&self) -> Result<Bytes, Error> {
        header::write(self.tracks().map(|track| &track.described)).map(Bytes::from)
    }

    /// Whether the initialization segment is right for a packet.
    pub fn accepts(&self, packet: &Packet) -> bool {
        let track = match packet.kind() {
            Kind::Video => &self.video,
            Kind::Audio => &self.audio,
        };
        track
            .as_ref()
            .is_some_and(|track| track.described.config.same(&packet.config))
    }

    /// Takes the next packet of a track.
    pub fn push(&mut self, packet: &Packet) {
        let track = match packet.kind() {
            Kind::Video => &mut self.video,
            Kind::Audio => &mut self.audio,
        };
        if let Some(track) = track {
            track.push(packet);
        }
    }

    /// Whether, after this packet, it is time to [`take`](Self::take) a fragment: at a keyframe,
    /// and after two seconds at most, so that a killed recorder loses no more.
    pub fn is_due(&self, packet: &Packet) -> bool {
        packet.is_video_keyframe()
            || self.ready() >= MAX_DURATION
            || self.ready_bytes() >= MAX_BYTES
    }

    /// How many bytes of payload the next fragment would have.
    pub fn ready_bytes(&self) -> usize {
        self.tracks().map(Track::ready_bytes).sum()
    }

    /// A fragment of what is ready; `None` when nothing is.
    ///
    /// # Errors
    ///
    /// When a number does not fit into its box.
    pub fn take(&mut self) -> Result<Option<Fragment>, Error> {
        Ok(self.take_samples()?.map(|(fragment, _)| fragment))
    }

    /// The rest; the last packets last as long as those before them.
    ///
    /// # Errors
    ///
    /// As [`take`](Self::take).
    pub fn finish(&mut self) -> Result<Option<Fragment>, Error> {
        self.complete();
        self.take()
    }

    /// Lets the last packets last as long as those before them, so that all are ready.
    pub(crate) fn complete(&mut self) {
        let tracks = [&mut self.video, &mut self.audio];
        tracks.into_iter().flatten().for_each(Track::finish);
    }

    /// A fragment, and the samples in it.
    pub(crate) fn take_samples(&mut self) -> Result<Option<(Fragment, Vec<Sample>)>, Error> {
        let video = self.video.as_mut().map(Track::take).unwrap_or_default();
        let audio = self.audio.as_mut().map(Track::take).unwrap_or_default();
        if video.is_empty() && audio.is_empty() {
            return Ok(None);
        }
        self.sequence += 1;
        let head = self.head(&video, &audio)?;
        let video_frames = video.len() as u64;
        let samples: Vec<_> = video.into_iter().chain(audio).collect();
        let fragment = Fragment {
            head,
            payloads: samples.iter().map(|s| s.payload.clone()).collect(),
            video_frames,
        };
        Ok(Some((fragment, samples)))
    }

    /// The `moof`, and the header of the `mdat` behind it.
    fn head(&self, video: &[Sample], audio: &[Sample]) -> Result<Vec<u8>, Error> {
        let size = |samples: &[Sample]| samples.iter().map(|s| s.payload.len()).sum::<usize>();
        // The size of a `moof` does not depend on the offsets in it.
        let before = self.moof(video, audio, [0; 2]).encode_to_vec()?.len() + BoxHeader::MIN_SIZE;
        let moof = self.moof(video, audio, [before, before + size(video)]);
        let mut head = moof.encode_to_vec()?;
        let payload = (size(video) + size(audio)) as u64;
        let mdat = BoxHeader {
            box_type: MdatBox::TYPE,
            box_size: BoxSize::with_payload_size(MdatBox::TYPE, payload),
        };
        head.extend(mdat.encode_to_vec()?);
        Ok(head)
    }

    fn moof(&self, video: &[Sample], audio: &[Sample], offsets: [usize; 2]) -> MoofBox {
        let both = [
            (&self.video, video, offsets[0]),
            (&self.audio, audio, offsets[1]),
        ];
        let traf_boxes = both.into_iter().filter_map(|(track, samples, offset)| {
            let track = track.as_ref().filter(|_| !samples.is_empty())?;
            Some(track.traf(samples, offset))
        });
        MoofBox {
            mfhd_box: MfhdBox {
                sequence_number: self.sequence,
            },
            traf_boxes: traf_boxes.collect(),
            unknown_boxes: Vec::new(),
        }
    }

    fn ready(&self) -> Duration {
        let ready = self.tracks().map(Track::ready);
        ready.max().unwrap_or_default()
    }

    /// The language of the track of a kind, where it is known.
    pub(crate) fn language(&self, kind: Kind) -> Option<Language> {
        let of_kind = |track: &&Track| track.described.config.kind() == kind;
        self.tracks().find(of_kind)?.described.language
    }

    fn tracks(&self) -> impl Iterator<Item = &Track> + Clone {
        self.video.iter().chain(&self.audio)
    }
}

impl Fragment {
    /// In one piece.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut whole = self.head.clone();
        self.payloads
            .iter()
            .for_each(|payload| whole.extend_from_slice(payload));
        whole
    }
}

/// The most media in a fragment.
const MAX_DURATION: Duration = Duration::from_secs(2);

/// The most bytes in a fragment, should the stream's clock stand still.
const MAX_BYTES: usize = 8 * 1024 * 1024;

#[cfg(test)]
mod tests;
