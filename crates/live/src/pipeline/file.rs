use std::time::{Duration, Instant};

use onair_demux::PacketSource;
use onair_flv::enhanced_four_cc;
use onair_media::{Config, Kind, Packet, Timestamp, Tracks};
use tokio::sync::watch;

use super::Schedule;
use crate::Pace;
use crate::fanout::Fanout;
use crate::pace::Pacer;
use crate::stop::Stop;

/// Reads a file or stream to its end and hands its packets on.
pub(super) fn run(
    mut media: Box<dyn PacketSource>,
    fanout: &Fanout,
    said: &watch::Sender<Option<Tracks>>,
    schedule: Schedule,
    is_live: bool,
) {
    warn(media.as_ref(), fanout);
    let mut reader = Reader::new(fanout, fanout.stopping(), said, schedule, is_live);
    reader.in_prelude = media.tracks().iter().any(|t| t.kind() == Kind::Video);
    let outcome = reader.run(media.as_mut());
    // What was whole before the damage is still sent.
    reader.flush();
    let mut notes = fanout.notes();
    notes.damage = media.damage();
    if let Err(error) = outcome {
        notes.failure = Some(error.to_string());
    }
    drop(notes);
    fanout.finish();
}

/// What a person should know about a file that goes out as it is.
fn warn(media: &dyn PacketSource, fanout: &Fanout) {
    let tracks = media.tracks().iter();
    let notes = media
        .notes()
        .iter()
        .chain(tracks.clone().flat_map(|t| &t.notes));
    notes.for_each(|note| fanout.warn(None, note.clone()));
    let codec = tracks.clone().find_map(|track| match &track.config {
        Config::Video(video) => Some(video.codec),
        Config::Audio(_) => None,
    });
    if let Some(codec) = codec.filter(|codec| enhanced_four_cc(*codec).is_some()) {
        let words = format!(
            "these pictures are {codec}, which some servers take without a word and never show; \
             H.264 works everywhere"
        );
        fanout.warn(None, words);
    }
    if let Some(turn) = tracks.filter_map(|track| track.rotation).next() {
        let words = format!(
            "players of this file turn its picture {turn} degrees clockwise; RTMP cannot tell \
             viewers' players, who will see it as it lies"
        );
        fanout.warn(None, words);
    }
}

/// What time it is, and how to wait until it is another.
trait Clock {
    fn now(&self) -> Instant;

    /// False when the end was asked for meanwhile.
    fn sleep_until(&self, then: Instant) -> bool;
}

impl Clock for Stop {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep_until(&self, then: Instant) -> bool {
        self.sleep_until(then)
    }
}

struct Reader<'a, C> {
    fanout: &'a Fanout,
    clock: &'a C,
    said: &'a watch::Sender<Option<Tracks>>,
    schedule: Schedule,
    /// The media comes when it is due.
    is_live: bool,
    pacer: Pacer,
    /// The file's first time: the broadcast's line begins at zero.
    origin: Option<Timestamp>,
    in_prelude: bool,
    batch: Batch,
}

/// Packets that leave together.
#[derive(Default)]
struct Batch {
    packets: Vec<Packet>,
    bytes: usize,
    /// When its first packet came.
    since: Option<Instant>,
    /// It was waited for: its source is ahead, and what is due by now is there already.
    is_awaited: bool,
}

/// Packets change threads in batches of at most about so many bytes. At full speed, with what the
/// queue and the session hold, they are to stay in a processor's cache.
const fn max_bytes(pace: Pace) -> usize {
    match pace {
        Pace::Realtime => 256 * 1024,
        Pace::Max => 64 * 1024,
    }
}

/// A pipe may be slow, so a batch is handed on when it is this old.
const MAX_AGE: Duration = Duration::from_millis(20);

/// More audio than this before the first picture is paced like the rest.
const PRELUDE: Duration = Duration::from_millis(500);

/// In real time, what is due within this leaves with what is due now: a tenth of the wake-ups, and
/// less than any player buffers.
const SLACK: Duration = Duration::from_millis(100);

impl Batch {
    /// The packets have left.
    const fn begin(&mut self) {
        (self.bytes, self.since, self.is_awaited) = (0, None, false);
    }

    fn add(&mut self, packet: Packet, now: Instant) {
        self.since.get_or_insert(now);
        self.bytes += packet.payload.len();
        self.packets.push(packet);
    }

    fn is_full(&self, pace: Pace, now: Instant) -> bool {
        let age = self.since.map(|since| now.saturating_duration_since(since));
        self.bytes >= max_bytes(pace) || age >= Some(MAX_AGE)
    }
}

impl<'a, C: Clock> Reader<'a, C> {
    fn new(
        fanout: &'a Fanout,
        clock: &'a C,
        said: &'a watch::Sender<Option<Tracks>>,
        schedule: Schedule,
        is_live: bool,
    ) -> Self {
        Self {
            fanout,
            clock,
            said,
            schedule,
            is_live,
            pacer: Pacer::default(),
            origin: None,
            in_prelude: false,
            batch: Batch::default(),
        }
    }

    fn run(&mut self, media: &mut dyn PacketSource) -> Result<(), onair_demux::Error> {
        while let Some(packet) = media.next_packet()? {
            if let Some(tracks) = media.take_description() {
                self.said.send_replace(Some(tracks));
            }
            let packet = self.on_the_line(packet);
            if self.schedule.is_over(packet.dts) {
                self.fanout.notes().timed_out = true;
                break;
            }
            if !self.take(packet) {
                return Ok(());
            }
        }
        Ok(())
    }

    fn on_the_line(&mut self, mut packet: Packet) -> Packet {
        let origin = self.origin.get_or_insert(packet.dts).as_nanos();
        packet.dts = packet.dts.offset(origin.saturating_neg());
        packet.pts = packet.pts.offset(origin.saturating_neg());
        packet
    }

    /// False when the end was asked for.
    fn take(&mut self, packet: Packet) -> bool {
        let mut now = self.clock.now();
        let due = self.due(&packet, now);
        let is_early = due > now;
        if due > now + SLACK {
            self.flush();
            if !self.clock.sleep_until(due) {
                return false;
            }
            now = self.clock.now();
            self.batch.is_awaited = true;
        }
        self.batch.add(packet, now);
        // What came before its time may wait for what is due with it.
        let may_wait = is_early || self.batch.is_awaited;
        if may_wait && !self.batch.is_full(self.schedule.pace, now) {
            return true;
        }
        self.flush();
        !self.fanout.stopping().is_asked()
    }

    fn due(&mut self, packet: &Packet, now: Instant) -> Instant {
        if self.is_live {
            now
        } else if self.schedule.pace == Pace::Max || self.is_prelude(packet) {
            now + SLACK
        } else {
            self.pacer.due(packet.dts, now)
        }
    }

    /// Audio before the first picture leaves with it: the clock starts there.
    fn is_prelude(&mut self, packet: &Packet) -> bool {
        let is_long = packet.dts.since(Timestamp::ZERO) >= PRELUDE;
        self.in_prelude &= packet.kind() == Kind::Audio && !is_long;
        self.in_prelude
    }

    fn flush(&mut self) {
        self.fanout.publish(&mut self.batch.packets);
        self.batch.begin();
    }
}

#[cfg(test)]
mod tests;
