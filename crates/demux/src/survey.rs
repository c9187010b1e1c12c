use std::fmt;

use onair_media::Packet;
use serde::Serialize;

use crate::Demux;

/// What a stream is made of, gathered packet by packet.
#[derive(Debug, Default)]
pub struct Survey {
    packets: u64,
}

/// A finished [`Survey`]: `Display` for people, `Serialize` for programs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Packets seen.
    pub packets: u64,
}

impl Survey {
    /// An empty survey of what `demux` delivers.
    pub fn new(_demux: &dyn Demux) -> Self {
        Self::default()
    }

    /// Takes one packet into account.
    pub fn push(&mut self, _packet: &Packet) {
        self.packets += 1;
    }

    /// Notes that reading ended with `error` rather than at the end.
    pub fn fail(&mut self, _error: &crate::Error) {}

    /// Everything found.
    pub fn report(&self) -> Report {
        Report {
            packets: self.packets,
        }
    }
}

impl Report {
    /// One JSON object.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} packets", self.packets)
    }
}
