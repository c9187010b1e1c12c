use std::collections::VecDeque;

use onair_av::device::Order;

use super::{Command, Notice};

/// Commands, in order, until they are taken.
#[derive(Clone, Debug, Default)]
pub(super) struct Commands(VecDeque<Command>);

impl Commands {
    pub(super) fn push(&mut self, command: Command) {
        tracing::debug!(?command);
        self.0.push_back(command);
    }

    pub(super) fn extend(&mut self, commands: Vec<Command>) {
        commands.into_iter().for_each(|command| self.push(command));
    }

    pub(super) fn order(&mut self, order: Order) {
        self.push(Command::Device(order));
    }

    pub(super) fn tell(&mut self, notice: Notice) {
        self.push(Command::Tell(notice));
    }

    pub(super) fn pop(&mut self) -> Option<Command> {
        self.0.pop_front()
    }
}
