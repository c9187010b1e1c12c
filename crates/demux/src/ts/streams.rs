//! Elementary streams to packets: H.264 in Annex B framing and AAC in ADTS.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use onair_media::aac::adts;
use onair_media::h264::{self, annex_b};
use onair_media::{AudioConfig, Config, Error, Packet, Timestamp, VideoConfig, hevc};

/// Decoding and presentation time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) dts: Timestamp,
    pub(super) pts: Timestamp,
}

/// How a video stream is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    H264,
    Hevc,
}

/// An access unit's parts.
struct Unit {
    payload: Bytes,
    /// Parameter sets: video, sequence, picture. H.264 has none of the first.
    sets: [Vec<Bytes>; 3],
    keyframe: bool,
}

impl Coding {
    fn take_apart(self, data: &[u8]) -> Unit {
        match self {
            Self::H264 => {
                let unit = h264::AccessUnit::from_annex_b(data);
                Unit {
                    keyframe: unit.is_keyframe(),
                    payload: unit.payload,
                    sets: [Vec::new(), unit.sps, unit.pps],
                }
            }
            Self::Hevc => {
                let unit = hevc::AccessUnit::from_annex_b(data);
                Unit {
                    keyframe: unit.keyframe,
                    payload: unit.payload,
                    sets: [unit.vps, unit.sps, unit.pps],
                }
            }
        }
    }

    fn config(self, [vps, sps, pps]: &[Vec<Bytes>; 3]) -> Result<VideoConfig, Error> {
        match self {
            Self::H264 => VideoConfig::from_parameter_sets(sps, pps),
            Self::Hevc => VideoConfig::hevc_from_parameter_sets(vps, sps, pps),
        }
    }

    fn is_delimiter(self, nal: &[u8]) -> bool {
        match self {
            Self::H264 => h264::nal_unit_type(nal) == Some(h264::NalUnitType::AccessUnitDelimiter),
            Self::Hevc => hevc::nal_unit_type(nal) == Some(hevc::NalUnitType::AccessUnitDelimiter),
        }
    }
}

/// A video stream being cut into access units.
pub(super) struct Video {
    coding: Coding,
    pending: Vec<u8>,
    times: Option<Times>,
    config: Option<Config>,
    sets: [Vec<Bytes>; 3],
    last: Option<Timestamp>,
    /// Decoding times of access units left out for want of parameter sets.
    pub(super) skipped: Vec<Timestamp>,
}

impl Video {
    pub(super) const fn new(coding: Coding) -> Self {
        Self {
            coding,
            pending: Vec::new(),
            times: None,
            config: None,
            sets: [const { Vec::new() }; 3],
            last: None,
            skipped: Vec::new(),
        }
    }

    /// Takes a PES payload in: with times it begins an access unit, without it
    /// goes on with the last.
    pub(super) fn push(&mut self, payload: &[u8], times: Option<Times>) -> Vec<Packet> {
        let done = if times.is_some() {
            self.finish()
        } else {
            Vec::new()
        };
        self.times = times.or(self.times);
        if self.times.is_some() && self.pending.len() < MAX_UNIT {
            self.pending.extend_from_slice(payload);
        }
        done
    }

    /// The packets of what was taken in since the last times.
    pub(super) fn finish(&mut self) -> Vec<Packet> {
        let data = std::mem::take(&mut self.pending);
        let Some(mut times) = self.times.take() else {
            return Vec::new();
        };
        let mut packets = Vec::new();
        for unit in units(&data, self.coding) {
            let unit = self.coding.take_apart(unit);
            self.adopt(&unit);
            packets.extend(self.packet(unit, times));
            times = self.next_times(times);
        }
        packets
    }

    /// Other times begin.
    pub(super) const fn forget_times(&mut self) {
        self.last = None;
    }

    fn packet(&mut self, unit: Unit, times: Times) -> Option<Packet> {
        if unit.payload.is_empty() {
            return None;
        }
        let Some(config) = self.config.clone() else {
            self.skipped.push(times.dts);
            return None;
        };
        let dts = self.last.map_or(times.dts, |last| times.dts.max(last));
        self.last = Some(dts);
        Some(Packet {
            config,
            pts: times.pts,
            dts,
            duration: None,
            keyframe: unit.keyframe,
            payload: unit.payload,
        })
    }

    /// Parameter sets that differ from those known make a new configuration.
    fn adopt(&mut self, unit: &Unit) {
        let mut changed = false;
        for (known, sets) in self.sets.iter_mut().zip(&unit.sets) {
            if !sets.is_empty() && sets != known {
                known.clone_from(sets);
                changed = true;
            }
        }
        if changed && let Ok(config) = self.coding.config(&self.sets) {
            self.config = Some(Config::Video(Arc::new(config)));
        }
    }

    /// Times for a further access unit in the same PES packet.
    fn next_times(&self, times: Times) -> Times {
        let rate = match &self.config {
            Some(Config::Video(video)) => video.frame_rate,
            _ => None,
        };
        let step = rate.map_or(USUAL_FRAME, |rate| rate.time_of(1));
        let dts = times.dts + step;
        Times {
            dts,
            pts: dts.max(times.pts + step),
        }
    }
}

/// The access units in a PES payload: nearly always one. More are told apart by
/// their delimiters (ISO/IEC 14496-10 §7.4.1.2.3, 23008-2 §7.4.2.4.4).
fn units(data: &[u8], coding: Coding) -> Vec<&[u8]> {
    let delimiters: Vec<usize> = annex_b(data)
        .filter(|nal| coding.is_delimiter(nal))
        .map(|nal| (nal.as_ptr().addr() - data.as_ptr().addr()).saturating_sub(3))
        .collect();
    if delimiters.len() < 2 {
        return vec![data];
    }
    let mut cuts = delimiters;
    cuts[0] = 0;
    cuts.push(data.len());
    cuts.windows(2).map(|cut| &data[cut[0]..cut[1]]).collect()
}

/// An audio stream being cut into frames.
#[derive(Default)]
pub(super) struct Audio {
    pending: Vec<u8>,
    next: Option<Timestamp>,
    config: Option<(adts::Header, Config, Duration)>,
    last: Option<Timestamp>,
    /// Bytes left out because they were no frame.
    pub(super) skipped: u64,
    /// Why valid frames cannot be used.
    pub(super) refused: Option<Error>,
}

impl Audio {
    /// Takes a PES payload in; its time is that of the first frame that begins in it.
    pub(super) fn push(&mut self, payload: &[u8], time: Option<Timestamp>) -> Vec<Packet> {
        let carried = self.pending.len();
        if carried == 0 {
            self.next = time.or(self.next);
        }
        self.pending.extend_from_slice(payload);
        let data = Bytes::from(std::mem::take(&mut self.pending));
        let mut at = 0;
        let mut packets = Vec::new();
        let mut time = time.filter(|_| carried > 0);
        while data.len() - at >= ADTS_HEADER {
            if at >= carried {
                self.next = time.take().or(self.next);
            }
            match adts::Header::parse(&data[at..]) {
                Ok(header) if data.len() - at < header.frame_length => break,
                Ok(header) if header.frame_length > header.header_length => {
                    let raw = data.slice(at + header.header_length..at + header.frame_length);
                    at += header.frame_length;
                    packets.extend(self.packet(header, raw));
                }
                _ => {
                    self.skipped += 1;
                    at += 1;
                }
            }
        }
        self.pending.extend_from_slice(&data[at..]);
        packets
    }

    /// Whether a part of a frame is there.
    pub(super) const fn is_within_frame(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Drops the frame under way, part of which was lost. Gives its time, if it had one.
    pub(super) fn abandon(&mut self) -> Option<Timestamp> {
        self.pending.clear();
        self.next.take()
    }

    /// Other times begin.
    pub(super) const fn forget_times(&mut self) {
        self.next = None;
        self.last = None;
    }

    fn packet(&mut self, header: adts::Header, payload: Bytes) -> Option<Packet> {
        let (config, frame) = self.config_for(header)?;
        let pts = self.next?;
        self.next = Some(pts + frame);
        let pts = self.last.map_or(pts, |last| pts.max(last));
        self.last = Some(pts);
        Some(Packet {
            config,
            pts,
            dts: pts,
            duration: Some(frame),
            keyframe: true,
            payload,
        })
    }

    fn config_for(&mut self, header: adts::Header) -> Option<(Config, Duration)> {
        let shape = |h: &adts::Header| (h.object_type, h.sample_rate, h.channel_configuration);
        if let Some((known, config, frame)) = &self.config
            && shape(known) == shape(&header)
        {
            return Some((config.clone(), *frame));
        }
        match describe(&header) {
            Ok((config, frame)) => {
                self.config = Some((header, config.clone(), frame));
                Some((config, frame))
            }
            Err(error) => {
                self.refused.get_or_insert(error);
                None
            }
        }
    }
}

fn describe(header: &adts::Header) -> Result<(Config, Duration), Error> {
    let asc = header.config()?;
    let config = AudioConfig::aac(asc.write()?)?;
    Ok((Config::Audio(Arc::new(config)), asc.frame_duration()))
}

/// Bytes of an ADTS header without its CRC.
const ADTS_HEADER: usize = 7;

/// Largest access unit put together from PES packets without times.
const MAX_UNIT: usize = 32 * 1024 * 1024;

/// How long a frame of unknown rate lasts.
const USUAL_FRAME: Duration = Duration::from_millis(40);

#[cfg(test)]
mod tests {
    use super::*;

    const SPS: &[u8] = &[0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x47, 0xfe, 0x88];
    const PPS: &[u8] = &[0x68, 0xce, 0x38, 0x80];
    const DELIMITER: &[u8] = &[0x09, 0xf0];

    fn annex_b_of(nals: &[&[u8]]) -> Vec<u8> {
        nals.iter()
            .flat_map(|nal| [&[0, 0, 0, 1], *nal].concat())
            .collect()
    }

    fn at(millis: i64) -> Option<Times> {
        let time = Timestamp::from_millis(millis);
        Some(Times {
            dts: time,
            pts: time,
        })
    }

    fn frame(raw: &[u8]) -> Vec<u8> {
        let config = onair_media::aac::AudioSpecificConfig::aac_lc(48_000, 2).unwrap();
        adts::wrap(&config, raw).unwrap()
    }

    #[test]
    fn an_access_unit_ends_where_the_next_times_are() {
        let mut video = Video::new(Coding::H264);
        let first = annex_b_of(&[DELIMITER, SPS, PPS, &[0x65, 0x88, 1]]);
        assert!(video.push(&first, at(0)).is_empty());
        assert!(
            video
                .push(&annex_b_of(&[&[0x65, 0x08, 2]]), None)
                .is_empty()
        );
        let done = video.push(&annex_b_of(&[DELIMITER, &[0x41, 0x9a, 3]]), at(40));
        assert_eq!(done.len(), 1);
        assert_eq!(
            done[0].payload[..],
            [0, 0, 0, 3, 0x65, 0x88, 1, 0, 0, 0, 3, 0x65, 0x08, 2]
        );
        assert!(done[0].keyframe);
        let rest = video.finish();
        assert_eq!((rest.len(), rest[0].dts.as_millis()), (1, 40));
        assert!(rest[0].config.same(&done[0].config));
    }

    #[test]
    fn several_access_units_in_one_pes_packet_are_told_apart() {
        let mut video = Video::new(Coding::H264);
        let both = annex_b_of(&[DELIMITER, SPS, PPS, &[0x65, 0x88], DELIMITER, &[0x41, 0x9a]]);
        video.push(&both, at(100));
        let units = video.finish();
        assert_eq!(units.len(), 2);
        assert_eq!(
            (units[0].dts.as_millis(), units[1].dts.as_millis()),
            (100, 140)
        );
    }

    #[test]
    fn frames_before_the_parameter_sets_are_counted_and_left_out() {
        let mut video = Video::new(Coding::H264);
        video.push(&annex_b_of(&[DELIMITER, &[0x41, 0x9a]]), at(0));
        assert!(video.finish().is_empty());
        assert_eq!(video.skipped, [Timestamp::ZERO]);
    }

    #[test]
    fn frames_are_the_same_however_pes_packets_cut_them() {
        let stream: Vec<u8> = (1..=9)
            .flat_map(|n| frame(&vec![n; 20 + usize::from(n)]))
            .collect();
        for size in [1, 5, 7, 30, 31, 64, stream.len()] {
            let mut audio = Audio::default();
            let mut frames = Vec::new();
            for (index, part) in stream.chunks(size).enumerate() {
                let time = (index == 0).then_some(Timestamp::ZERO);
                frames.extend(audio.push(part, time));
            }
            assert_eq!(frames.len(), 9, "in pieces of {size}");
            assert!(
                frames
                    .iter()
                    .zip(1..)
                    .all(|(frame, n)| frame.payload[0] == n)
            );
            assert_eq!(frames[8].pts.as_nanos(), 8 * 21_333_333);
        }
    }

    #[test]
    fn a_time_belongs_to_the_first_frame_that_begins_in_its_packet() {
        let mut audio = Audio::default();
        let stream = [frame(b"first"), frame(b"second")].concat();
        let first = audio.push(&stream[..8], Some(Timestamp::from_millis(1000)));
        assert!(first.is_empty());
        let both = audio.push(&stream[8..], Some(Timestamp::from_millis(1500)));
        let times: Vec<_> = both.iter().map(|frame| frame.pts.as_millis()).collect();
        assert_eq!(times, [1000, 1500]);
    }

    #[test]
    fn noise_between_frames_is_skipped() {
        let mut audio = Audio::default();
        let stream = [frame(b"good"), vec![0xff, 0x00, 0x12], frame(b"again")].concat();
        assert_eq!(audio.push(&stream, Some(Timestamp::ZERO)).len(), 2);
        assert_eq!(audio.skipped, 3);
    }
}
