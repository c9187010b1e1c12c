use std::cell::RefCell;

use objc2::rc::Retained;
use objc2::{DefinedClass, MainThreadMarker, MainThreadOnly, define_class, msg_send};
use objc2_foundation::{NSIndexPath, NSInteger, NSObjectProtocol, NSString};
use objc2_ui_kit::{
    NSIndexPathUIKitAdditions, UIScrollViewDelegate, UIScrollViewKeyboardDismissMode, UITableView,
    UITableViewCell, UITableViewController, UITableViewDataSource, UITableViewDelegate,
    UITableViewStyle,
};
use onair_ios_model::{Change, Form, Input, Row, Section};

use super::row::Cell;
use crate::app::{inbox, ui};

/// A form's state. All of its cells are kept: they are few, and a field being edited must not go
/// away.
#[derive(Default)]
pub(crate) struct Ivars {
    form: RefCell<Option<Form>>,
    cells: RefCell<Vec<Vec<Cell>>>,
}

define_class!(
    // SAFETY: UITableViewController may be subclassed, and there is no Drop.
    #[unsafe(super(UITableViewController))]
    #[thread_kind = MainThreadOnly]
    #[name = "OnairForm"]
    #[ivars = Ivars]
    pub(crate) struct FormPage;

    // SAFETY: UITableViewController conforms to it.
    unsafe impl NSObjectProtocol for FormPage {}

    // SAFETY: UITableViewController conforms to it.
    unsafe impl UIScrollViewDelegate for FormPage {}

    // SAFETY: the methods have the protocol's signatures.
    unsafe impl UITableViewDataSource for FormPage {
        #[unsafe(method(numberOfSectionsInTableView:))]
        fn sections(&self, _table: &UITableView) -> NSInteger {
            count(self.ivars().cells.borrow().len())
        }

        #[unsafe(method(tableView:numberOfRowsInSection:))]
        fn rows(&self, _table: &UITableView, section: NSInteger) -> NSInteger {
            let cells = self.ivars().cells.borrow();
            count(cells.get(index(section)).map_or(0, Vec::len))
        }

        #[unsafe(method_id(tableView:cellForRowAtIndexPath:))]
        fn cell(&self, _table: &UITableView, path: &NSIndexPath) -> Retained<UITableViewCell> {
            self.cell_at(path)
        }

        #[unsafe(method_id(tableView:titleForHeaderInSection:))]
        fn header(&self, _table: &UITableView, section: NSInteger) -> Option<Retained<NSString>> {
            self.text_of(section, |section| section.header.as_deref())
        }

        #[unsafe(method_id(tableView:titleForFooterInSection:))]
        fn footer(&self, _table: &UITableView, section: NSInteger) -> Option<Retained<NSString>> {
            self.text_of(section, |section| section.footer.as_deref())
        }
    }

    // SAFETY: the method has the protocol's signature.
    unsafe impl UITableViewDelegate for FormPage {
        #[unsafe(method(tableView:didSelectRowAtIndexPath:))]
        fn did_select(&self, table: &UITableView, path: &NSIndexPath) {
            table.deselectRowAtIndexPath_animated(path, true);
            self.tap(path);
        }
    }
);

impl FormPage {
    pub(crate) fn new(mtm: MainThreadMarker) -> Retained<Self> {
        let this = Self::alloc(mtm).set_ivars(Ivars::default());
        let style = UITableViewStyle::InsetGrouped;
        // SAFETY: UITableViewController's designated initialiser takes a style.
        let this: Retained<Self> = unsafe { msg_send![super(this), initWithStyle: style] };
        if let Some(table) = this.tableView() {
            table.setKeyboardDismissMode(UIScrollViewKeyboardDismissMode::Interactive);
        }
        this
    }

    /// Shows `form`, in the existing cells if it has the same rows.
    pub(crate) fn render(&self, form: &Form) {
        let before = self.ivars().form.replace(Some(form.clone()));
        self.setTitle(Some(&NSString::from_str(&form.title)));
        if !before.is_some_and(|before| is_alike(&before, form)) {
            let cells = form.sections.iter().map(build).collect();
            self.ivars().cells.replace(cells);
            if let Some(table) = self.tableView() {
                table.reloadData();
            }
        }
        let cells = self.ivars().cells.borrow();
        let rows = form.sections.iter().flat_map(|section| &section.rows);
        for (cell, row) in cells.iter().flatten().zip(rows) {
            cell.render(row);
        }
    }

    fn cell_at(&self, path: &NSIndexPath) -> Retained<UITableViewCell> {
        let cells = self.ivars().cells.borrow();
        let section = cells.get(index(path.section()));
        let cell = section.and_then(|section| section.get(index(path.row())));
        cell.map_or_else(|| UITableViewCell::new(ui::main_thread()), Cell::view)
    }

    fn text_of(
        &self,
        section: NSInteger,
        text: impl Fn(&Section) -> Option<&str>,
    ) -> Option<Retained<NSString>> {
        let form = self.ivars().form.borrow();
        let section = form.as_ref()?.sections.get(index(section))?;
        text(section).map(NSString::from_str)
    }

    fn tap(&self, path: &NSIndexPath) {
        let form = self.ivars().form.borrow();
        let section = form
            .as_ref()
            .and_then(|form| form.sections.get(index(path.section())));
        let row = section.and_then(|section| section.rows.get(index(path.row())));
        let id = row.filter(|row| row.is_enabled).map(|row| row.id);
        drop(form);
        if let Some(id) = id {
            ui::end_typing();
            inbox::send(Input::Row(id, Change::Tap));
        }
    }
}

/// Whether the same cells can show both, with the same words around them.
fn is_alike(before: &Form, form: &Form) -> bool {
    let around = |form: &Form| -> Vec<_> {
        let sections = form.sections.iter();
        sections
            .map(|section| (section.header.clone(), section.footer.clone()))
            .collect()
    };
    let rows = |form: &Form| -> Vec<_> {
        let sections = form.sections.iter().map(|section| &section.rows);
        sections
            .map(|rows| rows.iter().map(shape).collect::<Vec<_>>())
            .collect()
    };
    around(before) == around(form) && rows(before) == rows(form)
}

fn shape(row: &Row) -> impl PartialEq + use<> {
    (row.id, std::mem::discriminant(&row.kind))
}

fn build(section: &Section) -> Vec<Cell> {
    section.rows.iter().map(Cell::new).collect()
}

fn count(count: usize) -> NSInteger {
    NSInteger::try_from(count).unwrap_or(NSInteger::MAX)
}

/// UIKit gives no negative index; an invalid one finds nothing.
fn index(index: NSInteger) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}
