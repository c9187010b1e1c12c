use std::ptr::NonNull;

use block2::RcBlock;
use objc2::rc::Retained;
use objc2_foundation::NSString;
use objc2_ui_kit::{
    UIAlertAction, UIAlertActionStyle, UIAlertController, UIAlertControllerStyle, UIViewController,
};
use onair_ios_model::{Alert, Choice, Input, Role};

use crate::app::{inbox, ui};

/// The question in front of everything, if there is one.
#[derive(Default)]
pub(crate) struct Alerts {
    shown: Option<Retained<UIAlertController>>,
}

impl Alerts {
    /// Asks `alert` from now on, or nothing; [`present`](Self::present) brings it to the screen.
    pub(crate) fn render(&mut self, alert: Option<&Alert>) {
        let next = alert.map(build);
        let old = std::mem::replace(&mut self.shown, next);
        // An alert that the user answered is already gone.
        if let Some(old) = old.filter(|old| old.presentingViewController().is_some()) {
            old.dismissViewControllerAnimated_completion(true, None);
        }
    }

    /// Presents the alert from the controller in front; true once that is done.
    pub(crate) fn present(&self, front: &UIViewController) -> bool {
        self.shown
            .as_ref()
            .is_none_or(|alert| super::present(front, alert))
    }
}

fn build(alert: &Alert) -> Retained<UIAlertController> {
    let (title, text) = (
        NSString::from_str(&alert.title),
        NSString::from_str(&alert.text),
    );
    let controller = UIAlertController::alertControllerWithTitle_message_preferredStyle(
        Some(&title),
        Some(&text),
        UIAlertControllerStyle::Alert,
        ui::main_thread(),
    );
    for choice in &alert.choices {
        controller.addAction(&action(choice));
    }
    controller
}

fn action(choice: &Choice) -> Retained<UIAlertAction> {
    let style = match choice.role {
        Role::Plain => UIAlertActionStyle::Default,
        Role::Cancel => UIAlertActionStyle::Cancel,
        Role::Destructive => UIAlertActionStyle::Destructive,
    };
    let answer = choice.answer;
    let taken = RcBlock::new(move |_: NonNull<UIAlertAction>| {
        inbox::send(Input::Answer(answer));
    });
    let label = NSString::from_str(&choice.label);
    UIAlertAction::actionWithTitle_style_handler(
        Some(&label),
        style,
        Some(&taken),
        ui::main_thread(),
    )
}
