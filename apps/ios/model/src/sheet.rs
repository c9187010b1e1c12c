use std::time::Instant;

use onair::Secret;
use onair::av::device::Position;

use crate::destination::{MAX_DESTINATIONS, tidy};
use crate::draft::Draft;
use crate::link::{self, Found};
use crate::page::OpenPage;
use crate::question::Question;
use crate::settings::{FRAME_RATES, parse_bitrate};
use crate::{
    Address, Answer, App, Change, Definition, Destination, Effect, Haptic, Id, RowId, Settings,
    words,
};

/// The sheet, its rows, links and codes.
impl App {
    pub(crate) fn open_settings(&mut self) {
        self.pages = vec![OpenPage::Settings];
    }

    pub(crate) fn leave_page(&mut self) {
        self.pages.pop();
    }

    pub(crate) fn handle_answer(&mut self, answer: Answer) {
        let Some(question) = self.question.take() else {
            return;
        };
        match (question, answer) {
            (Question::End, Answer::End) => self.end(),
            (Question::Nowhere, Answer::Type) => self.open_draft(Draft::new(Found::default())),
            (Question::Nowhere, Answer::Scan) => self.pages.push(OpenPage::Scanner(None)),
            (Question::Add { name, address }, Answer::Add) => self.add(&name, true, *address),
            (Question::Delete(id), Answer::Delete) => self.delete(id),
            _ => {}
        }
    }

    /// A link asks to add a destination. It may come from anybody, so the user is asked.
    pub(crate) fn open_link(&mut self, text: &Secret) {
        match link::parse(text.expose()) {
            Ok(found) => match Draft::new(found.clone()).address() {
                Ok(address) => self.ask(Question::Add {
                    name: found
                        .name
                        .unwrap_or_else(|| address.address().host().to_owned()),
                    address: Box::new(address),
                }),
                Err(_) => self.open_draft(Draft::new(found)),
            },
            Err(error) => self.ask(Question::told(words::BAD_LINK, format!("{error}."))),
        }
    }

    /// The scanner read a code: the user sees what is in it before it is saved.
    pub(crate) fn take_code(&mut self, text: &Secret) {
        let Some(OpenPage::Scanner(trouble)) = self.pages.last_mut() else {
            return;
        };
        match link::parse(text.expose()) {
            Ok(found) => self.take_found(found),
            Err(error) => *trouble = Some(words::unusable_code(&error.to_string())),
        }
    }

    pub(crate) fn blame_scanner(&mut self, what: String) {
        if let Some(OpenPage::Scanner(trouble)) = self.pages.last_mut() {
            *trouble = Some(what);
        }
    }

    fn take_found(&mut self, found: Found) {
        self.leave_page();
        if let Some(OpenPage::Destination(draft)) = self.pages.last_mut() {
            draft.fill(found);
        } else if found.server.is_some() {
            self.pages.push(OpenPage::Destination(Draft::new(found)));
        } else {
            let trouble = words::CODE_WITHOUT_SERVER.to_owned();
            return self.pages.push(OpenPage::Scanner(Some(trouble)));
        }
        self.effect(Effect::Haptic(Haptic::Success));
    }

    fn open_draft(&mut self, draft: Draft) {
        self.pages.push(OpenPage::Destination(draft));
    }

    /// Does what a row is for. On air, nothing can be changed.
    pub(crate) fn handle_row(&mut self, id: RowId, change: Change, now: Instant) {
        if self.air.is_some() {
            return;
        }
        match (self.pages.last_mut(), change) {
            (Some(OpenPage::Settings), Change::Tap) => self.tap_setting(id),
            (Some(OpenPage::Settings), change) => self.change_setting(id, &change, now),
            (Some(OpenPage::Destination(_)), Change::Tap) => self.tap_draft(id),
            (Some(OpenPage::Destination(draft)), change) => change_draft(draft, id, change),
            _ => {}
        }
    }

    fn tap_setting(&mut self, id: RowId) {
        match id {
            RowId::AddDestination => self.open_draft(Draft::new(Found::default())),
            RowId::Scan => self.pages.push(OpenPage::Scanner(None)),
            RowId::Destination(id) => {
                let draft = self
                    .destinations
                    .iter()
                    .find(|one| one.id == id)
                    .map(Draft::of);
                self.pages.extend(draft.map(OpenPage::Destination));
            }
            _ => {}
        }
    }

    fn change_setting(&mut self, id: RowId, change: &Change, now: Instant) {
        let before = (self.settings, self.settings.camera);
        match (id, change) {
            (RowId::Destination(id), Change::Switch(is_on)) => self.switch(id, *is_on),
            (RowId::Record, Change::Switch(is_on)) => self.settings.records = *is_on,
            (RowId::Bitrate, Change::Text(text)) => match parse_bitrate(text.expose()) {
                Ok(bitrate) => self.settings.bitrate = bitrate,
                Err(_) => self.tell(words::BAD_BITRATE.to_owned(), now),
            },
            (id, Change::Pick(index)) => self.settings.pick(id, *index),
            _ => {}
        }
        if before.0 != self.settings {
            self.order_pictures();
        }
        if before.1 != self.settings.camera && self.camera.facing != self.settings.camera {
            self.flip();
        }
        self.save();
    }

    fn switch(&mut self, id: Id, is_on: bool) {
        if let Some(one) = self.destinations.iter_mut().find(|one| one.id == id) {
            one.is_active = is_on;
        }
    }

    fn tap_draft(&mut self, id: RowId) {
        let Some(OpenPage::Destination(draft)) = self.pages.last() else {
            return;
        };
        match (id, draft.id) {
            (RowId::Save, _) => self.save_draft(),
            (RowId::Scan, _) => self.pages.push(OpenPage::Scanner(None)),
            (RowId::Delete, Some(id)) => self.ask(Question::Delete(id)),
            _ => {}
        }
    }

    fn save_draft(&mut self) {
        let Some(OpenPage::Destination(draft)) = self.pages.last_mut() else {
            return;
        };
        let address = match draft.address() {
            Ok(address) => address,
            Err(_) if draft.server.expose().trim().is_empty() => {
                draft.trouble = Some(words::SERVER_MISSING.to_owned());
                return;
            }
            Err(error) => {
                draft.trouble = Some(format!("{error}."));
                return;
            }
        };
        let draft = draft.clone();
        match draft.id {
            Some(id) => self.replace(id, &draft, address),
            None => self.add(&draft.name, draft.is_active, address),
        }
        self.leave_page();
    }

    fn add(&mut self, name: &str, is_active: bool, address: Address) {
        if self.destinations.len() >= MAX_DESTINATIONS {
            return self.ask(Question::told(words::FULL_TITLE, words::FULL_TEXT));
        }
        let id = Id::unused(&self.destinations);
        self.destinations.push(Destination {
            id,
            name: name_for(name, &address),
            shown: address.shown(),
            is_active,
            address: None,
        });
        self.keep(id, address);
    }

    fn replace(&mut self, id: Id, draft: &Draft, address: Address) {
        if let Some(one) = self.destinations.iter_mut().find(|one| one.id == id) {
            one.name = name_for(&draft.name, &address);
            one.shown = address.shown();
            one.is_active = draft.is_active;
            self.keep(id, address);
        }
    }

    /// Saves an address: the secret part in the Keychain, the rest with the settings.
    fn keep(&mut self, id: Id, address: Address) {
        self.effect(Effect::SaveKey(id, address.write()));
        if let Some(one) = self.destinations.iter_mut().find(|one| one.id == id) {
            one.address = Some(address);
        }
        self.save();
    }

    fn delete(&mut self, id: Id) {
        self.destinations.retain(|one| one.id != id);
        self.effect(Effect::ForgetKey(id));
        self.save();
        self.leave_page();
    }
}

impl Settings {
    fn pick(&mut self, id: RowId, index: usize) {
        match id {
            RowId::Size => put(&mut self.definition, &Definition::ALL, index),
            RowId::FrameRate => put(&mut self.frame_rate, &FRAME_RATES, index),
            RowId::Stabilisation => put(&mut self.stabilisation, &Self::STABILISATIONS, index),
            RowId::Camera => put(&mut self.camera, &[Position::Back, Position::Front], index),
            _ => {}
        }
    }
}

fn put<T: Copy>(field: &mut T, options: &[T], index: usize) {
    if let Some(option) = options.get(index) {
        *field = *option;
    }
}

fn change_draft(draft: &mut Draft, id: RowId, change: Change) {
    match (id, change) {
        (RowId::Name, Change::Text(name)) => draft.name = tidy(name.expose()),
        (RowId::Server, Change::Text(server)) => draft.type_server(server),
        (RowId::Key, Change::Text(key)) => draft.key = key,
        (RowId::Active, Change::Switch(is_on)) => draft.is_active = is_on,
        _ => {}
    }
}

/// A destination without a name is named after its server.
fn name_for(name: &str, address: &Address) -> String {
    let name = tidy(name);
    if name.is_empty() {
        address.address().host().to_owned()
    } else {
        name
    }
}
