//! H.264 by Cisco's openh264, built from source or loaded: High profile, CABAC, one
//! reference frame, no B-frames, so each frame comes out as it goes in.
//!
//! - **Parameter sets** keep their ids and content for the encoder's life; they
//!   travel in the [`VideoConfig`], never in a payload.
//! - **Rate**: quantiser 10 to 51 and no frame is ever skipped, so content that
//!   is too hard for the bitrate overshoots; the remedy is a smaller frame.
//!   The level leaves room to raise the rate later without a new SPS.
//! - **Slices**: one a thread, one thread for each 32 million pixels a second,
//!   at most four and no more than there are cores. 720p30 gets a single slice,
//!   which is best for quality; 1080p30 gets two, which halves its delay.
//! - **Debts**: what a picture that is too hard took too much is not saved up again later
//!   (`bFixRCOverShoot`). It would be multiplied with the rate when that rises, and keep the encoder at
//!   half of it for five seconds.
//! - **Keyframes** only where asked: the cadence is ours, not the encoder's. None takes longer than
//!   300 ms of the bitrate: one that would is encoded from a softer picture. One that is coarser than
//!   the frames before it, which would show as a pulse, is encoded at a higher rate, as far as that
//!   goes ([`KeyframeBudget`]).

use std::borrow::Cow;
use std::sync::Arc;
use std::task::Waker;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use onair_media::h264::{self, NalUnitType};
use onair_media::{
    Bitrate, Config, FrameRate, Kind, Packet, Size, Timestamp, VideoCodec, VideoConfig,
};
use openh264_sys2 as sys;

use self::keyframe::KeyframeBudget;
use self::raw::Raw;
use super::{EncoderInfo, VideoBackend};
use crate::encode::scale::Scaler;
use crate::encode::settings::VideoSettings;
use crate::{Error, I420, Surface, VideoFrame};

mod keyframe;
mod library;
mod raw;

pub(super) const NAME: &str = "openh264";

pub(super) fn info() -> EncoderInfo {
    EncoderInfo {
        name: NAME,
        kind: Kind::Video,
        codec: "H.264",
        hardware: Some(false),
        notes: library::note().into_iter().collect(),
        default: cfg!(not(apple_media)),
    }
}

pub(super) fn open(settings: &VideoSettings) -> Result<Box<dyn VideoBackend>, Error> {
    let level = check(settings)?;
    let mut raw = Raw::create()?;
    let parameters = parameters(raw.default_parameters()?, settings, level)?;
    raw.initialize(&parameters)?;
    Ok(Box::new(OpenH264 {
        raw,
        scaler: Scaler::default(),
        bitrate: settings.bitrate,
        keyframes: KeyframeBudget::new(settings.bitrate),
        softener: Default::default(),
        size: settings.size,
        frame_rate: settings.frame_rate,
        duration: settings.frame_rate.time_of(1),
        highest: level.highest_bitrate(),
        parameter_sets: ParameterSets::default(),
        config: None,
    }))
}

struct OpenH264 {
    raw: Raw,
    scaler: Scaler,
    bitrate: Bitrate,
    keyframes: KeyframeBudget,
    /// One takes detail away, the other gives the size back.
    softener: [Scaler; 2],
    size: Size,
    frame_rate: FrameRate,
    /// Of a frame, at the rate they come at now.
    duration: Duration,
    highest: Bitrate,
    parameter_sets: ParameterSets,
    config: Option<Arc<VideoConfig>>,
}

/// The parameter sets before the latest IDR frame.
#[derive(Default, PartialEq, Eq)]
struct ParameterSets {
    sps: Vec<Bytes>,
    pps: Vec<Bytes>,
}

impl VideoBackend for OpenH264 {
    fn encode(&mut self, frame: &VideoFrame, idr: bool) -> Result<Vec<Packet>, Error> {
        let image = self.scaler.fit(in_memory(&frame.surface)?, self.size)?;
        let millis = frame.timestamp.as_millis();
        let (sets, payload, keyframe) = match idr {
            true => self.encode_keyframe(&image, millis)?,
            false => split(&self.raw.encode(&image, millis)?),
        };
        if payload.is_empty() {
            return Ok(Vec::new());
        }
        if !sets.sps.is_empty() {
            self.configure(sets)?;
        }
        Ok(vec![self.packet(frame.timestamp, payload, keyframe)?])
    }

    fn completed(&mut self) -> Result<Vec<Packet>, Error> {
        Ok(Vec::new())
    }

    fn wake(&mut self, _waker: Waker) {}

    fn take_dropped(&mut self) -> u64 {
        0
    }

    fn set_bitrate(&mut self, bitrate: Bitrate) -> Result<(), Error> {
        if bitrate > self.highest {
            let highest = self.highest;
            tracing::warn!("{NAME}: {bitrate} is beyond the stream's level, aiming for {highest}");
        }
        let bitrate = bitrate.min(self.highest);
        self.raw.set_bitrate(as_int(bitrate)?)?;
        self.keyframes.set_bitrate(bitrate);
        self.bitrate = bitrate;
        Ok(())
    }

    fn set_frame_rate(&mut self, rate: FrameRate) -> Result<(), Error> {
        self.raw.set_frame_rate(as_float(rate))?;
        self.duration = rate.time_of(1);
        Ok(())
    }

    fn finish(&mut self) -> Result<Vec<Packet>, Error> {
        Ok(Vec::new())
    }

    fn name(&self) -> &'static str {
        NAME
    }
}

impl OpenH264 {
    /// Encodes an IDR frame, again if it comes out too large or too coarse. What is not given out
    /// leaves no trace: nothing refers to anything before an IDR frame.
    fn encode_keyframe(&mut self, image: &I420, millis: i64) -> Result<Split, Error> {
        let before = self.raw.quantiser()?;
        let mut attempts = MAX_ATTEMPTS;
        loop {
            attempts -= 1;
            let image = self.soften(image)?;
            let split = self.encode_boosted(&image, millis)?;
            let now = self.raw.quantiser()?;
            let steps = if before == 0 {
                0.0
            } else {
                f64::from(now) - f64::from(before)
            };
            let (_, payload, _) = &split;
            if !self.keyframes.is_unfit(payload.len(), steps) || attempts == 0 {
                return Ok(split);
            }
        }
    }

    /// Encodes an IDR frame as if the bitrate were higher. The encoder shares out what is left of it
    /// between the next frames in proportion, so that they are as they would have been.
    fn encode_boosted(&mut self, image: &I420, millis: i64) -> Result<Split, Error> {
        let boosted = self.keyframes.boosted(self.bitrate);
        self.raw.set_bitrate(as_int(boosted)?)?;
        self.raw.force_idr()?;
        let split = split(&self.raw.encode(image, millis)?);
        self.raw.set_bitrate(as_int(self.bitrate)?)?;
        Ok(split)
    }

    /// A picture with as much detail as a keyframe may have.
    fn soften<'a>(&mut self, image: &'a I420) -> Result<Cow<'a, I420>, Error> {
        let detail = self.keyframes.detail(self.size);
        let small = self.softener[0].fit(Cow::Borrowed(image), detail)?;
        self.softener[1].fit(small, self.size)
    }

    /// Makes a new configuration of `sets` where they have changed.
    fn configure(&mut self, sets: ParameterSets) -> Result<(), Error> {
        if self.config.is_some() && self.parameter_sets == sets {
            return Ok(());
        }
        let mut config = VideoConfig::from_parameter_sets(&sets.sps, &sets.pps)?;
        config.frame_rate = Some(self.frame_rate);
        self.config = Some(Arc::new(config));
        self.parameter_sets = sets;
        Ok(())
    }

    fn packet(&self, at: Timestamp, payload: Vec<u8>, keyframe: bool) -> Result<Packet, Error> {
        let config = self.config.clone();
        let config = config.ok_or_else(|| Error::backend(NAME, "a picture before any SPS"))?;
        Ok(Packet {
            config: Config::Video(config),
            pts: at,
            dts: at,
            duration: Some(self.duration),
            keyframe,
            payload: payload.into(),
        })
    }
}

/// The frame's planes in memory; a Core Video buffer is copied.
fn in_memory(surface: &Surface) -> Result<Cow<'_, I420>, Error> {
    match surface {
        Surface::I420(image) => Ok(Cow::Borrowed(image)),
        #[cfg(apple_media)]
        Surface::PixelBuffer(buffer) => buffer.to_i420().map(Cow::Owned),
    }
}

/// Parameter sets, the other NAL units behind four-byte lengths, and whether it is an IDR frame.
type Split = (ParameterSets, Vec<u8>, bool);

fn split(units: &[&[u8]]) -> Split {
    let mut sets = ParameterSets::default();
    let mut payload = Vec::with_capacity(units.iter().map(|unit| unit.len() + 4).sum());
    let mut keyframe = false;
    for unit in units {
        match h264::nal_unit_type(unit) {
            Some(NalUnitType::Sps) => sets.sps.push(Bytes::copy_from_slice(unit)),
            Some(NalUnitType::Pps) => sets.pps.push(Bytes::copy_from_slice(unit)),
            kind => {
                keyframe |= kind == Some(NalUnitType::Idr);
                let length = u32::try_from(unit.len()).unwrap_or(u32::MAX);
                payload.extend_from_slice(&length.to_be_bytes());
                payload.extend_from_slice(unit);
            }
        }
    }
    (sets, payload, keyframe)
}

/// Refuses what the encoder would refuse without a reason, or get wrong.
fn check(settings: &VideoSettings) -> Result<Level, Error> {
    let (size, rate) = (settings.size, settings.frame_rate);
    match settings.codec {
        VideoCodec::H264 => {}
        codec @ VideoCodec::Hevc => {
            let what = format!("{codec} by {NAME}: H.264 would work");
            return Err(Error::Unsupported { what });
        }
    }
    if !size.width.is_multiple_of(2) || !size.height.is_multiple_of(2) {
        let even = Size::new(size.width & !1, size.height & !1);
        return Err(Error::unsupported(format!(
            "H.264 of {size}: both sides must be even, {even} would work"
        )));
    }
    if size.width < 16 || size.height < 16 {
        return Err(Error::unsupported(format!(
            "H.264 of {size}: 16x16 at least"
        )));
    }
    if !(1.0..=60.0).contains(&rate.as_f64()) {
        let what = format!("{NAME} at {rate} frames per second: 1 to 60 would work");
        return Err(Error::Unsupported { what });
    }
    Level::fitting(settings).ok_or_else(|| {
        Error::unsupported(format!(
            "H.264 of {size} at {rate} frames per second and {}: beyond level 5.2",
            settings.bitrate
        ))
    })
}

fn parameters(
    defaults: sys::SEncParamExt,
    settings: &VideoSettings,
    level: Level,
) -> Result<sys::SEncParamExt, Error> {
    let (width, height) = (
        as_int_side(settings.size.width)?,
        as_int_side(settings.size.height)?,
    );
    let rate = as_float(settings.frame_rate);
    let bitrate = as_int(settings.bitrate)?;
    let slices = slices(settings);
    let mut parameters = sys::SEncParamExt {
        iUsageType: sys::CAMERA_VIDEO_REAL_TIME,
        iPicWidth: width,
        iPicHeight: height,
        iTargetBitrate: bitrate,
        iRCMode: sys::RC_BITRATE_MODE,
        fMaxFrameRate: rate,
        iTemporalLayerNum: 1,
        iSpatialLayerNum: 1,
        iComplexityMode: sys::MEDIUM_COMPLEXITY,
        uiIntraPeriod: 0, // keyframes only where forced
        iNumRefFrame: 1,
        eSpsPpsIdStrategy: sys::CONSTANT_ID,
        bPrefixNalAddingCtrl: false,
        bEnableSSEI: false,
        iEntropyCodingModeFlag: 1, // CABAC
        bEnableFrameSkip: false,
        iMaxBitrate: 0, // unspecified
        iMinQp: 10,     // upstream reads 0 as "unset" and makes the range 12..42
        iMaxQp: 51,
        iMultipleThreadIdc: slices,
        bUseLoadBalancing: false,
        bEnableDenoise: false,
        bFixRCOverShoot: false,
        bEnableSceneChangeDetect: false, // it makes I-pictures of its own accord
        ..defaults
    };
    let layer = &mut parameters.sSpatialLayers[0];
    layer.iVideoWidth = width;
    layer.iVideoHeight = height;
    layer.fFrameRate = rate;
    layer.iSpatialBitrate = bitrate;
    layer.iMaxSpatialBitrate = as_int(level.highest_bitrate())?;
    layer.uiProfileIdc = sys::PRO_HIGH;
    layer.uiLevelIdc = level.idc;
    layer.sSliceArgument.uiSliceMode = if slices > 1 {
        sys::SM_FIXEDSLCNUM_SLICE
    } else {
        sys::SM_SINGLE_SLICE
    };
    layer.sSliceArgument.uiSliceNum = slices.into();
    describe_colour(layer);
    Ok(parameters)
}

/// BT.709, limited range (ITU-T H.264 §E.2.1): what [`crate::I420`] is.
fn describe_colour(layer: &mut sys::SSpatialLayerConfig) {
    layer.bVideoSignalTypePresent = true;
    layer.uiVideoFormat = 5; // unspecified
    layer.bFullRange = false;
    layer.bColorDescriptionPresent = true;
    layer.uiColorPrimaries = 1;
    layer.uiTransferCharacteristics = 1;
    layer.uiColorMatrix = 1;
}

fn slices(settings: &VideoSettings) -> u16 {
    let pixels = f64::from(settings.size.width) * f64::from(settings.size.height);
    let busy = (pixels * settings.frame_rate.as_f64() / PIXELS_PER_THREAD).ceil();
    let cores = thread::available_parallelism().map_or(1, usize::from);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "1 to 4"
    )]
    let wanted = busy.clamp(1.0, 4.0) as u16;
    wanted.min(u16::try_from(cores).unwrap_or(u16::MAX))
}

#[expect(clippy::cast_possible_truncation, reason = "60 at most")]
fn as_float(rate: FrameRate) -> f32 {
    rate.as_f64() as f32
}

fn as_int(bitrate: Bitrate) -> Result<i32, Error> {
    i32::try_from(bitrate.as_bps()).map_err(|_| Error::invalid(format!("a bitrate of {bitrate}")))
}

fn as_int_side(side: u32) -> Result<i32, Error> {
    i32::try_from(side).map_err(|_| Error::invalid(format!("a side of {side} pixels")))
}

/// A row of ITU-T H.264 table A-1, from the lowest level worth signalling.
#[derive(Clone, Copy)]
struct Level {
    idc: sys::ELevelIdc,
    macroblocks_per_second: u32,
    macroblocks: u32,
    /// In units of 1200 bit/s, as upstream reckons for every profile.
    bitrate: u32,
}

impl Level {
    /// The lowest level for these settings, with room to double the bitrate.
    fn fitting(settings: &VideoSettings) -> Option<Self> {
        let across = settings.size.width.div_ceil(16);
        let down = settings.size.height.div_ceil(16);
        let macroblocks = across.checked_mul(down)?;
        let per_second = f64::from(macroblocks) * settings.frame_rate.as_f64();
        let bitrate = settings.bitrate;
        LEVELS.into_iter().find(|level| {
            // §A.3.1 also bounds each side by the square root of 8 frames' worth.
            let longest = level.macroblocks * 8;
            macroblocks <= level.macroblocks
                && across * across <= longest
                && down * down <= longest
                && per_second <= f64::from(level.macroblocks_per_second)
                && bitrate.as_bps().saturating_mul(2) <= level.highest_bitrate().as_bps()
        })
    }

    const fn highest_bitrate(self) -> Bitrate {
        Bitrate::bps(self.bitrate as u64 * 1200)
    }

    const fn new(
        idc: sys::ELevelIdc,
        macroblocks_per_second: u32,
        macroblocks: u32,
        bitrate: u32,
    ) -> Self {
        Self {
            idc,
            macroblocks_per_second,
            macroblocks,
            bitrate,
        }
    }
}

const LEVELS: [Level; 8] = [
    Level::new(sys::LEVEL_3_0, 40_500, 1620, 10_000),
    Level::new(sys::LEVEL_3_1, 108_000, 3600, 14_000),
    Level::new(sys::LEVEL_3_2, 216_000, 5120, 20_000),
    Level::new(sys::LEVEL_4_0, 245_760, 8192, 20_000),
    Level::new(sys::LEVEL_4_1, 245_760, 8192, 50_000),
    Level::new(sys::LEVEL_4_2, 522_240, 8704, 50_000),
    Level::new(sys::LEVEL_5_1, 983_040, 36_864, 240_000),
    Level::new(sys::LEVEL_5_2, 2_073_600, 36_864, 240_000),
];

/// What one core encodes with ease, in pixels per second.
const PIXELS_PER_THREAD: f64 = 32e6;

/// How often a keyframe is encoded at most.
const MAX_ATTEMPTS: u32 = 3;
