//! The pages of the sheet, as rows.

use onair::Secret;
use onair::av::device::Position;

use crate::draft::Draft;
use crate::page::OpenPage;
use crate::screen::{Form, Page, Row, RowId, RowKind, Section, Typing};
use crate::settings::FRAME_RATES;
use crate::{App, Definition, Settings, words};

/// The content of a page.
pub(crate) fn page(app: &App, open: &OpenPage) -> Page {
    match open {
        OpenPage::Settings => Page::Form(settings(app)),
        OpenPage::Destination(draft) => Page::Form(destination(draft)),
        OpenPage::Scanner(trouble) => Page::Scanner {
            title: words::SCANNER.to_owned(),
            text: trouble
                .clone()
                .unwrap_or_else(|| words::SCANNER_TEXT.to_owned()),
        },
    }
}

fn settings(app: &App) -> Form {
    let mut form = Form {
        title: words::SETTINGS.to_owned(),
        sections: vec![
            destinations(app),
            picture(&app.settings),
            recording(&app.settings),
        ],
    };
    if app.air.is_some() {
        freeze(&mut form);
    }
    form
}

/// On air, rows show the settings, and why they cannot be changed.
fn freeze(form: &mut Form) {
    for section in &mut form.sections {
        for row in &mut section.rows {
            row.is_enabled = false;
        }
    }
    if let Some(first) = form.sections.first_mut() {
        first.footer = Some(words::ON_AIR_FOOTER.to_owned());
    }
}

fn destinations(app: &App) -> Section {
    let list = app.destinations.iter().map(|one| {
        let missing = || words::KEY_MISSING.to_owned();
        let detail = one
            .address
            .as_ref()
            .map_or_else(missing, |_| one.shown.clone());
        let kind = RowKind::Switch {
            is_on: one.is_active,
            detail: Some(detail),
        };
        row(
            RowId::Destination(one.id),
            &one.name,
            kind,
            words::HINT_OPENS,
        )
    });
    let mut rows: Vec<_> = list.collect();
    rows.push(button(RowId::AddDestination, words::ADD_DESTINATION));
    rows.push(button(RowId::Scan, words::SCAN_CODE));
    Section {
        header: Some(words::DESTINATIONS.to_owned()),
        rows,
        footer: Some(words::DESTINATIONS_FOOTER.to_owned()),
    }
}

fn picture(settings: &Settings) -> Section {
    let sizes = Definition::ALL.map(Definition::name);
    let rates = FRAME_RATES.map(|rate| rate.to_string());
    let rate = position(&FRAME_RATES, settings.frame_rate);
    let steady = position(&Settings::STABILISATIONS, settings.stabilisation);
    let camera = position(&[Position::Back, Position::Front], settings.camera);
    Section {
        header: Some(words::PICTURE.to_owned()),
        rows: vec![
            pick(
                RowId::Size,
                words::SIZE,
                &sizes,
                settings.definition.index(),
            ),
            pick(RowId::FrameRate, words::FRAME_RATE, &rates, rate),
            bitrate(settings),
            pick(
                RowId::Stabilisation,
                words::STABILISATION,
                &words::STABILISATIONS,
                steady,
            ),
            pick(RowId::Camera, words::CAMERA, &words::CAMERAS, camera),
        ],
        footer: Some(words::PICTURE_FOOTER.to_owned()),
    }
}

fn bitrate(settings: &Settings) -> Row {
    let chosen = settings
        .bitrate
        .map(|bitrate| bitrate.as_kbps().to_string());
    let kind = RowKind::Text {
        value: Secret::from(chosen.unwrap_or_default()),
        placeholder: words::auto_bitrate(settings.asked_bitrate().as_kbps()),
        typing: Typing::Number,
    };
    row(RowId::Bitrate, words::BITRATE, kind, words::BITRATE_HINT)
}

fn recording(settings: &Settings) -> Section {
    Section {
        header: Some(words::RECORDING.to_owned()),
        rows: vec![switch(RowId::Record, words::RECORD, settings.records)],
        footer: None,
    }
}

fn destination(draft: &Draft) -> Form {
    let is_new = draft.id.is_none();
    let title = if is_new {
        words::NEW_DESTINATION
    } else {
        &draft.name
    };
    let mut sections = vec![address(draft), name(draft)];
    let mut last = vec![button(RowId::Save, words::SAVE)];
    if is_new {
        last.insert(0, button(RowId::Scan, words::SCAN_CODE));
    } else {
        last.push(delete());
    }
    sections.push(Section {
        rows: last,
        footer: draft.trouble.clone(),
        ..Section::default()
    });
    Form {
        title: title.to_owned(),
        sections,
    }
}

fn address(draft: &Draft) -> Section {
    let saved = draft.kept_key.as_ref().map(|_| words::KEY_SAVED);
    let key = saved.unwrap_or(words::KEY_PLACEHOLDER);
    let server = text(&draft.server, words::SERVER_PLACEHOLDER, Typing::Url);
    Section {
        header: None,
        rows: vec![
            row(RowId::Server, words::SERVER, server, ""),
            row(
                RowId::Key,
                words::KEY,
                text(&draft.key, key, Typing::Secret),
                "",
            ),
        ],
        footer: Some(words::ADDRESS_FOOTER.to_owned()),
    }
}

fn name(draft: &Draft) -> Section {
    let name = Secret::from(draft.name.as_str());
    let kind = text(&name, words::NAME_PLACEHOLDER, Typing::Words);
    Section {
        rows: vec![
            row(RowId::Name, words::NAME, kind, ""),
            switch(RowId::Active, words::ACTIVE, draft.is_active),
        ],
        ..Section::default()
    }
}

fn delete() -> Row {
    let kind = RowKind::Button {
        is_destructive: true,
    };
    row(RowId::Delete, words::DELETE, kind, "")
}

fn button(id: RowId, title: &str) -> Row {
    let kind = RowKind::Button {
        is_destructive: false,
    };
    row(id, title, kind, "")
}

fn switch(id: RowId, title: &str, is_on: bool) -> Row {
    let kind = RowKind::Switch {
        is_on,
        detail: None,
    };
    row(id, title, kind, "")
}

fn pick(id: RowId, title: &str, options: &[impl ToString], selected: usize) -> Row {
    let options = options.iter().map(ToString::to_string).collect();
    let kind = RowKind::Pick { options, selected };
    row(id, title, kind, words::HINT_PICK)
}

fn text(value: &Secret, placeholder: &str, typing: Typing) -> RowKind {
    RowKind::Text {
        value: value.clone(),
        placeholder: placeholder.to_owned(),
        typing,
    }
}

fn row(id: RowId, title: &str, kind: RowKind, hint: &str) -> Row {
    Row {
        id,
        title: title.to_owned(),
        kind,
        is_enabled: true,
        hint: hint.to_owned(),
    }
}

fn position<T: PartialEq>(options: &[T], value: T) -> usize {
    let found = options.iter().position(|option| *option == value);
    found.unwrap_or_default()
}
