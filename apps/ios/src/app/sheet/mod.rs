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
    UIAdaptivePresentationControllerDelegate, UIBarButtonItem, UIBarButtonSystemItem,
    UINavigationController, UINavigationControllerDelegate, UIViewController,
};
use onair_ios_model::{Input, Page};

pub(crate) use alert::Alerts;
use form::FormPage;
use scanner::ScannerPage;

use crate::app::{inbox, ui};

/// Pages on top of each other, as in the app's state.
pub(crate) struct Sheet {
    navigation: Retained<UINavigationController>,
    pages: Vec<ShownPage>,
}

/// A page and its controller.
enum ShownPage {
    Form(Retained<FormPage>),
    Scanner(Retained<ScannerPage>),
}

/// What presents a sheet.
#[derive(Clone, Copy)]
pub(crate) struct Host<'a> {
    pub(crate) controller: &'a UIViewController,
    /// Is told which page is in front.
    pub(crate) pages: &'a ProtocolObject<dyn UINavigationControllerDelegate>,
    /// Is told that the user closed the sheet.
    pub(crate) presentation: &'a ProtocolObject<dyn UIAdaptivePresentationControllerDelegate>,
}

/// Presents `controller` from `front`, unless UIKit is busy; true once it is presented.
pub(crate) fn present(front: &UIViewController, controller: &UIViewController) -> bool {
    let is_presented = || controller.presentingViewController().is_some();
    if !is_presented() && front.presentedViewController().is_none() {
        front.presentViewController_animated_completion(controller, true, None);
    }
    is_presented()
}

impl Sheet {
    /// Shows `pages` from now on; [`present`](Self::present) brings them to the screen.
    pub(crate) fn render(host: Host<'_>, shown: &RefCell<Option<Self>>, pages: &[Page]) {
        if pages.is_empty() {
            if let Some(sheet) = shown.take() {
                sheet.dismiss();
            }
            return;
        }
        let mut shown = shown.borrow_mut();
        let is_there = shown.is_some();
        let sheet = shown.get_or_insert_with(|| Self::new(host));
        sheet.update(pages, is_there);
    }

    /// Presents the sheet; true once it is.
    pub(crate) fn present(&self, host: Host<'_>) -> bool {
        let is_presented = present(host.controller, &self.navigation);
        if let Some(presentation) = self.navigation.presentationController() {
            // SAFETY: kept weakly.
            unsafe { presentation.setDelegate(Some(host.presentation)) };
        }
        is_presented
    }

    /// Removes it with whatever it presents: asked itself, it would dismiss an alert in front of it
    /// and stay.
    fn dismiss(&self) {
        if let Some(presenting) = self.navigation.presentingViewController() {
            presenting.dismissViewControllerAnimated_completion(true, None);
        }
    }

    /// Presents alerts while there is a sheet.
    pub(crate) fn controller(&self) -> &UIViewController {
        &self.navigation
    }

    /// Notices if the user went back; true if so.
    pub(crate) fn forget_pages_left(&mut self) -> bool {
        let count = self.navigation.viewControllers().len();
        let was_left = count < self.pages.len();
        self.pages.truncate(count);
        was_left
    }

    fn new(host: Host<'_>) -> Self {
        let navigation = UINavigationController::new(host.controller.mtm());
        // SAFETY: kept weakly.
        unsafe { navigation.setDelegate(Some(host.pages)) };
        Self {
            navigation,
            pages: Vec::new(),
        }
    }

    fn update(&mut self, pages: &[Page], animated: bool) {
        let mtm = ui::main_thread();
        let before = self.pages.len();
        self.pages.truncate(pages.len());
        let mut is_other = before != pages.len();
        for (depth, page) in pages.iter().enumerate() {
            let is_shown = self
                .pages
                .get(depth)
                .is_some_and(|shown| shown.render(page));
            if !is_shown {
                is_other = true;
                self.pages.truncate(depth);
                self.pages.push(ShownPage::new(page, mtm));
            }
        }
        if is_other {
            self.arrange(animated, mtm);
        }
    }

    fn arrange(&self, animated: bool, mtm: MainThreadMarker) {
        let controllers: Vec<_> = self.pages.iter().map(ShownPage::controller).collect();
        if let Some(first) = controllers.first() {
            let done = ui::action(|_| {
                ui::end_typing();
                inbox::send(Input::Closed);
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

impl ShownPage {
    fn new(page: &Page, mtm: MainThreadMarker) -> Self {
        let shown = match page {
            Page::Form(_) => Self::Form(FormPage::new(mtm)),
            Page::Scanner { .. } => Self::Scanner(ScannerPage::new(mtm)),
        };
        shown.render(page);
        shown
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
