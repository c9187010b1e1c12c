//! A few rows at the bottom of a terminal that keep changing.

use std::io::IsTerminal;

use terminal_size::{Width, terminal_size_of};
use unicode_width::UnicodeWidthStr;

/// The rows that are shown now.
#[derive(Debug, Default)]
pub(crate) struct Board {
    rows: Vec<String>,
}

impl Board {
    /// What to write so that `text` appears above the rows; `rows`, if given, replace them.
    pub(crate) fn draw(&mut self, text: &str, rows: Option<Vec<String>>) -> String {
        self.draw_at(columns(), text, rows)
    }

    fn draw_at(&mut self, columns: usize, text: &str, rows: Option<Vec<String>>) -> String {
        let mut out = self.wipe(columns);
        out.push_str(text);
        self.rows = rows.unwrap_or_else(|| std::mem::take(&mut self.rows));
        out.push_str(&self.rows.join("\n"));
        out
    }

    /// Erases the rows. In a terminal that has become narrower each takes several lines.
    fn wipe(&self, columns: usize) -> String {
        let lines: usize = self
            .rows
            .iter()
            .map(|row| row.width().div_ceil(columns).max(1))
            .sum();
        match lines {
            0 => String::new(),
            1 => "\r\x1b[J".to_owned(),
            more => format!("\r\x1b[{}A\x1b[J", more - 1),
        }
    }
}

/// The width of the terminal; without one, unlimited.
pub(crate) fn columns() -> usize {
    match terminal_size_of(std::io::stderr()) {
        Some((Width(columns), _)) if columns > 0 => usize::from(columns),
        _ if std::io::stderr().is_terminal() => 80,
        _ => usize::MAX,
    }
}

/// Words of a row; the least important give way when there is no room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) text: String,
    /// The highest is left out first; 0 stays.
    pub(crate) rank: u8,
}

/// A row that fits: fields are separated by two spaces. What does not fit is left out, the highest
/// rank first, and in the end cut off.
pub(crate) fn fit(mut fields: Vec<Field>, columns: usize) -> String {
    // The last column stays free: writing it makes some terminals begin the next line.
    let room = columns.saturating_sub(1);
    while width(&fields) > room {
        let Some((last, _)) = fields
            .iter()
            .enumerate()
            .filter(|(_, field)| field.rank > 0)
            .max_by_key(|(_, field)| field.rank)
        else {
            break;
        };
        fields.remove(last);
    }
    let texts: Vec<_> = fields.into_iter().map(|field| field.text).collect();
    cut(texts.join("  "), room)
}

/// As much as fits into `columns`, with an ellipsis where something is left out.
pub(crate) fn shorten(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    cut(text.to_owned(), columns.saturating_sub(1)) + "…"
}

fn width(fields: &[Field]) -> usize {
    let texts: usize = fields.iter().map(|field| field.text.width()).sum();
    texts + 2 * fields.len().saturating_sub(1)
}

fn cut(mut text: String, room: usize) -> String {
    while text.width() > room {
        text.pop();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> Vec<Field> {
        [
            ("0:00:12", 0),
            ("rtmp://東京/live", 2),
            ("30 fps", 1),
            ("ok", 0),
        ]
        .map(|(text, rank)| Field {
            text: text.to_owned(),
            rank,
        })
        .to_vec()
    }

    #[test]
    fn what_matters_least_gives_way_first() {
        for (columns, row) in [
            (80, "0:00:12  rtmp://東京/live  30 fps  ok"),
            (38, "0:00:12  rtmp://東京/live  30 fps  ok"),
            (37, "0:00:12  30 fps  ok"),
            (20, "0:00:12  30 fps  ok"),
            (19, "0:00:12  ok"),
            (9, "0:00:12"),
            (0, ""),
        ] {
            assert_eq!(fit(fields(), columns).trim_end(), row, "{columns}");
        }
    }

    #[test]
    fn a_long_name_is_shortened_to_its_columns() {
        assert_eq!(shorten("東京ライブ", 10), "東京ライブ");
        assert_eq!(shorten("東京ライブ", 6), "東京…");
        assert_eq!(shorten("live/cam", 5), "live…");
    }

    #[test]
    fn rows_are_wiped_whatever_the_terminal_has_made_of_them() {
        let mut board = Board::default();
        let two = vec!["a".repeat(79), "b".to_owned()];
        assert_eq!(board.draw_at(80, "hello\n", None), "hello\n");
        let shown = board.draw_at(80, "", Some(two.clone()));
        assert_eq!(shown, two.join("\n"));
        let above = board.draw_at(80, "hello\n", None);
        assert_eq!(above, format!("\r\x1b[1A\x1b[Jhello\n{}", two.join("\n")));
        // In 40 columns the first takes two lines.
        assert_eq!(board.draw_at(40, "", Some(Vec::new())), "\r\x1b[2A\x1b[J");
        assert_eq!(board.draw_at(40, "bye\n", None), "bye\n");
    }
}
