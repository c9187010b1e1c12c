//! What comes before the media: `ftyp`, `moov` and its sample entries.

use std::num::NonZeroU32;

use bytes::Bytes;
use onair_media::h264::{AvcDecoderConfig, ChromaFormat};
use onair_media::{
    AudioCodec, AudioConfig, Config, Kind, Language, Tracks, VideoCodec, VideoConfig,
};
use shiguredo_mp4::boxes::{
    AudioSampleEntryFields, Avc1Box, AvccBox, EsdsBox, FtypBox, Hvc1Box, HvccBox, MoovBox, Mp4aBox,
    SampleEntry, VisualSampleEntryFields,
};
use shiguredo_mp4::descriptors::{
    DecoderConfigDescriptor, DecoderSpecificInfo, EsDescriptor, SlConfigDescriptor,
};
use shiguredo_mp4::mux::{Fmp4SegmentMuxer, Sample};
use shiguredo_mp4::{Decode, Encode, FixedPointNumber, LanguageCode, TrackKind, Uint};

use crate::Error;

/// A track as its boxes describe it.
#[derive(Clone, Debug)]
pub(crate) struct Described {
    pub(crate) config: Config,
    pub(crate) language: Option<Language>,
}

impl Described {
    /// The main track of its kind, if its configuration is known.
    pub(crate) fn main(tracks: &Tracks, kind: Kind) -> Option<Self> {
        let config = tracks.configs().find(|config| config.kind() == kind)?;
        let language = match kind {
            Kind::Video => tracks.video.first().and_then(|track| track.language),
            Kind::Audio => tracks.audio.first().and_then(|track| track.language),
        };
        Some(Self { config, language })
    }
}

/// `ftyp` and `moov` for these tracks, which get the numbers 1, 2, ... in their order.
pub(crate) fn write<'a>(
    tracks: impl Iterator<Item = &'a Described> + Clone,
) -> Result<Vec<u8>, Error> {
    let specimens = tracks.clone().map(|track| specimen(&track.config));
    let samples: Vec<Sample> = specimens.collect::<Result<_, _>>()?;
    let mut muxer = Fmp4SegmentMuxer::new()?;
    // The muxer learns its tracks from their samples. This segment is not used.
    muxer.create_media_segment_metadata(&samples)?;
    let mut init = muxer.init_segment_bytes()?;
    let (_, ftyp) = FtypBox::decode(&init)?;
    let (mut moov, _) = MoovBox::decode(&init[ftyp..])?;
    speak(&mut moov, tracks.map(|track| track.language));
    init.truncate(ftyp);
    init.extend(moov.encode_to_vec()?);
    Ok(init)
}

/// Puts the language into each track (ISO/IEC 14496-12 §8.4.2.3).
pub(crate) fn speak(moov: &mut MoovBox, languages: impl Iterator<Item = Option<Language>>) {
    for (trak, language) in moov.trak_boxes.iter_mut().zip(languages) {
        let code = language.and_then(|language| LanguageCode::new(language.letters()));
        if let Some(code) = code {
            trak.mdia_box.mdhd_box.language = code;
        }
    }
}

/// Ticks a second of a track: for audio, its sample rate.
pub(crate) fn timescale(config: &Config) -> NonZeroU32 {
    match config {
        Config::Video(_) => VIDEO_TIMESCALE,
        Config::Audio(audio) => NonZeroU32::new(audio.sample_rate).unwrap_or(NonZeroU32::MIN),
    }
}

/// Every common frame rate's period is a whole number of these.
const VIDEO_TIMESCALE: NonZeroU32 = NonZeroU32::new(90_000).expect("not zero");

fn specimen(config: &Config) -> Result<Sample, Error> {
    Ok(Sample {
        track_kind: match config {
            Config::Video(_) => TrackKind::Video,
            Config::Audio(_) => TrackKind::Audio,
        },
        sample_entry: Some(sample_entry(config)?),
        keyframe: true,
        timescale: timescale(config),
        duration: 1,
        composition_time_offset: None,
        data_offset: 0,
        data_size: 0,
    })
}

/// The description of a track's samples: codec and decoder configuration.
pub(crate) fn sample_entry(config: &Config) -> Result<SampleEntry, Error> {
    match config {
        Config::Video(video) => match video.codec {
            VideoCodec::H264 => avc1(video),
            VideoCodec::Hevc => hvc1(video),
        },
        Config::Audio(audio) => match audio.codec {
            AudioCodec::Aac => Ok(mp4a(audio)),
        },
    }
}

/// ISO/IEC 14496-15 §5.4.2.1.
fn avc1(video: &VideoConfig) -> Result<SampleEntry, Error> {
    Ok(SampleEntry::Avc1(Avc1Box {
        visual: visual(video),
        avcc_box: avcc(video)?,
        unknown_boxes: Vec::new(),
    }))
}

/// ISO/IEC 14496-15 §8.4.1.1; the record goes in as it is.
fn hvc1(video: &VideoConfig) -> Result<SampleEntry, Error> {
    let length = u32::try_from(video.decoder_config.len() + 8).unwrap_or(u32::MAX);
    let hvcc = [&length.to_be_bytes()[..], b"hvcC", &video.decoder_config].concat();
    let (hvcc_box, _) = HvccBox::decode(&hvcc)?;
    Ok(SampleEntry::Hvc1(Hvc1Box {
        visual: visual(video),
        hvcc_box,
        unknown_boxes: Vec::new(),
    }))
}

fn visual(video: &VideoConfig) -> VisualSampleEntryFields {
    let side = |pixels: u32| u16::try_from(pixels).unwrap_or(u16::MAX);
    VisualSampleEntryFields {
        data_reference_index: VisualSampleEntryFields::DEFAULT_DATA_REFERENCE_INDEX,
        width: side(video.size.width),
        height: side(video.size.height),
        horizresolution: VisualSampleEntryFields::DEFAULT_HORIZRESOLUTION,
        vertresolution: VisualSampleEntryFields::DEFAULT_VERTRESOLUTION,
        frame_count: VisualSampleEntryFields::DEFAULT_FRAME_COUNT,
        compressorname: VisualSampleEntryFields::NULL_COMPRESSORNAME,
        depth: VisualSampleEntryFields::DEFAULT_DEPTH,
    }
}

fn avcc(video: &VideoConfig) -> Result<AvccBox, Error> {
    let avcc = AvcDecoderConfig::parse(&video.decoder_config)?;
    let sets = |sets: &[Bytes]| sets.iter().map(|set| set.to_vec()).collect();
    // The profile demands it, but a publisher may have left it out.
    let (chroma, luma_bits, chroma_bits) = avcc.high.as_ref().map_or((1, 8, 8), |high| {
        (chroma(high.chroma_format), high.luma_bits, high.chroma_bits)
    });
    Ok(AvccBox {
        avc_profile_indication: avcc.profile,
        profile_compatibility: avcc.compatibility,
        avc_level_indication: avcc.level,
        length_size_minus_one: Uint::new(video.decoder_config.get(4).map_or(3, |byte| byte & 0b11)),
        sps_list: sets(&avcc.sps),
        pps_list: sets(&avcc.pps),
        chroma_format: Some(Uint::new(chroma)),
        bit_depth_luma_minus8: Some(Uint::new(luma_bits.saturating_sub(8))),
        bit_depth_chroma_minus8: Some(Uint::new(chroma_bits.saturating_sub(8))),
        sps_ext_list: avcc
            .high
            .map_or_else(Vec::new, |high| sets(&high.sps_extensions)),
    })
}

const fn chroma(format: ChromaFormat) -> u8 {
    match format {
        ChromaFormat::Monochrome => 0,
        ChromaFormat::Yuv420 => 1,
        ChromaFormat::Yuv422 => 2,
        ChromaFormat::Yuv444 => 3,
    }
}

/// ISO/IEC 14496-14 §5.6.
fn mp4a(audio: &AudioConfig) -> SampleEntry {
    // A rate that does not fit is left out: the AudioSpecificConfig has it.
    let rate = u16::try_from(audio.sample_rate).unwrap_or(0);
    SampleEntry::Mp4a(Mp4aBox {
        audio: AudioSampleEntryFields {
            data_reference_index: AudioSampleEntryFields::DEFAULT_DATA_REFERENCE_INDEX,
            channelcount: audio.channels.into(),
            samplesize: AudioSampleEntryFields::DEFAULT_SAMPLESIZE,
            samplerate: FixedPointNumber::new(rate, 0),
        },
        esds_box: EsdsBox {
            es: EsDescriptor {
                es_id: EsDescriptor::MIN_ES_ID,
                stream_priority: EsDescriptor::LOWEST_STREAM_PRIORITY,
                depends_on_es_id: None,
                url_string: None,
                ocr_es_id: None,
                dec_config_descr: DecoderConfigDescriptor {
                    object_type_indication:
                        DecoderConfigDescriptor::OBJECT_TYPE_INDICATION_AUDIO_ISO_IEC_14496_3,
                    stream_type: DecoderConfigDescriptor::STREAM_TYPE_AUDIO,
                    up_stream: DecoderConfigDescriptor::UP_STREAM_FALSE,
                    buffer_size_db: Uint::new(0),
                    max_bitrate: 0,
                    avg_bitrate: 0,
                    dec_specific_info: Some(DecoderSpecificInfo {
                        payload: audio.decoder_config.to_vec(),
                    }),
                },
                sl_config_descr: SlConfigDescriptor,
            },
        },
        unknown_boxes: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use onair_media::{FourCc, Size};

    use super::*;

    fn head(config: Config) -> Vec<u8> {
        let language = None;
        write([Described { config, language }].iter()).expect("a head")
    }

    #[test]
    fn each_codecs_track_has_a_sample_entry_of_its_name() {
        let avcc = Bytes::from_static(b"\x01\x42\xc0\x1f\xff\xe0\x00");
        let hvcc = Bytes::from_static(include_bytes!("../../flv/testdata/main_720p.hvcc"));
        for &codec in VideoCodec::ALL {
            let decoder_config = match codec {
                VideoCodec::H264 => avcc.clone(),
                VideoCodec::Hevc => hvcc.clone(),
            };
            let config = Config::Video(Arc::new(VideoConfig {
                codec,
                size: Size::new(64, 48),
                frame_rate: None,
                decoder_config,
            }));
            assert_eq!(names_in(&config), [codec.four_cc()], "{codec}");
        }
    }

    /// The sample entries of all codecs in a header written for one.
    fn names_in(config: &Config) -> Vec<FourCc> {
        let head = head(config.clone());
        let names = VideoCodec::ALL.iter().map(|codec| codec.four_cc());
        let is_there = |name: &FourCc| head.windows(4).any(|four| *four == name.0);
        names.filter(is_there).collect()
    }

    #[test]
    fn hevc_has_its_record_as_it_is() {
        let record = Bytes::from_static(include_bytes!("../../flv/testdata/main_720p.hvcc"));
        let config = VideoConfig::hevc(record.clone()).expect("a good record");
        let head = head(Config::Video(config.into()));
        let at = head.windows(4).position(|four| four == b"hvcC");
        let found = at.and_then(|at| head.get(at + 4..at + 4 + record.len()));
        assert_eq!(found, Some(&record[..]));
        assert!(head.windows(4).any(|four| four == b"hvc1"));
    }
}
