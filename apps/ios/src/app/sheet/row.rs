use objc2::MainThreadMarker;
use objc2::rc::Retained;
use objc2_foundation::{NSArray, NSString};
use objc2_ui_kit::{
    UIAction, UIButton, UIButtonType, UIColor, UIContentSizeCategoryAdjusting, UIControlEvents,
    UIControlState, UIFont, UIFontTextStyleBody, UIFontTextStyleFootnote, UIKeyboardType, UILabel,
    UILayoutConstraintAxis, UIMenu, UIMenuElementState, UIStackView, UISwitch, UITableViewCell,
    UITableViewCellSelectionStyle, UITextAutocapitalizationType, UITextAutocorrectionType,
    UITextField, UITextFieldViewMode, UITextInputTraits, UITextSpellCheckingType,
};
use onair::Secret;
use onair_ios_model::{Change, Input, Row, RowId, RowKind, Typing, Voice};

use crate::app::{inbox, ui};

/// A row of a form: a title, perhaps with a second line or a field below it, perhaps with something
/// beside it.
pub(crate) struct Cell {
    view: Retained<UITableViewCell>,
    title: Retained<UILabel>,
    part: Part,
}

/// What a row has besides its title.
enum Part {
    Switch {
        switch: Retained<UISwitch>,
        detail: Retained<UILabel>,
    },
    Pick(Retained<UIButton>),
    Text(Retained<UITextField>),
    Button,
}

impl Cell {
    /// A cell for rows of this shape; [`render`](Self::render) fills it.
    pub(crate) fn new(row: &Row) -> Self {
        let mtm = ui::main_thread();
        // SAFETY: a constant of UIKit, there since iOS 7.
        let title = ui::label(unsafe { UIFontTextStyleBody }, mtm);
        let view = UITableViewCell::new(mtm);
        let lines = UIStackView::new(mtm);
        lines.setAxis(UILayoutConstraintAxis::Vertical);
        lines.setSpacing(2.0);
        lines.addArrangedSubview(&title);
        let part = Part::new(row, &view, &lines, mtm);
        lay_out(&view, &lines);
        Self { view, title, part }
    }

    pub(crate) fn view(&self) -> Retained<UITableViewCell> {
        self.view.clone()
    }

    pub(crate) fn render(&self, row: &Row) {
        ui::write(&self.title, &row.title);
        self.view.setUserInteractionEnabled(row.is_enabled);
        self.title.setAlpha(if row.is_enabled { 1.0 } else { 0.5 });
        let voice = Voice {
            label: row.title.clone(),
            hint: row.hint.clone(),
            value: String::new(),
        };
        match (&self.part, &row.kind) {
            (
                Part::Switch { switch, detail },
                RowKind::Switch {
                    is_on,
                    detail: text,
                },
            ) => {
                switch.setOn_animated(*is_on, false);
                ui::write(detail, text.as_deref().unwrap_or_default());
                detail.setHidden(text.is_none());
                self.render_lead(text.is_some());
                ui::speak_of_control(switch, &voice);
            }
            (Part::Pick(button), RowKind::Pick { options, selected }) => {
                render_pick(button, row.id, options, *selected);
                let value = options.get(*selected).cloned().unwrap_or_default();
                ui::speak(button, &Voice { value, ..voice });
            }
            (
                Part::Text(field),
                RowKind::Text {
                    value, placeholder, ..
                },
            ) => {
                render_text(field, value.expose(), placeholder);
                ui::speak_of_control(field, &voice);
            }
            (Part::Button, RowKind::Button { is_destructive }) => {
                self.render_button(*is_destructive)
            }
            _ => {}
        }
    }

    /// A row that leads to a page can be selected, and shows that.
    fn render_lead(&self, leads: bool) {
        self.view.setSelectionStyle(if leads {
            UITableViewCellSelectionStyle::Default
        } else {
            UITableViewCellSelectionStyle::None
        });
    }

    fn render_button(&self, is_destructive: bool) {
        let colour = if is_destructive {
            UIColor::systemRedColor()
        } else {
            UIColor::tintColor()
        };
        ui::colour_text(&self.title, &colour);
    }
}

impl Part {
    fn new(row: &Row, cell: &UITableViewCell, lines: &UIStackView, mtm: MainThreadMarker) -> Self {
        match &row.kind {
            RowKind::Switch { .. } => {
                let (switch, detail) = (switch(row.id, mtm), detail(mtm));
                lines.addArrangedSubview(&detail);
                cell.setAccessoryView(Some(&switch));
                Self::Switch { switch, detail }
            }
            RowKind::Pick { .. } => {
                let button = UIButton::buttonWithType(UIButtonType::System, mtm);
                button.setShowsMenuAsPrimaryAction(true);
                cell.setAccessoryView(Some(&button));
                cell.setSelectionStyle(UITableViewCellSelectionStyle::None);
                Self::Pick(button)
            }
            RowKind::Text { typing, .. } => {
                let field = field(row.id, *typing, mtm);
                lines.addArrangedSubview(&field);
                cell.setSelectionStyle(UITableViewCellSelectionStyle::None);
                Self::Text(field)
            }
            RowKind::Button { .. } => Self::Button,
        }
    }
}

fn lay_out(cell: &UITableViewCell, lines: &UIStackView) {
    let content = cell.contentView();
    let margins = content.layoutMarginsGuide();
    ui::add(&content, lines);
    ui::activate(&[
        lines
            .leadingAnchor()
            .constraintEqualToAnchor(&margins.leadingAnchor()),
        lines
            .trailingAnchor()
            .constraintEqualToAnchor(&margins.trailingAnchor()),
        lines
            .topAnchor()
            .constraintEqualToAnchor(&margins.topAnchor()),
        lines
            .bottomAnchor()
            .constraintEqualToAnchor(&margins.bottomAnchor()),
    ]);
}

fn detail(mtm: MainThreadMarker) -> Retained<UILabel> {
    // SAFETY: a constant of UIKit, there since iOS 7.
    let detail = ui::label(unsafe { UIFontTextStyleFootnote }, mtm);
    ui::colour_text(&detail, &UIColor::secondaryLabelColor());
    detail
}

fn switch(id: RowId, mtm: MainThreadMarker) -> Retained<UISwitch> {
    let switch = UISwitch::new(mtm);
    ui::on(&switch, UIControlEvents::ValueChanged, move |action| {
        if let Some(switch) = sender::<UISwitch>(action) {
            inbox::send(Input::Row(id, Change::Switch(switch.isOn())));
        }
    });
    switch
}

fn field(id: RowId, typing: Typing, mtm: MainThreadMarker) -> Retained<UITextField> {
    let field = UITextField::new(mtm);
    // SAFETY: a constant of UIKit, there since iOS 7.
    let font = UIFont::preferredFontForTextStyle(unsafe { UIFontTextStyleBody });
    field.setFont(Some(&font));
    field.setAdjustsFontForContentSizeCategory(true);
    field.setClearButtonMode(UITextFieldViewMode::WhileEditing);
    if typing != Typing::Words {
        field.setAutocapitalizationType(UITextAutocapitalizationType::None);
        field.setAutocorrectionType(UITextAutocorrectionType::No);
        field.setSpellCheckingType(UITextSpellCheckingType::No);
    }
    field.setKeyboardType(match typing {
        Typing::Url => UIKeyboardType::URL,
        Typing::Number => UIKeyboardType::DecimalPad,
        Typing::Words | Typing::Secret => UIKeyboardType::Default,
    });
    field.setSecureTextEntry(typing == Typing::Secret);
    ui::on(&field, UIControlEvents::EditingDidEnd, move |action| {
        if let Some(field) = sender::<UITextField>(action) {
            let text = field
                .text()
                .map(|text| text.to_string())
                .unwrap_or_default();
            inbox::send(Input::Row(id, Change::Text(Secret::from(text))));
        }
    });
    // Without a handler, the return key would leave the keyboard where it is.
    ui::on(&field, UIControlEvents::EditingDidEndOnExit, |_| ());
    field
}

fn render_text(field: &UITextField, value: &str, placeholder: &str) {
    field.setPlaceholder(Some(&NSString::from_str(placeholder)));
    let is_same = field.text().is_some_and(|text| text.to_string() == value);
    if !is_same && !field.isEditing() {
        field.setText(Some(&NSString::from_str(value)));
    }
}

fn render_pick(button: &UIButton, id: RowId, options: &[String], selected: usize) {
    let title = options
        .get(selected)
        .map(|option| NSString::from_str(option));
    button.setTitle_forState(title.as_deref(), UIControlState::Normal);
    let choices = options.iter().enumerate();
    let choices = choices.map(|(index, option)| choice(id, index, option, index == selected));
    let choices: Vec<_> = choices.map(Retained::into_super).collect();
    let menu = UIMenu::menuWithChildren(&NSArray::from_retained_slice(&choices), ui::main_thread());
    button.setMenu(Some(&menu));
    button.sizeToFit();
}

fn choice(id: RowId, index: usize, option: &str, is_selected: bool) -> Retained<UIAction> {
    let action = ui::action(move |_| inbox::send(Input::Row(id, Change::Pick(index))));
    action.setTitle(&NSString::from_str(option));
    action.setState(if is_selected {
        UIMenuElementState::On
    } else {
        UIMenuElementState::Off
    });
    action
}

/// What an action happened to.
fn sender<T: objc2::DowncastTarget>(action: &UIAction) -> Option<Retained<T>> {
    action.sender()?.downcast().ok()
}
