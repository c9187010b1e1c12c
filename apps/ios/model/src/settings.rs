use onair::av::device::{Position, Stabilisation};
use onair::av::encode::VideoSettings;
use onair::media::{Bitrate, FrameRate, Size};

/// The user's choices, apart from destinations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The frame size.
    pub definition: Definition,
    /// One of [`FRAME_RATES`].
    pub frame_rate: u32,
    /// The video bitrate; by default chosen by size and frame rate.
    pub bitrate: Option<Bitrate>,
    /// How the picture is stabilised.
    pub stabilisation: Stabilisation,
    /// The camera that is used first.
    pub camera: Position,
    /// Whether shows are also recorded, to Photos.
    pub records: bool,
}

/// The frame size; how the phone is held decides which side is the longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Definition {
    /// 960 by 540.
    P540,
    /// 1280 by 720.
    P720,
    /// 1920 by 1080.
    P1080,
}

/// The frame rates to choose from.
pub const FRAME_RATES: [u32; 4] = [24, 25, 30, 60];

impl Default for Settings {
    fn default() -> Self {
        Self {
            definition: Definition::P720,
            frame_rate: 30,
            bitrate: None,
            stabilisation: Stabilisation::Standard,
            camera: Position::Back,
            records: false,
        }
    }
}

impl Settings {
    /// The strongest is last.
    pub(crate) const STABILISATIONS: [Stabilisation; 3] = [
        Stabilisation::Off,
        Stabilisation::Standard,
        Stabilisation::Cinematic,
    ];

    /// The bitrates to choose from: less shows nothing, and no phone's line carries more.
    pub(crate) const BITRATES: std::ops::RangeInclusive<Bitrate> =
        Bitrate::kbps(200)..=Bitrate::kbps(50_000);

    /// Frames a second.
    pub fn frame_rate(&self) -> FrameRate {
        FrameRate::new(self.frame_rate.max(1), 1).expect("neither is zero")
    }

    /// The bitrate, chosen or recommended.
    pub fn asked_bitrate(&self) -> Bitrate {
        let size = self.definition.size(false);
        let recommended = VideoSettings::new(size, self.frame_rate()).bitrate;
        self.bitrate.unwrap_or(recommended)
    }
}

impl Definition {
    /// All, the smallest first.
    pub const ALL: [Self; 3] = [Self::P540, Self::P720, Self::P1080];

    /// Its common name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::P540 => "540p",
            Self::P720 => "720p",
            Self::P1080 => "1080p",
        }
    }

    /// The frame size, portrait or landscape.
    pub const fn size(self, is_portrait: bool) -> Size {
        let (long, short) = match self {
            Self::P540 => (960, 540),
            Self::P720 => (1280, 720),
            Self::P1080 => (1920, 1080),
        };
        if is_portrait {
            Size::new(short, long)
        } else {
            Size::new(long, short)
        }
    }
}

/// Parses a bitrate: `2500` is in kbit/s, `2.5M` and `2500k` have their own unit, and nothing
/// leaves the choice to us.
pub(crate) fn parse_bitrate(text: &str) -> Result<Option<Bitrate>, NoBitrate> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let bitrate = match text.parse::<u64>() {
        Ok(number) => Bitrate::kbps(number),
        Err(_) => text.replace(',', ".").parse().or(Err(NoBitrate))?,
    };
    let is_possible = Settings::BITRATES.contains(&bitrate);
    is_possible.then_some(Some(bitrate)).ok_or(NoBitrate)
}

/// What was typed is no bitrate, or out of bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoBitrate;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bitrate_is_typed_in_any_usual_way() {
        let kbps = |number| Ok(Some(Bitrate::kbps(number)));
        assert_eq!(parse_bitrate("2500"), kbps(2500));
        assert_eq!(parse_bitrate(" 2,5M "), kbps(2500));
        assert_eq!(parse_bitrate("900k"), kbps(900));
        assert_eq!(parse_bitrate(" "), Ok(None));
        for wrong in ["fast", "-3", "10", "99999999999999999999", "2500000"] {
            assert_eq!(parse_bitrate(wrong), Err(NoBitrate), "{wrong}");
        }
    }

    #[test]
    fn an_unchosen_bitrate_follows_size_and_frame_rate() {
        let mut settings = Settings::default();
        assert_eq!(settings.asked_bitrate(), Bitrate::kbps(2500));
        settings.frame_rate = 60;
        assert!(settings.asked_bitrate() > Bitrate::kbps(3500));
        settings.bitrate = Some(Bitrate::kbps(800));
        assert_eq!(settings.asked_bitrate(), Bitrate::kbps(800));
    }
}
