//! The session's inputs and outputs.

use std::sync::Arc;

use objc2::rc::{Retained, autoreleasepool};
use objc2_av_foundation::{AVCaptureDevice, AVCaptureInput, AVCaptureOutput};

use super::av_device::Input;
use super::microphone::AudioOutput;
use super::output::VideoOutput;
use super::session::Session;
use super::source::Source;
use super::tap::Tap;
use crate::Error;
use crate::device::Kind;

pub(super) struct Rig {
    pub(super) session: Session,
    pub(super) video: VideoOutput,
    audio: AudioOutput,
    source: Option<Source>,
    microphone: Option<Input>,
    tap: Arc<Tap>,
}

impl Rig {
    pub(super) fn new(tap: &Arc<Tap>) -> Self {
        Self {
            session: Session::new(),
            video: VideoOutput::new(tap),
            audio: AudioOutput::new(tap),
            source: None,
            microphone: None,
            tap: tap.clone(),
        }
    }

    /// Where frames come from, if from anywhere.
    pub(super) const fn source(&self) -> Option<&Source> {
        self.source.as_ref()
    }

    pub(super) const fn has_microphone(&self) -> bool {
        self.microphone.is_some()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.source.is_none() && self.microphone.is_none()
    }

    /// Replaces the session's source of frames, or leaves everything as it was.
    pub(super) fn take_video(&mut self, new: Source) -> Result<(), Error> {
        let old = self.source.take();
        let (before, output) = (old.as_ref().map(Source::input), self.video.output());
        let taken = self.replace(before, new.input(), output);
        self.source = if taken.is_ok() { Some(new) } else { old };
        self.note_what_is_held();
        taken
    }

    /// Replaces the session's microphone, or leaves everything as it was.
    pub(super) fn take_audio(&mut self, device: Retained<AVCaptureDevice>) -> Result<(), Error> {
        let new = Input::open(device, Kind::Microphone)?;
        let old = self.microphone.take();
        let (before, output) = (old.as_ref().map(Input::input), self.audio.output());
        let taken = self.replace(before, new.input(), output);
        self.microphone = if taken.is_ok() { Some(new) } else { old };
        self.note_what_is_held();
        taken
    }

    /// Takes the source of frames out of the session.
    pub(super) fn remove_video(&mut self) {
        if let Some(source) = self.source.take() {
            self.session
                .change(|session| session.remove_input(source.input()));
            self.note_what_is_held();
        }
    }

    /// Takes out what is no longer plugged in, so that it can be replaced.
    pub(super) fn remove_unplugged(&mut self) {
        if self.source.as_ref().is_some_and(Source::is_gone) {
            self.remove_video();
        }
        if let Some(microphone) = self.microphone.take_if(|one| one.is_gone()) {
            self.session
                .change(|session| session.remove_input(microphone.input()));
            self.note_what_is_held();
        }
    }

    /// Takes everything out and makes new outputs. The session stays: a preview shows it.
    pub(super) fn renew(&mut self) {
        self.clear();
        self.video = VideoOutput::new(&self.tap);
        self.audio = AudioOutput::new(&self.tap);
    }

    fn clear(&mut self) {
        let (source, microphone) = (self.source.take(), self.microphone.take());
        self.session.change(|session| {
            let source = source.as_ref().map(Source::input);
            let microphone = microphone.as_ref().map(Input::input);
            for input in source.into_iter().chain(microphone) {
                session.remove_input(input);
            }
            session.remove_output(self.video.output());
            session.remove_output(self.audio.output());
        });
        self.note_what_is_held();
    }

    fn replace(
        &self,
        old: Option<&AVCaptureInput>,
        new: &AVCaptureInput,
        output: &AVCaptureOutput,
    ) -> Result<(), Error> {
        self.session.change(|session| {
            old.inspect(|old| session.remove_input(old));
            let added = session.add_input(new);
            let added = added.and_then(|()| session.add_output(output));
            if added.is_err() {
                session.remove_input(new);
                old.map_or(Ok(()), |old| session.add_input(old))?;
            }
            added
        })
    }

    fn note_what_is_held(&self) {
        let source = self.source.as_ref().and_then(Source::id);
        let microphone = self.microphone.as_ref().map(Input::id);
        self.tap
            .hold(source.into_iter().chain(microphone).collect());
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        autoreleasepool(|_| {
            if self.session.is_running() {
                self.session.stop();
            }
            self.clear();
        });
    }
}
