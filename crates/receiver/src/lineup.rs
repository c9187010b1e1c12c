use std::time::Duration;

use onair_flv::Metadata;
use onair_media::Lineup;

/// How long a publisher's second track is waited for, in media time.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a publisher can make us hold meanwhile.
const MOST: usize = 8 * 1024 * 1024;

/// Finds out which tracks a publisher's stream has.
pub(crate) const fn lineup() -> Lineup {
    Lineup::new(PATIENCE, MOST)
}

/// Takes what a publisher says about its stream.
pub(crate) const fn describe(lineup: &mut Lineup, metadata: &Metadata) {
    lineup.expect(
        metadata.video_codec.is_some(),
        metadata.audio_codec.is_some(),
    );
}
