use std::time::Duration;

use onair_flv::enhanced_four_cc;
use onair_media::{FourCc, VideoCodec};

use crate::words::Secrets;
use crate::{Credentials, Url};

/// In which order a publisher speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flight {
    /// Everything up to the first media leaves without waiting for an answer:
    /// the first media arrives 1.5 round trips after `connect(2)`.
    #[default]
    First,
    /// Each command waits for the answer to the one before: 5.5 round trips, understood by every server.
    Classic,
}

/// How long each state may last before the server counts as silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// For S0, S1 and S2.
    pub handshake: Duration,
    /// For the answer to one command.
    pub command: Duration,
    /// For the answer to `createStream` in the first flight, once `connect` is answered: a server
    /// that drops what came before its answer is asked again in the classical order. Eight round
    /// trips, if they are longer; never longer than `command`.
    pub pipelined: Duration,
    /// For the peer to close its side after the farewell.
    pub farewell: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            command: Duration::from_secs(10),
            pipelined: Duration::from_secs(2),
            farewell: Duration::from_millis(250),
        }
    }
}

/// What a [`Publisher`](super::Publisher) is told before it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Where to publish: application and key included.
    pub url: Url,
    /// In which order to speak.
    pub flight: Flight,
    /// What to answer to an authentication challenge; the URL's userinfo by default.
    pub credentials: Option<Credentials>,
    /// The size of outgoing chunks: kept within 128 and 65536.
    pub chunk_size: u32,
    /// What to call ourselves in `connect`: servers know the names of OBS and FMLE, and some check.
    pub flash_version: String,
    /// How many bytes of media may leave before the server agrees to the publish; one tag may
    /// exceed it.
    pub flight_limit: usize,
    /// How long to wait in each state.
    pub timeouts: Timeouts,
    /// Feeds the handshake's and the challenges' random bytes: give each connection another.
    pub seed: u64,
    /// Whether to declare (E-RTMP v2 `capsEx`) that a request to reconnect is understood.
    ///
    /// Some servers stumble over the declaration; a close or refusal during `connect` is then
    /// tried again without it.
    pub reconnect_requests: bool,
    /// The codec of the video. One that RTMP did not know from the start is declared (E-RTMP v2
    /// `fourCcList`, `videoFourCcInfoMap`), and a server that lists only others is an error. Like
    /// [`reconnect_requests`](Self::reconnect_requests), the declaration is left out for a server
    /// that stumbles over it.
    pub video_codec: Option<VideoCodec>,
    /// How often this publish was redirected already.
    pub(crate) hops: u8,
    /// The state of an authentication that spans connections.
    pub(crate) round: crate::auth::Round,
}

impl Config {
    /// The defaults: first flight, chunks of 4096 bytes, OBS's name.
    pub fn new(url: Url) -> Self {
        Self {
            flight: Flight::default(),
            credentials: url.credentials().cloned(),
            url,
            chunk_size: 4096,
            flash_version: "FMLE/3.0 (compatible; FMSc/1.0)".to_owned(),
            flight_limit: 384 * 1024,
            timeouts: Timeouts::default(),
            seed: 0,
            reconnect_requests: false,
            video_codec: None,
            hops: 0,
            round: crate::auth::Round::default(),
        }
    }

    /// What must not be shown even when the server says it.
    pub(crate) fn secrets(&self) -> Secrets {
        Secrets::new(&self.url, self.credentials.as_ref())
    }

    /// Whether `connect` has keys of Enhanced RTMP.
    pub(super) fn is_enhanced(&self) -> bool {
        self.reconnect_requests || self.declared_codec().is_some()
    }

    /// The codec that `connect` declares.
    pub(super) fn declared_codec(&self) -> Option<FourCc> {
        self.video_codec.and_then(enhanced_four_cc)
    }

    /// Leaves out the keys of Enhanced RTMP.
    pub(super) const fn speak_plainly(&mut self) {
        self.reconnect_requests = false;
        self.video_codec = None;
    }

    /// The configuration of the connection after this one: other random bytes, all else the same.
    pub(super) fn next(&self) -> Self {
        Self {
            seed: scramble(self.seed),
            ..self.clone()
        }
    }

    /// Our own random number in an authentication.
    pub(super) const fn nonce(&self) -> u32 {
        let [a, b, c, d, ..] = scramble(!self.seed).to_be_bytes();
        u32::from_be_bytes([a, b, c, d])
    }
}

/// SplitMix64: one step from one seed to an unrelated one.
const fn scramble(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
