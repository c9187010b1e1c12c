use onair::director::{Notice, Why};

use crate::words;

/// The director's notices that still hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notices {
    /// Why there is no picture.
    pub(crate) no_video: Option<Why>,
    /// Why there is no sound.
    pub(crate) no_audio: Option<Why>,
    /// How many steps quality was reduced for heat.
    pub(crate) heat: u8,
    pub(crate) is_offline: bool,
}

impl Notices {
    /// Takes a notice; gives the text of one that is shown for a moment only.
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
