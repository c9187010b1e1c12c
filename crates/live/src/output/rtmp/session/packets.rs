//! Packets on their way from the queue into the machine.

use std::collections::VecDeque;

use onair_flv::{Muxer, Tag};
use onair_media::{Packet, Tracks};
use tokio::sync::watch;

use crate::program::Program;

/// Packets taken from the queue that have not certainly arrived.
#[derive(Debug, Default)]
pub(super) struct Packets {
    /// From the first packet on.
    muxer: Option<Muxer>,
    /// The last description sent.
    described: Option<Tracks>,
    /// What the source says of it later.
    said: Option<watch::Receiver<Option<Tracks>>>,
    /// Not yet muxed.
    batch: VecDeque<Packet>,
    /// Muxed, but not given to the machine yet: the first flight had no room.
    owed: VecDeque<Tag>,
    /// Muxed before the server agreed to the publish.
    unconfirmed: Vec<Packet>,
}

impl Packets {
    /// Whether the machine was given everything.
    pub(super) fn is_empty(&self) -> bool {
        self.batch.is_empty() && self.owed.is_empty()
    }

    pub(super) fn push(&mut self, packets: Vec<Packet>) {
        self.batch.extend(packets);
    }

    /// The next packet to mux.
    pub(super) fn next(&self) -> Option<&Packet> {
        self.batch.front()
    }

    /// The next tag for the machine, of the packets muxed so far.
    pub(super) fn next_tag(&mut self) -> Option<Tag> {
        self.owed.pop_front()
    }

    /// Muxes the next packet, and keeps it until the server has agreed to the publish.
    pub(super) fn mux(&mut self, program: &Program, is_live: bool) {
        if let Some(packet) = self.batch.pop_front() {
            self.mux_packet(&packet, program);
            if !is_live {
                self.unconfirmed.push(packet);
            }
        }
    }

    /// Metadata when due, sequence headers when due, the packet.
    fn mux_packet(&mut self, packet: &Packet, program: &Program) {
        let is_news = self.describe(packet, program);
        let muxer = self.muxer.get_or_insert_with(|| program.muxer(packet));
        let tracks = self.described.iter().filter(|_| is_news);
        self.owed
            .extend(tracks.map(|tracks| muxer.metadata(tracks)));
        self.owed.extend(muxer.mux(packet));
    }

    /// Brings the description up to date with a packet and with what the source says; true when
    /// that changes it.
    fn describe(&mut self, packet: &Packet, program: &Program) -> bool {
        let said = self.said.get_or_insert_with(|| program.said.subscribe());
        let is_said = said.has_changed().is_ok_and(|changed| changed);
        let is_told = |tracks: &Tracks| tracks.agrees_with(&packet.config);
        if !is_said && self.described.as_ref().is_some_and(is_told) {
            return false;
        }
        let before = self.described.as_ref().unwrap_or(&program.tracks).clone();
        let mut tracks = match &*said.borrow_and_update() {
            Some(said) => before.described_by(said),
            None => before,
        };
        tracks.update(&packet.config);
        let is_news = self.described.as_ref() != Some(&tracks);
        self.described = Some(tracks);
        is_news
    }

    /// The tag for the end of the stream, if there is one.
    pub(super) fn end_of_sequence(&self) -> Option<Tag> {
        self.muxer.as_ref().and_then(Muxer::end_of_sequence)
    }

    /// The server agreed to the publish: what was sent before that arrives too.
    pub(super) fn confirm(&mut self) {
        self.unconfirmed = Vec::new();
    }

    /// Gives up what was not muxed.
    pub(super) fn leave_unsent(&mut self) -> Vec<Packet> {
        self.batch.drain(..).collect()
    }

    /// The packets that did not arrive.
    pub(super) fn left(self) -> Vec<Packet> {
        let mut left = self.unconfirmed;
        left.extend(self.batch);
        left
    }
}
