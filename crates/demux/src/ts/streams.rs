//! Elementary streams to packets: H.264 in Annex B framing and AAC in ADTS.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use onair_media::aac::adts;
use onair_media::h264::{AccessUnit, AvcDecoderConfig, NalUnitType, annex_b, nal_unit_type};
use onair_media::{Config, Packet, Timestamp, aac, h264};

/// Decoding and presentation time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) dts: Timestamp,
    pub(super) pts: Timestamp,
}

/// A video stream being cut into access units.
#[derive(Default)]
pub(super) struct Video {
    pending: Vec<u8>,
    times: Option<Times>,
    config: Option<Config>,
    sps: Vec<Bytes>,
    pps: Vec<Bytes>,
    last: Option<Timestamp>,
    /// Access units left out because no parameter sets had come yet.
    pub(super) skipped: u64,
}

impl Video {
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
        for unit in units(&data) {
            let unit = AccessUnit::from_annex_b(unit);
            self.adopt(&unit);
            packets.extend(self.packet(unit, times));
            times = self.next_times(times);
        }
        packets
    }

    fn packet(&mut self, unit: AccessUnit, times: Times) -> Option<Packet> {
        if unit.payload.is_empty() {
            return None;
        }
        let Some(config) = self.config.clone() else {
            self.skipped += 1;
            return None;
        };
        let dts = self.last.map_or(times.dts, |last| times.dts.max(last));
        self.last = Some(dts);
        Some(Packet {
            config,
            pts: times.pts,
            dts,
            duration: None,
            keyframe: unit.is_keyframe(),
            payload: unit.payload,
        })
    }

    /// Parameter sets that differ from those known make a new configuration.
    fn adopt(&mut self, unit: &AccessUnit) {
        let changed = (!unit.sps.is_empty() && unit.sps != self.sps)
            || (!unit.pps.is_empty() && unit.pps != self.pps);
        if !changed {
            return;
        }
        if !unit.sps.is_empty() {
            self.sps.clone_from(&unit.sps);
        }
        if !unit.pps.is_empty() {
            self.pps.clone_from(&unit.pps);
        }
        let config = AvcDecoderConfig::from_parameter_sets(&self.sps, &self.pps)
            .and_then(|avcc| h264::video_config(avcc.write()));
        if let Ok(config) = config {
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
/// their delimiters (ISO/IEC 14496-10 §7.4.1.2.3).
fn units(data: &[u8]) -> Vec<&[u8]> {
    let delimiters: Vec<usize> = annex_b(data)
        .filter(|nal| nal_unit_type(nal) == Some(NalUnitType::AccessUnitDelimiter))
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
    /// Why frames cannot be used, where they are legal.
    pub(super) refused: Option<onair_media::Error>,
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

    /// Gives up what was taken in: part of it was lost.
    pub(super) fn abandon(&mut self) {
        self.pending.clear();
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

fn describe(header: &adts::Header) -> Result<(Config, Duration), onair_media::Error> {
    let asc = header.config()?;
    let config = aac::audio_config(asc.write()?)?;
    Ok((Config::Audio(Arc::new(config)), asc.frame_duration()))
}

/// Bytes of an ADTS header without its CRC.
const ADTS_HEADER: usize = 7;

/// Largest access unit put together from PES packets without times.
const MAX_UNIT: usize = 32 * 1024 * 1024;

/// A frame's duration where nothing says it.
const USUAL_FRAME: Duration = Duration::from_millis(40);
