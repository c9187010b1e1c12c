use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use onair_media::{AudioConfig, Config, Kind, Packet, Timestamp, VideoConfig};
use shiguredo_mp4::boxes::{MdatBox, MfhdBox, MoofBox};
use shiguredo_mp4::{BoxHeader, BoxSize, Encode};

use crate::track::{Sample, Track};
use crate::{Error, header};

/// Cuts one video and one audio track into an initialization segment and fragments.
///
/// A packet's duration is known when the track's next one comes, so the last packet of each track
/// waits for it. Times are those of the packets, to the tick; sound that is off by no more than a
/// container's rounding is put where its sample count says, so that it has no seams.
#[derive(Debug)]
pub struct Fragmenter {
    video: Option<Track>,
    audio: Option<Track>,
    sequence: u32,
}

/// A `moof` and the beginning of its `mdat`, and the payloads that belong behind it.
#[derive(Clone, Debug, Default)]
pub struct Fragment {
    /// The `moof`, and the header of the `mdat`.
    pub head: Vec<u8>,
    /// What the `mdat` holds, in order.
    pub payloads: Vec<Bytes>,
    /// How many of them are pictures.
    pub pictures: u64,
}

impl Fragmenter {
    /// For these tracks, whose time is 0 at `origin`.
    pub fn new(
        video: Option<Arc<VideoConfig>>,
        audio: Option<Arc<AudioConfig>>,
        origin: Timestamp,
    ) -> Self {
        let video = video.map(|config| Track::new(1, Config::Video(config), origin));
        let id = if video.is_some() { 2 } else { 1 };
        let audio = audio.map(|config| Track::new(id, Config::Audio(config), origin));
        Self {
            video,
            audio,
            sequence: 0,
        }
    }

    /// The initialization segment: `ftyp` and `moov`.
    pub fn init(&self) -> Result<Bytes, Error> {
        header::write(self.tracks().map(|track| &track.config)).map(Bytes::from)
    }

    /// Whether the initialization segment is right for a packet.
    pub fn accepts(&self, packet: &Packet) -> bool {
        let track = match packet.kind() {
            Kind::Video => &self.video,
            Kind::Audio => &self.audio,
        };
        track
            .as_ref()
            .is_some_and(|track| track.config.same(&packet.config))
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

    /// How much media the next fragment would have.
    pub fn ready(&self) -> Duration {
        let ready = self.tracks().map(Track::ready);
        ready.max().unwrap_or_default()
    }

    /// How much memory that takes, about.
    pub fn ready_bytes(&self) -> usize {
        self.tracks().map(Track::ready_bytes).sum()
    }

    /// A fragment of what is ready; `None` when nothing is.
    pub fn take(&mut self) -> Result<Option<Fragment>, Error> {
        let video = self.video.as_mut().map(Track::take).unwrap_or_default();
        let audio = self.audio.as_mut().map(Track::take).unwrap_or_default();
        if video.is_empty() && audio.is_empty() {
            return Ok(None);
        }
        self.sequence += 1;
        let mut moof = self.moof(&video, &audio, [0; 2]);
        // The size does not depend on the offsets in it.
        let before = moof.encode_to_vec()?.len() + BoxHeader::MIN_SIZE;
        let size = |samples: &[Sample]| samples.iter().map(|s| s.payload.len()).sum::<usize>();
        moof = self.moof(&video, &audio, [before, before + size(&video)]);
        let mut head = moof.encode_to_vec()?;
        let box_size =
            BoxSize::with_payload_size(MdatBox::TYPE, (size(&video) + size(&audio)) as u64);
        let mdat = BoxHeader {
            box_type: MdatBox::TYPE,
            box_size,
        };
        head.extend(mdat.encode_to_vec()?);
        let pictures = video.len() as u64;
        let samples = video.into_iter().chain(audio);
        Ok(Some(Fragment {
            head,
            payloads: samples.map(|sample| sample.payload).collect(),
            pictures,
        }))
    }

    /// The rest: the last packets last as long as those before them.
    pub fn finish(&mut self) -> Result<Option<Fragment>, Error> {
        for track in [&mut self.video, &mut self.audio].into_iter().flatten() {
            track.finish();
        }
        self.take()
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

    fn tracks(&self) -> impl Iterator<Item = &Track> {
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

#[cfg(test)]
mod tests;
