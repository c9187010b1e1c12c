use super::report::{Report, TrackReport, Verdict};

/// What a service asks for, after its own published advice to encoders.
struct Service {
    name: &'static str,
    /// Longest time between keyframes it accepts, and the one it asks for.
    keyframes_s: Option<(f64, f64)>,
    /// Most bits a second for the pictures.
    video_bps: Option<u64>,
    /// Most rows, and most pictures a second.
    picture: Option<(u32, f64)>,
    needs_audio: bool,
    hevc: Hevc,
}

/// What a service makes of HEVC.
enum Hevc {
    Takes,
    /// Its servers differ.
    Varies,
    Refuses,
}

/// What each service will say about a stream.
pub(super) fn verdicts(report: &Report) -> Vec<Verdict> {
    SERVICES
        .iter()
        .map(|service| service.judge(report))
        .collect()
}

impl Service {
    fn judge(&self, report: &Report) -> Verdict {
        let mut opinion = Opinion::default();
        let track = |kind| report.tracks.iter().find(|track| track.kind == kind);
        for track in &report.tracks {
            opinion.times(track);
        }
        match track("video") {
            Some(video) => self.judge_video(video, &mut opinion),
            None => opinion.advise("no pictures"),
        }
        match track("audio") {
            Some(audio) => self.judge_audio(audio, &mut opinion),
            None if self.needs_audio => opinion.advise("no sound: add a silent track"),
            None => {}
        }
        if report.tracks.is_empty() {
            opinion.refuse("nothing to send");
        }
        if report.error.is_some() {
            opinion.advise("the file is damaged and ends early");
        }
        if let Some(turn) = report.rotation {
            opinion.advise(format!("will be shown lying on its side ({turn} degrees)"));
        }
        Verdict {
            service: self.name,
            ready: !opinion.refused,
            reasons: opinion.reasons,
        }
    }

    fn judge_video(&self, video: &TrackReport, opinion: &mut Opinion) {
        if video.codec.starts_with("hvc1") {
            match self.hevc {
                Hevc::Takes => {}
                Hevc::Varies => opinion.advise("HEVC: for servers that know Enhanced RTMP only"),
                Hevc::Refuses => opinion.refuse("HEVC, where H.264 is asked for"),
            }
        }
        if !video.starts_with_keyframe {
            opinion.advise("does not start with a keyframe");
        }
        if let (Some(gops), Some((most, wanted))) = (&video.gops, self.keyframes_s) {
            let longest = gops.seconds.max;
            if longest > most + SLACK {
                opinion.refuse(format!(
                    "keyframes up to {longest:.1} s apart, more than {most} s"
                ));
            } else if longest > wanted + SLACK {
                opinion.advise(format!(
                    "keyframes up to {longest:.1} s apart, {wanted} s is asked for"
                ));
            }
        }
        let rate = video.bitrate_bps;
        if self.video_bps.is_some_and(|most| rate > most) {
            let (is, most) = (rate / 1000, self.video_bps.unwrap_or(0) / 1000);
            opinion.refuse(format!("{is} kbit/s of video, more than {most}"));
        }
        if let Some((rows, fps)) = self.picture {
            let size = video.size.as_deref().and_then(|size| size.split_once('x'));
            let sides = size.and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
            if sides.is_some_and(|(w, h): (u32, u32)| w.min(h) > rows) {
                opinion.refuse(format!("more than {rows} rows"));
            }
            if video
                .fps_measured
                .is_some_and(|measured| measured.avg > fps + 1.0)
            {
                opinion.refuse(format!("more than {fps} pictures a second"));
            }
        }
    }

    fn judge_audio(&self, audio: &TrackReport, opinion: &mut Opinion) {
        let usual = matches!(audio.sample_rate, Some(44_100 | 48_000));
        if self.needs_audio && !usual {
            opinion.advise("sound at neither 44100 nor 48000 Hz");
        }
    }
}

/// What speaks against a stream.
#[derive(Default)]
struct Opinion {
    refused: bool,
    reasons: Vec<String>,
}

impl Opinion {
    fn refuse(&mut self, reason: impl Into<String>) {
        self.refused = true;
        self.reasons.push(reason.into());
    }

    fn advise(&mut self, reason: impl Into<String>) {
        self.reasons.push(reason.into());
    }

    fn times(&mut self, track: &TrackReport) {
        if track.faults.dts_back.count > 0 {
            self.refuse(format!("{} times go back", track.kind));
        }
        if track.faults.gaps.count > 0 {
            self.advise(format!(
                "{} gaps in the {}",
                track.faults.gaps.count, track.kind
            ));
        }
    }
}

const SERVICES: [Service; 3] = [
    Service {
        name: "RTMP",
        keyframes_s: None,
        video_bps: None,
        picture: None,
        needs_audio: false,
        hevc: Hevc::Varies,
    },
    Service {
        name: "YouTube",
        keyframes_s: Some((4.0, 2.0)),
        video_bps: Some(68_000_000),
        picture: Some((2160, 60.0)),
        needs_audio: true,
        hevc: Hevc::Takes,
    },
    Service {
        name: "Twitch",
        keyframes_s: Some((4.0, 2.0)),
        video_bps: Some(6_000_000),
        picture: Some((1080, 60.0)),
        needs_audio: true,
        hevc: Hevc::Refuses,
    },
];

/// What an encoder may be off by, in seconds.
const SLACK: f64 = 0.1;
