use onair::director::{Notice, Why};

use crate::words;

/// What the director told and still holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notices {
    /// Why there is no picture.
    pub(crate) no_video: Option<Why>,
    /// Why there is no sound.
    pub(crate) no_audio: Option<Why>,
    /// How many steps down the ladder of heat.
    pub(crate) heat: u8,
    pub(crate) is_offline: bool,
}

impl Notices {
    /// Takes what the director tells; what is to be shown for a moment only comes back.
    pub(crate) fn handle_notice(&mut self, notice: &Notice) -> Option<String> {
        match notice {
            Notice::NoVideo(why) => self.no_video = Some(*why),
            Notice::Video => self.no_video = None,
            Notice::NoAudio(why) => self.no_audio = Some(*why),
            Notice::Audio => self.no_audio = None,
            Notice::Heat(steps) => self.heat = *steps,
            Notice::Offline => self.is_offline = true,
            Notice::Online => self.is_offline = false,
            Notice::Input(input) => return input.as_deref().map(words::input),
            Notice::Trouble(what) => return Some(what.clone()),
        }
        None
    }
}
