//! Writing to the terminal. A reader who has gone (`latentscape inspect … | head -1`) is no error.

use std::error::Error as _;
use std::io::{ErrorKind, Write};
use std::ops::Range;

use crate::error::{Error, Result};

/// Writes `text` to standard output and ends the line.
///
/// # Errors
/// [`Error::Io`] if it cannot be written, e.g. because it goes to a file on a full disk.
pub fn result(text: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "{}", text.trim_end()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::io("write", "<standard output>")(error))
        }
        _ => Ok(()),
    }
}

/// Writes a line to standard error. Where there is nobody to read it, it is lost.
pub fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// The error with its causes in one line; a cause that was already told is not told again.
pub fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

/// The part of `text` around `at`, and below it carets that point there.
pub fn pointed(text: &str, at: &Range<usize>) -> String {
    const SHOWN: usize = 60;
    let (start, end) = (text.floor_char_boundary(at.start), text.ceil_char_boundary(at.end));
    let before: Vec<char> = text[..start].chars().rev().take(SHOWN / 2).collect();
    let place: Vec<char> = text[start..end].chars().take(SHOWN).collect();
    let after = text[end..].chars().take(SHOWN / 2);
    let blank = |c: char| if c.is_control() { ' ' } else { c };
    let line: String = before.iter().rev().chain(&place).copied().chain(after).map(blank).collect();
    let (indent, carets) = (" ".repeat(before.len()), "^".repeat(place.len().max(1)));
    format!("  {}\n  {indent}{carets}", line.trim_end())
}

/// A whole number with commas between groups of three digits.
pub fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A size in bytes, kB, MB or GB.
pub fn size(bytes: u64) -> String {
    let bytes = bytes as f64;
    match bytes {
        b if b < 1e3 => format!("{b} bytes"),
        b if b < 1e6 => format!("{:.1} kB", b / 1e3),
        b if b < 1e9 => format!("{:.1} MB", b / 1e6),
        b => format!("{:.2} GB", b / 1e9),
    }
}

/// Rows of cells as lines: columns are as wide as their widest cell, and those from `right` on are
/// set flush right.
pub fn table(rows: &[Vec<String>], right: usize) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
            if column >= right { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let missing = std::io::Error::from(ErrorKind::NotFound);
        let text = chain(&Error::io("read", "faces.npy")(missing));
        assert_eq!(text, "could not read faces.npy: entity not found");
    }

    #[test]
    fn carets_stand_below_the_place() {
        assert_eq!(pointed("größe - ana", &(10..13)), "  größe - ana\n          ^^^");
        assert_eq!(pointed("G +", &(3..3)), "  G +\n     ^");
        let long = "x".repeat(1000);
        assert_eq!(pointed(&long, &(500..501)).lines().count(), 2);
        assert!(pointed(&long, &(0..1000)).len() < 200);
    }

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(number), text);
        }
        assert_eq!([size(999), size(3_810_000)], ["999 bytes", "3.8 MB"]);
    }

    #[test]
    fn columns_line_up() {
        let rows = [vec!["a".into(), "1".into()], vec!["long".into(), "12".into()]];
        assert_eq!(table(&rows, 1), "a      1\nlong  12");
    }
}
