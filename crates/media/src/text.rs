//! Words from strangers, made fit for a terminal, a log or a page.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// Whether a character shows as itself and does nothing else: no control character (C0, C1), no
/// format character (Unicode general category Cf: the marks of UAX #9 that turn the direction of
/// reading, and what has no width), no line or paragraph separator, no blank that passes for a letter.
pub fn is_printable(c: char) -> bool {
    use GeneralCategory as G;
    let is_blank = matches!(
        c,
        '\u{34F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{3164}' | '\u{FFA0}'
    );
    let acts = matches!(
        c.general_category(),
        G::Control | G::Format | G::LineSeparator | G::ParagraphSeparator | G::Surrogate
    );
    !acts && !is_blank
}

/// `words` on one line and at most `longest` characters long, not counting an ellipsis. White space
/// becomes a space, and what is not [printable](is_printable) becomes U+FFFD, so that one sees that
/// something was there.
pub fn clean(words: &str, longest: usize) -> String {
    let fit = |c: char| match c {
        c if c.is_whitespace() => ' ',
        c if !is_printable(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    let mut rest = words.trim().chars();
    let mut shown: String = rest.by_ref().take(longest).map(fit).collect();
    if rest.next().is_some() {
        shown.push('\u{2026}');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One character of each kind that moves a cursor, turns the direction of reading or hides.
    const ODD: &str = "\0\u{7}\u{1b}\u{7f}\u{9b}\u{ad}\u{61c}\u{180e}\u{200b}\u{200d}\u{200e}\u{200f}\
                       \u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2060}\u{2066}\u{2067}\u{2068}\u{2069}\
                       \u{206f}\u{feff}\u{fff9}\u{fffb}\u{e0001}\u{e0041}\u{34f}\u{3164}";

    #[test]
    fn nothing_acts_hides_or_turns_the_direction_of_reading() {
        for c in ODD.chars() {
            assert!(!is_printable(c), "{c:?}");
            assert_eq!(clean(&format!("a{c}b"), 9), "a\u{fffd}b");
        }
    }

    #[test]
    fn what_people_write_stays_as_it_is() {
        for words in [
            "OBS 31.0.2 (linux)",
            "Übertragung №5",
            "東京ライブ",
            "שידור חי",
            "🎥 live",
        ] {
            assert_eq!(clean(words, 80), words);
        }
    }

    #[test]
    fn words_are_one_line_of_a_bounded_length() {
        assert_eq!(clean(" a\r\nb\tc\u{2028}d ", 80), "a  b c d");
        assert_eq!(clean("ééé", 2), "éé…");
        assert_eq!(clean("éé ", 2), "éé");
    }
}
