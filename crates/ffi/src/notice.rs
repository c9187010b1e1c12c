use onair::director;
use onair::studio::News;

use crate::Event;

/// Something that happened in a studio.
#[derive(Clone, Debug, PartialEq, uniffi::Enum)]
#[non_exhaustive]
pub enum StudioEvent {
    /// An event of the broadcast; the last one of each show is [`Event::Ended`].
    Broadcast {
        /// The event.
        event: Event,
    },
    /// Something a user should know, as long as it lasts.
    Notice {
        /// The notice.
        notice: Notice,
    },
    /// Keep the screen awake, or let it sleep.
    KeepAwake {
        /// True: set `isIdleTimerDisabled`.
        awake: bool,
    },
    /// The show could not be started.
    NotStarted {
        /// Why, in words.
        reason: String,
    },
    /// Nobody asked for events for so long that the oldest were dropped.
    Missed {
        /// How many.
        events: u64,
    },
}

/// Something a user should know, as long as it lasts.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
#[non_exhaustive]
pub enum Notice {
    /// The camera is away; viewers see the last picture or the slate.
    NoVideo {
        /// Why.
        why: Why,
    },
    /// The camera is back.
    Video,
    /// The microphone is away; viewers hear silence.
    NoAudio {
        /// Why.
        why: Why,
    },
    /// The microphone is back.
    Audio,
    /// Another input gives the audio now.
    Input {
        /// The system's name for it.
        name: Option<String>,
    },
    /// Too hot: frame rate, size or bitrate were reduced.
    Heat {
        /// How many steps; 0 once it has cooled down.
        steps: u8,
    },
    /// There is no network.
    Offline,
    /// There is a network again.
    Online,
    /// The device refused an order.
    Trouble {
        /// What, in words.
        what: String,
    },
}

/// Why a camera or a microphone is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
#[non_exhaustive]
pub enum Why {
    /// The user did not allow it.
    NotAllowed,
    /// The application is in the background.
    Background,
    /// A call, or another application.
    InUse,
    /// The screen is shared with another application.
    SharedScreen,
    /// The phone is too hot.
    Heat,
    /// The system's media services died and are coming back.
    ServicesLost,
    /// It stopped, and is being started again.
    Failed,
}

impl From<News> for StudioEvent {
    fn from(news: News) -> Self {
        match news {
            News::Broadcast(event) => Self::Broadcast {
                event: event.into(),
            },
            News::Notice(notice) => Self::Notice {
                notice: notice.into(),
            },
            News::KeepAwake(awake) => Self::KeepAwake { awake },
            News::NotStarted(reason) => Self::NotStarted { reason },
        }
    }
}

impl From<director::Notice> for Notice {
    fn from(notice: director::Notice) -> Self {
        use director::Notice as N;
        match notice {
            N::NoVideo(why) => Self::NoVideo { why: why.into() },
            N::Video => Self::Video,
            N::NoAudio(why) => Self::NoAudio { why: why.into() },
            N::Audio => Self::Audio,
            N::Input(name) => Self::Input { name },
            N::Heat(steps) => Self::Heat { steps },
            N::Offline => Self::Offline,
            N::Online => Self::Online,
            N::Trouble(what) => Self::Trouble { what },
        }
    }
}

impl From<director::Why> for Why {
    fn from(why: director::Why) -> Self {
        use director::Why as W;
        match why {
            W::NotAllowed => Self::NotAllowed,
            W::Background => Self::Background,
            W::InUse => Self::InUse,
            W::SharedScreen => Self::SharedScreen,
            W::Heat => Self::Heat,
            W::ServicesLost => Self::ServicesLost,
            W::Failed => Self::Failed,
        }
    }
}
