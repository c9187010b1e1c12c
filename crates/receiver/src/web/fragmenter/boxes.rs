//! Fragmented MP4 as MSE wants it (ISO/IEC 14496-12 §8.8, the "ISO BMFF byte stream format").

use bytes::{BufMut, Bytes, BytesMut};
use onair_media::Config;
use onair_mp4::header;
use shiguredo_mp4::boxes::{MfhdBox, MoofBox, TfdtBox, TfhdBox, TrafBox, TrunBox, TrunSample};
use shiguredo_mp4::{Encode, SampleFlags};

use super::{Error, Tracks};

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
    let video = tracks.video.clone().map(Config::Video);
    let audio = tracks.audio.clone().map(Config::Audio);
    header::write(video.iter().chain(&audio))
        .map(Bytes::from)
        .map_err(|error| Error::Unwritable(error.to_string()))
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

fn encode(moof: &MoofBox) -> Result<Vec<u8>, Error> {
    moof.encode_to_vec()
        .map_err(|error| Error::Unwritable(error.to_string()))
}

const MDAT_HEADER: u32 = 8;
/// `sample_depends_on` 2: an I picture (ISO/IEC 14496-12 §8.8.3.1).
const SYNC_SAMPLE: u32 = 0x0200_0000;
/// `sample_depends_on` 1, `sample_is_non_sync_sample`.
const NON_SYNC_SAMPLE: u32 = 0x0101_0000;
