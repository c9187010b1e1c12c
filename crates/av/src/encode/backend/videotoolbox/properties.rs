use objc2_core_foundation::{CFArray, CFBoolean, CFDictionary, CFNumber, CFString, CFType};
use onair_media::{Bitrate, FrameRate, VideoCodec};

use super::{Failure, LOSSES, NAME};
use crate::Error;
use crate::apple::CompressionSession;
use crate::apple::sys::core_video::{
    kCVImageBufferColorPrimaries_ITU_R_709_2, kCVImageBufferTransferFunction_ITU_R_709_2,
    kCVImageBufferYCbCrMatrix_ITU_R_709_2,
};
use crate::apple::sys::video_toolbox as keys;
use crate::encode::settings::VideoSettings;

/// The properties of a session, set again on each new one.
pub(super) struct Properties {
    codec: VideoCodec,
    frame_rate: FrameRate,
    /// Seconds of media from one keyframe of ours to the next.
    keyframe_interval: f64,
    /// Bits a second.
    bitrate: i32,
    /// What this device refused before: logged once, then tried again silently.
    refused: Vec<String>,
}

impl Properties {
    pub(super) fn new(settings: &VideoSettings) -> Result<Self, Error> {
        let mut properties = Self {
            codec: settings.codec,
            frame_rate: settings.frame_rate,
            keyframe_interval: settings.keyframe_interval.as_secs_f64(),
            bitrate: 0,
            refused: Vec::new(),
        };
        properties.set_bitrate(settings.bitrate)?;
        Ok(properties)
    }

    pub(super) fn set_bitrate(&mut self, bitrate: Bitrate) -> Result<(), Error> {
        let bits = i32::try_from(bitrate.as_bps());
        self.bitrate = bits.map_err(|_| Error::invalid(format!("a bitrate of {bitrate}")))?;
        Ok(())
    }

    pub(super) const fn set_frame_rate(&mut self, rate: FrameRate) {
        self.frame_rate = rate;
    }

    /// Changes a session's frame rate, and with it what counts in frames.
    pub(super) fn change_frame_rate(
        &mut self,
        session: &CompressionSession,
        rate: FrameRate,
    ) -> Result<(), Failure> {
        self.set_frame_rate(rate);
        self.apply_frame_rate(session)?;
        self.apply_keyframes(session)
    }

    /// Changes a session's bitrate; the next session does not get a refused one.
    pub(super) fn retune(
        &mut self,
        session: &CompressionSession,
        bitrate: Bitrate,
    ) -> Result<(), Failure> {
        let before = self.bitrate;
        self.set_bitrate(bitrate)?;
        let outcome = self.apply_bitrate(session);
        if outcome.is_err() {
            self.bitrate = before;
        }
        outcome
    }

    /// Sets everything. A refused property is an error where it is required; an optional one is
    /// passed over, since devices and systems differ in what they know.
    pub(super) fn apply(&mut self, session: &CompressionSession) -> Result<(), Failure> {
        self.apply_format(session)?;
        self.apply_pace(session)?;
        self.apply_keyframes(session)?;
        self.apply_colour(session)?;
        self.apply_bitrate(session)
    }

    /// Sets average and limit together: with a limit that does not fit the average, the encoder
    /// follows the limit.
    fn apply_bitrate(&mut self, session: &CompressionSession) -> Result<(), Failure> {
        let average = CFNumber::new_i32(self.bitrate);
        require(
            session,
            keys::kVTCompressionPropertyKey_AverageBitRate,
            &average,
        )?;
        // The average is kept in the long run only; a hard limit keeps bursts from filling the
        // network. Over one second, because the packet queue absorbs as much; at one and a half
        // times the average, because less leaves no room for a keyframe among that second's frames,
        // and quality pulses with it.
        let bytes = CFNumber::new_i64(i64::from(self.bitrate) * 3 / 16);
        let seconds = CFNumber::new_f64(1.0);
        let limits = CFArray::from_objects(&[&*bytes, &*seconds]);
        let key = keys::kVTCompressionPropertyKey_DataRateLimits;
        self.try_to(session, key, limits.as_ref())
    }

    fn apply_format(&mut self, session: &CompressionSession) -> Result<(), Failure> {
        // The encoder chooses the level: it knows what size, rate and bitrate come to.
        let profile = match self.codec {
            VideoCodec::H264 => keys::kVTProfileLevel_H264_High_AutoLevel,
            VideoCodec::Hevc => keys::kVTProfileLevel_HEVC_Main_AutoLevel,
        };
        require(
            session,
            keys::kVTCompressionPropertyKey_ProfileLevel,
            profile,
        )?;
        match self.codec {
            // Better compression than CAVLC, for work that hardware does not notice. Only Main and
            // High have it, and with another profile the outcome is undefined (VTCompressionProperties.h).
            VideoCodec::H264 => {
                let key = keys::kVTCompressionPropertyKey_H264EntropyMode;
                self.try_to(session, key, keys::kVTH264EntropyMode_CABAC)?;
            }
            // Decoding has to be able to begin at every keyframe, which an open GOP, HEVC's
            // default, does not allow. Without reordering there is no open GOP either, so an
            // encoder that does not know the key does no harm.
            VideoCodec::Hevc => {
                let closed = CFBoolean::new(false);
                let key = keys::kVTCompressionPropertyKey_AllowOpenGOP;
                self.try_to(session, key, closed)?;
            }
        }
        // Frames have the session's size, but an encoder may change that (VTCompressionSession.h);
        // then cropping is better than squeezing.
        let scaling = CFDictionary::<CFString, CFType>::from_slices(
            &[keys::kVTPixelTransferPropertyKey_ScalingMode],
            &[keys::kVTScalingMode_Trim.as_ref()],
        );
        let key = keys::kVTCompressionPropertyKey_PixelTransferProperties;
        self.try_to(session, key, scaling.as_ref())
    }

    fn apply_pace(&mut self, session: &CompressionSession) -> Result<(), Failure> {
        // Keep up with the camera, and spend no energy on being faster.
        let yes = CFBoolean::new(true);
        self.try_to(session, keys::kVTCompressionPropertyKey_RealTime, yes)?;
        // No B-frames: each would cost a frame of delay. The default is true.
        let no = CFBoolean::new(false);
        require(
            session,
            keys::kVTCompressionPropertyKey_AllowFrameReordering,
            no,
        )?;
        self.apply_frame_rate(session)?;
        // The header advises it where every millisecond counts.
        let key = keys::kVTCompressionPropertyKey_PrioritizeEncodingSpeedOverQuality;
        self.try_to(session, key, yes)?;
        // By default the encoder may hold back as many frames as it likes.
        let frames = CFNumber::new_i32(MAX_DELAYED);
        let key = keys::kVTCompressionPropertyKey_MaxFrameDelayCount;
        self.try_to(session, key, &frames)
    }

    /// A hint for the hardware's clock rate; timestamps rule.
    fn apply_frame_rate(&mut self, session: &CompressionSession) -> Result<(), Failure> {
        let rate = CFNumber::new_f64(self.frame_rate.as_f64());
        let key = keys::kVTCompressionPropertyKey_ExpectedFrameRate;
        self.try_to(session, key, &rate)
    }

    /// Whichever limit comes first holds. They lie a quarter beyond our own interval, so that the
    /// encoder makes a keyframe by itself only when none was asked for in too long. At the interval
    /// itself, a camera slightly faster than its nominal rate would get one keyframe from the
    /// encoder's frame count and another from our grid right after it.
    fn apply_keyframes(&mut self, session: &CompressionSession) -> Result<(), Failure> {
        let seconds = self.keyframe_interval * 1.25;
        #[expect(clippy::cast_possible_truncation, reason = "clamped")]
        let frames = (seconds * self.frame_rate.as_f64()).clamp(1.0, 1e9).ceil() as i32;
        let key = keys::kVTCompressionPropertyKey_MaxKeyFrameInterval;
        self.try_to(session, key, &CFNumber::new_i32(frames))?;
        let key = keys::kVTCompressionPropertyKey_MaxKeyFrameIntervalDuration;
        self.try_to(session, key, &CFNumber::new_f64(seconds))
    }

    /// BT.709, as our frames are and as players assume for HD. An encoder with fixed colours
    /// refuses.
    fn apply_colour(&mut self, session: &CompressionSession) -> Result<(), Failure> {
        for (key, value) in [
            (
                keys::kVTCompressionPropertyKey_ColorPrimaries,
                kCVImageBufferColorPrimaries_ITU_R_709_2,
            ),
            (
                keys::kVTCompressionPropertyKey_TransferFunction,
                kCVImageBufferTransferFunction_ITU_R_709_2,
            ),
            (
                keys::kVTCompressionPropertyKey_YCbCrMatrix,
                kCVImageBufferYCbCrMatrix_ITU_R_709_2,
            ),
        ] {
            self.try_to(session, key, value)?;
        }
        Ok(())
    }

    /// Sets an optional property; only a lost session is a failure.
    fn try_to(
        &mut self,
        session: &CompressionSession,
        key: &CFString,
        value: &CFType,
    ) -> Result<(), Failure> {
        let Err(status) = session.set(key, value) else {
            return Ok(());
        };
        if LOSSES.contains(&status) {
            return Err(Failure::new(format!("setting {key}"), status));
        }
        let key = key.to_string();
        if !self.refused.contains(&key) {
            tracing::info!("{NAME}: this device refuses {key}, going on without it: {status}");
            self.refused.push(key);
        }
        Ok(())
    }
}

/// Sets a property that the stream would be wrong without.
fn require(session: &CompressionSession, key: &CFString, value: &CFType) -> Result<(), Failure> {
    let set = session.set(key, value);
    set.map_err(|status| Failure::new(format!("setting {key}, which the stream needs"), status))
}

/// Frames an encoder may hold back: enough for its stages to work side by side.
const MAX_DELAYED: i32 = 3;
