use onair_media::Kind;

/// What people call a kind of track.
pub(crate) const fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Video => "video",
        Kind::Audio => "audio",
    }
}

/// The usual name of an MP4 sample entry's codec (ISO/IEC 14496-12 §8.5.2, MP4RA).
pub(crate) fn sample_entry_name(code: [u8; 4]) -> String {
    let name = match &code {
        b"dvh1" | b"dvhe" | b"dva1" | b"dvav" => "Dolby Vision",
        b"vvc1" | b"vvi1" => "VVC (H.266)",
        b"av01" => "AV1",
        b"vp09" => "VP9",
        b"vp08" => "VP8",
        b"mp4v" => "MPEG-4 Visual",
        b"jpeg" | b"mjpa" | b"mjpb" => "Motion JPEG",
        b"apch" | b"apcn" | b"apcs" | b"apco" | b"ap4h" | b"ap4x" => "ProRes",
        b"ac-3" => "AC-3",
        b"ec-3" => "E-AC-3",
        b"ac-4" => "AC-4",
        b"Opus" => "Opus",
        b"fLaC" => "FLAC",
        b"alac" => "Apple Lossless",
        b".mp3" => "MP3",
        b"samr" | b"sawb" => "AMR",
        b"ulaw" | b"alaw" => "G.711",
        b"lpcm" | b"sowt" | b"twos" | b"raw " | b"in24" | b"in32" | b"fl32" | b"fl64" | b"ipcm"
        | b"fpcm" => "PCM",
        b"encv" | b"enca" => "encrypted (DRM)",
        _ => return format!("`{}`", code.escape_ascii()),
    };
    name.to_owned()
}

/// The usual name of an MPEG-4 object type indication (ISO/IEC 14496-1 §7.2.6.6, MP4RA).
pub(crate) fn object_type_name(indication: u8) -> String {
    match indication {
        0x69 | 0x6b => "MP3".to_owned(),
        0xa5 => "AC-3".to_owned(),
        0xa6 => "E-AC-3".to_owned(),
        0xa9 | 0xac => "DTS".to_owned(),
        0xad => "Opus".to_owned(),
        0xdd => "Vorbis".to_owned(),
        other => format!("MPEG-4 object type {other:#04x}"),
    }
}

/// The usual name of a Matroska codec id (RFC 9559, codec registry).
pub(crate) fn matroska_name(id: &str) -> String {
    let known = [
        ("V_AV1", "AV1"),
        ("V_VP9", "VP9"),
        ("V_VP8", "VP8"),
        ("V_MPEG4/ISO", "MPEG-4 Visual"),
        ("V_MPEG2", "MPEG-2 video"),
        ("V_MPEG1", "MPEG-1 video"),
        ("V_PRORES", "ProRes"),
        ("V_MJPEG", "Motion JPEG"),
        ("V_FFV1", "FFV1"),
        ("V_UNCOMPRESSED", "raw video"),
        ("A_OPUS", "Opus"),
        ("A_VORBIS", "Vorbis"),
        ("A_FLAC", "FLAC"),
        ("A_MPEG/L3", "MP3"),
        ("A_MPEG/L2", "MP2"),
        ("A_AC3", "AC-3"),
        ("A_EAC3", "E-AC-3"),
        ("A_DTS", "DTS"),
        ("A_TRUEHD", "TrueHD"),
        ("A_PCM", "PCM"),
    ];
    let name = known.iter().find(|(prefix, _)| id.starts_with(prefix));
    name.map_or_else(
        || format!("`{}`", id.escape_debug()),
        |(_, name)| (*name).to_owned(),
    )
}

/// What a transport stream's stream type is (ISO/IEC 13818-1 table 2-34, ATSC A/53).
pub(crate) fn stream_type_name(stream_type: u8) -> Option<(Kind, &'static str)> {
    Some(match stream_type {
        0x01 => (Kind::Video, "MPEG-1 video"),
        0x02 => (Kind::Video, "MPEG-2 video"),
        0x10 => (Kind::Video, "MPEG-4 Visual"),
        0x21 => (Kind::Video, "JPEG 2000"),
        0x25 => (Kind::Video, "HEVC (H.265), only its higher layers"),
        0x33 => (Kind::Video, "VVC (H.266)"),
        0xd1 => (Kind::Video, "Dirac"),
        0xea => (Kind::Video, "VC-1"),
        0xdb => (Kind::Video, "encrypted H.264"),
        0x03 | 0x04 => (Kind::Audio, "MPEG audio (MP2 or MP3)"),
        0x11 => (Kind::Audio, "AAC in LATM framing"),
        0x80 => (Kind::Audio, "PCM"),
        0x81 => (Kind::Audio, "AC-3"),
        0x82 | 0x85 | 0x86 => (Kind::Audio, "DTS"),
        0x83 => (Kind::Audio, "TrueHD"),
        0x84 | 0x87 => (Kind::Audio, "E-AC-3"),
        0xcf => (Kind::Audio, "encrypted AAC"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_own_words_cannot_move_a_cursor() {
        assert_eq!(matroska_name("V_\x1b[2J"), "`V_\\u{1b}[2J`");
        assert_eq!(sample_entry_name(*b"\x1b[2J"), "`\\x1b[2J`");
    }
}
