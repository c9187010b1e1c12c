//! Fragmented MP4 as MSE wants it (ISO/IEC 14496-12 §8.8, the "ISO BMFF byte stream format").

use std::num::{NonZeroU16, NonZeroU32};

use bytes::{BufMut, Bytes, BytesMut};
use onair_media::{AudioConfig, VideoConfig, aac::AudioSpecificConfig};
use shiguredo_mp4::boxes::{
    AudioSampleEntryFields, Avc1Box, AvccBox, EsdsBox, MfhdBox, MoofBox, Mp4aBox, SampleEntry,
    TfdtBox, TfhdBox, TrafBox, TrunBox, TrunSample, VisualSampleEntryFields,
};
use shiguredo_mp4::descriptors::{
    DecoderConfigDescriptor, DecoderSpecificInfo, EsDescriptor, SlConfigDescriptor,
};
use shiguredo_mp4::mux::{Fmp4SegmentMuxer, MuxError, Sample};
use shiguredo_mp4::{Decode, Encode, FixedPointNumber, SampleFlags, TrackKind, Uint};

use super::{Error, Tracks};

/// Ticks a second of the video track.
pub(super) const VIDEO_TIMESCALE: NonZeroU32 = NonZeroU32::new(90_000).expect("not zero");

/// One sample on its way into a fragment of its own.
pub(super) struct Placed<'a> {
    /// The track's number in the init segment.
    pub(super) track: u32,
    /// Decoding time in the track's ticks.
    pub(super) decode_time: u64,
    /// Presentation time less decoding time, in ticks.
    pub(super) composition: i64,
    /// In ticks.
    pub(super) duration: u32,
    /// Decoding can start here.
    pub(super) keyframe: bool,
    /// The access unit.
    pub(super) payload: &'a Bytes,
}

/// `ftyp` and `moov`: the tracks and no samples, no duration (which MSE takes for "live").
pub(super) fn init_segment(tracks: &Tracks) -> Result<Bytes, Error> {
    let mut muxer = Fmp4SegmentMuxer::new().map_err(unwritable)?;
    let mut samples = Vec::with_capacity(2);
    if let Some(video) = &tracks.video {
        samples.push(sample(TrackKind::Video, VIDEO_TIMESCALE, avc1(video)?));
    }
    if let Some(audio) = &tracks.audio {
        let scale = audio_timescale(audio);
        samples.push(sample(TrackKind::Audio, scale, mp4a(audio)?));
    }
    for (index, sample) in samples.iter_mut().enumerate() {
        sample.data_offset = index as u64;
    }
    muxer
        .create_media_segment_metadata(&samples)
        .map_err(unwritable)?;
    muxer
        .init_segment_bytes()
        .map(Bytes::from)
        .map_err(unwritable)
}

/// Ticks a second of an audio track: its sample rate.
pub(super) fn audio_timescale(audio: &AudioConfig) -> NonZeroU32 {
    let stated = AudioSpecificConfig::parse(&audio.record).map(|asc| asc.output_sample_rate());
    NonZeroU32::new(stated.unwrap_or(audio.sample_rate)).unwrap_or(VIDEO_TIMESCALE)
}

/// `moof` and `mdat` of one sample, appended to `out`.
pub(super) fn write_fragment(
    sequence: u32,
    at: &Placed<'_>,
    out: &mut BytesMut,
) -> Result<(), Error> {
    let too_big = || Error::Unwritable("a sample beyond 4 GiB".to_owned());
    let size = u32::try_from(at.payload.len()).map_err(|_| too_big())?;
    let mdat = size.checked_add(MDAT_HEADER).ok_or_else(too_big)?;
    let mut moof = moof(sequence, at, size);
    let length = encode(&moof)?.len();
    let offset = i32::try_from(length).unwrap_or(i32::MAX);
    for run in moof
        .traf_boxes
        .iter_mut()
        .flat_map(|traf| &mut traf.trun_boxes)
    {
        run.data_offset = Some(offset.saturating_add_unsigned(MDAT_HEADER));
    }
    out.reserve(length + mdat as usize);
    out.put_slice(&encode(&moof)?);
    out.put_u32(mdat);
    out.put_slice(b"mdat");
    out.put_slice(at.payload);
    Ok(())
}

fn moof(sequence: u32, at: &Placed<'_>, size: u32) -> MoofBox {
    let flags = if at.keyframe {
        SYNC_SAMPLE
    } else {
        NON_SYNC_SAMPLE
    };
    let run = TrunBox {
        data_offset: Some(0),
        first_sample_flags: None,
        samples: vec![TrunSample {
            duration: Some(at.duration),
            size: Some(size),
            flags: Some(SampleFlags::new(flags)),
            composition_time_offset: (at.composition != 0).then_some(at.composition),
        }],
    };
    let track = TrafBox {
        tfhd_box: tfhd(at.track),
        tfdt_box: Some(TfdtBox {
            version: 1,
            base_media_decode_time: at.decode_time,
        }),
        trun_boxes: vec![run],
        unknown_boxes: Vec::new(),
    };
    MoofBox {
        mfhd_box: MfhdBox {
            sequence_number: sequence,
        },
        traf_boxes: vec![track],
        unknown_boxes: Vec::new(),
    }
}

const fn tfhd(track_id: u32) -> TfhdBox {
    TfhdBox {
        track_id,
        base_data_offset: None,
        sample_description_index: None,
        default_sample_duration: None,
        default_sample_size: None,
        default_sample_flags: None,
        duration_is_empty: false,
        default_base_is_moof: true,
    }
}

const fn sample(track_kind: TrackKind, timescale: NonZeroU32, entry: SampleEntry) -> Sample {
    Sample {
        track_kind,
        sample_entry: Some(entry),
        keyframe: true,
        timescale,
        duration: 1,
        composition_time_offset: None,
        data_offset: 0,
        data_size: 1,
    }
}

/// AVCSampleEntry (ISO/IEC 14496-15 §5.4.2.1) around the record as it is.
fn avc1(video: &VideoConfig) -> Result<SampleEntry, Error> {
    let side = |side: u32| u16::try_from(side).unwrap_or(u16::MAX);
    let resolution = VisualSampleEntryFields::DEFAULT_HORIZRESOLUTION;
    Ok(SampleEntry::Avc1(Avc1Box {
        visual: VisualSampleEntryFields {
            data_reference_index: NonZeroU16::MIN,
            width: side(video.size.width),
            height: side(video.size.height),
            horizresolution: resolution,
            vertresolution: resolution,
            frame_count: VisualSampleEntryFields::DEFAULT_FRAME_COUNT,
            compressorname: VisualSampleEntryFields::NULL_COMPRESSORNAME,
            depth: VisualSampleEntryFields::DEFAULT_DEPTH,
        },
        avcc_box: avcc(&video.record)?,
        unknown_boxes: Vec::new(),
    }))
}

fn avcc(record: &[u8]) -> Result<AvccBox, Error> {
    let mut framed = BytesMut::with_capacity(record.len() + 8);
    framed.put_u32(u32::try_from(record.len() + 8).unwrap_or(u32::MAX));
    framed.put_slice(b"avcC");
    framed.put_slice(record);
    let (decoded, _) = AvccBox::decode(&framed).map_err(unreadable)?;
    Ok(decoded)
}

/// MP4AudioSampleEntry (ISO/IEC 14496-14 §5.6).
fn mp4a(audio: &AudioConfig) -> Result<SampleEntry, Error> {
    let rate = u16::try_from(audio_timescale(audio).get()).unwrap_or(0);
    Ok(SampleEntry::Mp4a(Mp4aBox {
        audio: AudioSampleEntryFields {
            data_reference_index: NonZeroU16::MIN,
            channelcount: audio.channels.into(),
            samplesize: AudioSampleEntryFields::DEFAULT_SAMPLESIZE,
            samplerate: FixedPointNumber::new(rate, 0),
        },
        esds_box: EsdsBox {
            es: es_descriptor(&audio.record),
        },
        unknown_boxes: Vec::new(),
    }))
}

/// ES_Descriptor (ISO/IEC 14496-1 §7.2.6.5).
fn es_descriptor(asc: &[u8]) -> EsDescriptor {
    EsDescriptor {
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
                payload: asc.to_vec(),
            }),
        },
        sl_config_descr: SlConfigDescriptor,
    }
}

fn encode(moof: &MoofBox) -> Result<Vec<u8>, Error> {
    moof.encode_to_vec()
        .map_err(|error| Error::Unwritable(error.to_string()))
}

fn unwritable(error: MuxError) -> Error {
    Error::Unwritable(error.to_string())
}

fn unreadable(error: shiguredo_mp4::Error) -> Error {
    Error::Unwritable(error.to_string())
}

const MDAT_HEADER: u32 = 8;
/// `sample_depends_on` 2: an I picture (ISO/IEC 14496-12 §8.8.3.1).
const SYNC_SAMPLE: u32 = 0x0200_0000;
/// `sample_depends_on` 1, `sample_is_non_sync_sample`.
const NON_SYNC_SAMPLE: u32 = 0x0101_0000;
