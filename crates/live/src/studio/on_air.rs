use std::sync::Arc;
use std::time::Instant;

use onair_av::Surface;
use onair_av::capture;
use onair_av::clock::Clock;
use onair_av::device::{Format, Inlets};
use onair_av::encode::VideoSettings;
use onair_media::Bitrate;

use super::{Show, Slate, slate};
use crate::{Broadcast, Error};

/// A show while it is on.
pub(super) struct OnAir {
    pub(super) broadcast: Arc<Broadcast>,
    /// The device's ends of its frames and audio.
    pub(super) inlets: Inlets,
    slate: Slate,
    /// Its end was asked for.
    pub(super) is_ending: bool,
}

/// What was decided before a show began.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cues {
    pub(super) slate: bool,
    pub(super) mute: bool,
    /// What the user asked for.
    pub(super) bitrate: Bitrate,
    /// The most that heat allows, where that is less.
    pub(super) thermal: Option<Bitrate>,
}

impl OnAir {
    /// Begins to send. Nothing that should be hidden or silent gets through, not even at first.
    pub(super) fn start(show: Show, format: Format, cues: Cues) -> Result<Self, Error> {
        let clock = Clock::starting_at(Instant::now());
        let mut builder = Broadcast::builder().adapt(show.adapt);
        let mut inlets = Inlets::default();
        if show.has_video {
            let (inlet, source) = capture::live_frames(format.size, format.frame_rate, clock);
            let mut settings = video_settings(&show, format);
            settings.bitrate = cues.bitrate;
            builder = builder.video(source).video_settings(settings);
            inlets.frames = Some(inlet);
        }
        if show.has_audio {
            let audio = &show.audio;
            let (inlet, source) = capture::live_audio(audio.sample_rate, audio.channels, clock);
            builder = builder.audio(source).audio_settings(audio.clone());
            inlets.audio = Some(inlet);
        }
        if let Some(path) = show.record {
            builder = builder.record(path);
        }
        let builder = show
            .destinations
            .into_iter()
            .fold(builder, |builder, to| builder.to(to));
        let on_air = Self {
            broadcast: Arc::new(builder.start()?),
            inlets,
            slate: show.slate,
            is_ending: false,
        };
        on_air.broadcast.limit_for_heat(cues.thermal);
        on_air.mute(cues.mute);
        on_air.slate(cues.slate);
        Ok(on_air)
    }

    /// Shows the slate, or the camera again.
    pub(super) fn slate(&self, shown: bool) {
        let Some(inlet) = &self.inlets.frames else {
            return;
        };
        if !shown {
            return inlet.slate(None);
        }
        // A frame of another size may come between the question and the slate.
        let mut size = inlet.size();
        loop {
            inlet.slate(Some(Surface::I420(slate::draw(&self.slate, size))));
            match inlet.size() {
                now if now == size => return,
                now => size = now,
            }
        }
    }

    /// Silences the microphone, or lets it be heard again.
    pub(super) fn mute(&self, muted: bool) {
        if let Some(inlet) = &self.inlets.audio {
            inlet.mute(muted);
        }
    }

    /// Ends properly; the broadcast reports when that is done.
    pub(super) fn end(&mut self) {
        self.is_ending = true;
        self.broadcast.stop();
        self.close();
    }

    /// No frame and no audio gets in any more.
    pub(super) fn close(&self) {
        self.inlets.frames.iter().for_each(|inlet| inlet.end());
        self.inlets.audio.iter().for_each(|inlet| inlet.end());
    }
}

pub(super) fn video_settings(show: &Show, format: Format) -> VideoSettings {
    let mut settings = VideoSettings::new(format.size, format.frame_rate);
    settings.codec = show.codec;
    settings.keyframe_interval = show.keyframe_interval;
    settings.bitrate = show.bitrate.unwrap_or(settings.bitrate);
    settings
}
