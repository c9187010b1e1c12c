//! The sheet over the picture: its pages, and the alerts in front of everything.

mod alert;
mod form;
mod row;
mod scanner;

use std::cell::RefCell;

use objc2::rc::Retained;
use objc2::runtime::ProtocolObject;
use objc2::{MainThreadMarker, MainThreadOnly};
use objc2_foundation::NSArray;
use objc2_ui_kit::{
    UIBarButtonItem, UIBarButtonSystemItem, UINavigationController, UIViewController,
};
use onair_ios_model::{Input, Page};

pub(crate) use alert::Alerts;
use form::FormPage;
use scanner::ScannerPage;

use crate::app::stage::Stage;
use crate::app::{driver, ui};

/// Pages on top of each other, as the app has them.
pub(crate) struct Sheet {
    navigation: Retained<UINavigationController>,
    leaves: Vec<Leaf>,
}

/// A page and its controller.
enum Leaf {
    Form(Retained<FormPage>),
    Scanner(Retained<ScannerPage>),
}

/// Presents `controller` from `front`, unless UIKit is busy with another; true once it is presented.
pub(crate) fn present(front: &UIViewController, controller: &UIViewController) -> bool {
    let is_presented = || controller.presentingViewController().is_some();
    if !is_presented() && front.presentedViewController().is_none() {
        front.presentViewController_animated_completion(controller, true, None);
    }
    is_presented()
}

impl Sheet {
    /// Shows `pages` from now on; [`settle`](Self::settle) brings them to the screen.
    pub(crate) fn render(stage: &Stage, slot: &RefCell<Option<Self>>, pages: &[Page]) {
        if pages.is_empty() {
            if let Some(sheet) = slot.take() {
                sheet.dismiss();
            }
            return;
        }
        let mut slot = slot.borrow_mut();
        let is_there = slot.is_some();
        let sheet = slot.get_or_insert_with(|| Self::new(stage));
        sheet.update(pages, is_there);
    }

    /// Presents the sheet; true once it is.
    pub(crate) fn settle(&self, stage: &Stage) -> bool {
        let is_presented = present(stage, &self.navigation);
        if let Some(presentation) = self.navigation.presentationController() {
            let delegate = ProtocolObject::from_ref(stage);
            // SAFETY: kept weakly.
            unsafe { presentation.setDelegate(Some(delegate)) };
        }
        is_presented
    }

    /// Takes it off the screen with whatever it presents: asked itself, it would dismiss an alert
    /// in front of it and stay.
    fn dismiss(&self) {
        if let Some(presenting) = self.navigation.presentingViewController() {
            presenting.dismissViewControllerAnimated_completion(true, None);
        }
    }

    /// Where an alert is presented from, while there is a sheet.
    pub(crate) fn controller(&self) -> &UIViewController {
        &self.navigation
    }

    /// Notices that the user went back; true if so.
    pub(crate) fn forget_pages_left(&mut self) -> bool {
        let count = self.navigation.viewControllers().len();
        let was_left = count < self.leaves.len();
        self.leaves.truncate(count);
        was_left
    }

    fn new(stage: &Stage) -> Self {
        let navigation = UINavigationController::new(stage.mtm());
        // SAFETY: kept weakly.
        unsafe { navigation.setDelegate(Some(ProtocolObject::from_ref(stage))) };
        Self {
            navigation,
            leaves: Vec::new(),
        }
    }

    fn update(&mut self, pages: &[Page], animated: bool) {
        let mtm = ui::main_thread();
        let before = self.leaves.len();
        self.leaves.truncate(pages.len());
        let mut is_other = before != pages.len();
        for (depth, page) in pages.iter().enumerate() {
            let is_shown = self.leaves.get(depth).is_some_and(|leaf| leaf.render(page));
            if !is_shown {
                is_other = true;
                self.leaves.truncate(depth);
                self.leaves.push(Leaf::new(page, mtm));
            }
        }
        if is_other {
            self.arrange(animated, mtm);
        }
    }

    fn arrange(&self, animated: bool, mtm: MainThreadMarker) {
        let controllers: Vec<_> = self.leaves.iter().map(Leaf::controller).collect();
        if let Some(first) = controllers.first() {
            let done = ui::action(|_| {
                ui::end_typing();
                driver::send(Input::Closed);
            });
            let item = UIBarButtonItem::initWithBarButtonSystemItem_primaryAction(
                UIBarButtonItem::alloc(mtm),
                UIBarButtonSystemItem::Done,
                Some(&done),
            );
            first.navigationItem().setLeftBarButtonItem(Some(&item));
        }
        let controllers = NSArray::from_retained_slice(&controllers);
        self.navigation
            .setViewControllers_animated(&controllers, animated);
    }
}

impl Leaf {
    fn new(page: &Page, mtm: MainThreadMarker) -> Self {
        let leaf = match page {
            Page::Form(_) => Self::Form(FormPage::new(mtm)),
            Page::Scanner { .. } => Self::Scanner(ScannerPage::new(mtm)),
        };
        leaf.render(page);
        leaf
    }

    /// Shows `page`, if it is of this kind.
    fn render(&self, page: &Page) -> bool {
        match (self, page) {
            (Self::Form(form), Page::Form(page)) => form.render(page),
            (Self::Scanner(scanner), Page::Scanner { title, text }) => scanner.render(title, text),
            _ => return false,
        }
        true
    }

    fn controller(&self) -> Retained<UIViewController> {
        match self {
            Self::Form(form) => form.clone().into_super().into_super(),
            Self::Scanner(scanner) => scanner.clone().into_super(),
        }
    }
}
