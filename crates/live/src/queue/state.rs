use onair_media::Timestamp;

/// How the line stands that packets are taken for.
///
/// ```text
///           live                     away
///   First ────────► Live ──────────────────────► Away
///     │               ▲            live            │
///     │ away          └────────────────────────────┤
///     └────────────────────────────────────────────┘
/// ```
///
/// `begun` is whether the connection there is, or is to be, has taken its first packet: it begins
/// with an IDR picture, and may begin before the server has agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Consumer {
    /// Nothing has failed yet.
    First { begun: bool },
    /// It is up.
    Live {
        begun: bool,
        /// Until when, in media time, it may still send what was kept for it.
        grace: Option<Timestamp>,
    },
    /// It is to come, or to come back.
    Away { begun: bool },
}

/// What is to be expected of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// All it gives is taken.
    Open,
    /// Video is refused until the next IDR picture.
    Shedding,
    /// No packet will follow.
    Ended,
}

impl Consumer {
    /// A first packet was taken for this connection.
    pub(super) const fn has_begun(self) -> bool {
        match self {
            Self::First { begun } | Self::Live { begun, .. } | Self::Away { begun } => begun,
        }
    }

    pub(super) const fn is_away(self) -> bool {
        matches!(self, Self::Away { .. })
    }

    /// Nobody is listening, or has ever.
    pub(super) const fn is_unheard(self) -> bool {
        match self {
            Self::First { begun } => !begun,
            Self::Live { .. } => false,
            Self::Away { .. } => true,
        }
    }

    /// What is dropped now was not too late for the line: there was none, or nothing yet that it
    /// could have begun with.
    pub(super) const fn loses(self) -> bool {
        self.is_away() || !self.has_begun()
    }

    /// The first packet is taken.
    pub(super) const fn begin(&mut self) {
        self.set_begun(true);
    }

    /// The next packet is the first of another connection.
    pub(super) const fn begin_again(&mut self) {
        self.set_begun(false);
    }

    /// There will be no line any more.
    pub(super) const fn give_up(&mut self) {
        *self = Self::Away {
            begun: self.has_begun(),
        };
    }

    const fn set_begun(&mut self, now: bool) {
        match self {
            Self::First { begun } | Self::Live { begun, .. } | Self::Away { begun } => *begun = now,
        }
    }
}
