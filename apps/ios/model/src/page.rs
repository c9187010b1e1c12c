use crate::draft::Draft;

/// A page of the sheet, and what was typed into it so far.
#[derive(Clone, Debug)]
pub(crate) enum OpenPage {
    /// The settings.
    Settings,
    /// A destination.
    Destination(Draft),
    /// The scanner, and why the code it saw was of no use.
    Scanner(Option<String>),
}
