use crate::draft::Draft;

/// A page of the sheet, and what was typed into it.
#[derive(Clone, Debug)]
pub(crate) enum OpenPage {
    /// The settings.
    Settings,
    /// A destination.
    Destination(Draft),
    /// The scanner, and why the code it saw is useless.
    Scanner(Option<String>),
}
