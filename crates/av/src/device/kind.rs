use std::fmt;

/// What a device gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Pictures of the world.
    Camera,
    /// Audio.
    Microphone,
    /// Pictures of a screen.
    Screen,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Camera => "camera",
            Self::Microphone => "microphone",
            Self::Screen => "screen",
        })
    }
}

impl Kind {
    /// That the user does not allow it, and where that can be changed.
    pub(crate) fn refusal(self) -> String {
        let (what, page) = match self {
            Self::Camera => ("the camera", "Camera"),
            Self::Microphone => ("the microphone", "Microphone"),
            Self::Screen => ("recording the screen", "Screen Recording"),
        };
        let place = if cfg!(target_os = "macos") {
            "System Settings > Privacy & Security"
        } else {
            "Settings > Privacy & Security"
        };
        format!(
            "{what} is not allowed: allow it for this application (for a command, its terminal) in \
             {place} > {page}, then start it again"
        )
    }
}
