//! Which Enhanced RTMP v2 headers are not those of a plain track.

use crate::head::TagKind;

/// Whether a message that begins with `first` has to be unfolded.
pub(crate) const fn is_folded(kind: TagKind, first: u8) -> bool {
    let is_enhanced = match kind {
        TagKind::Audio => first >> 4 == AUDIO_EX_HEADER,
        TagKind::Video => first & VIDEO_EX_HEADER != 0,
        TagKind::Script => false,
    };
    let packet_type = first & 0x0F;
    is_enhanced && (packet_type == MOD_EX || packet_type == multitrack(kind))
}

/// Whether `first` begins a command of Enhanced RTMP, which has no `FourCC` and no track.
pub(crate) const fn is_command(kind: TagKind, first: u8) -> bool {
    matches!(kind, TagKind::Video)
        && first & VIDEO_EX_HEADER != 0
        && first >> 4 & 7 == VIDEO_COMMAND
        && first & 0x0F != VIDEO_METADATA
}

/// `AudioPacketType.Multitrack`, `VideoPacketType.Multitrack`.
pub(crate) const fn multitrack(kind: TagKind) -> u8 {
    match kind {
        TagKind::Audio => 5,
        TagKind::Video | TagKind::Script => 6,
    }
}

/// `AudioPacketType.ModEx`, `VideoPacketType.ModEx`.
pub(crate) const MOD_EX: u8 = 7;

/// `SoundFormat.ExHeader`.
pub(crate) const AUDIO_EX_HEADER: u8 = 9;
/// `isExVideoHeader`.
pub(crate) const VIDEO_EX_HEADER: u8 = 0x80;
/// `VideoPacketType.Metadata`.
pub(crate) const VIDEO_METADATA: u8 = 4;
/// `VideoFrameType.Command`.
const VIDEO_COMMAND: u8 = 5;

/// The error for a caller that parses a head by itself: only a [`Demuxer`](crate::Demuxer) unfolds.
pub(crate) const FOLDED: &str = "a head of Enhanced RTMP that holds tracks or modifiers";
