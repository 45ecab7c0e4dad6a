//! From text to words: numbers, names, signs, each with its place.

use std::ops::Range;

use super::{Flaw, Function};

/// The name of the origin.
pub(super) const ZERO: &str = "zero";

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Number(f64),
    /// A word that stands free: a name, a function or `zero`.
    Word(String),
    /// A name in quotes.
    Quoted(String),
    Plus,
    Minus,
    Times,
    Over,
    Bar,
    Open,
    Close,
    Comma,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lexeme {
    pub token: Token,
    pub at: Range<usize>,
}

/// Whether a name can stand in a formula without quotes.
pub(super) fn is_plain(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(starts_word)
        && chars.all(goes_on)
        && name != ZERO
        && Function::called(name).is_none()
}

pub(super) fn starts_word(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

pub(super) fn goes_on(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The closing quote that belongs to an opening one.
pub(super) fn closing(open: char) -> Option<char> {
    match open {
        '"' | '\'' => Some(open),
        '“' | '”' | '„' => Some('”'),
        _ => None,
    }
}

/// All words of `text`.
pub(super) fn lex(text: &str) -> Result<Vec<Lexeme>, Flaw> {
    let mut lexemes = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let start = text.len() - rest.len();
        if c.is_whitespace() {
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let (token, length) = match c {
            '+' => (Token::Plus, c.len_utf8()),
            '-' | '−' | '–' => (Token::Minus, c.len_utf8()),
            '*' | '×' | '⊙' | '·' => (Token::Times, c.len_utf8()),
            '/' | '÷' => (Token::Over, c.len_utf8()),
            '|' => (Token::Bar, 1),
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            ',' => (Token::Comma, 1),
            '0'..='9' | '.' => number(rest, start)?,
            c if closing(c).is_some() => quoted(rest, start)?,
            c if starts_word(c) => {
                let length = rest.find(|c| !goes_on(c)).unwrap_or(rest.len());
                (Token::Word(rest[..length].to_owned()), length)
            }
            other => {
                let why = format!(
                    "\"{}\" means nothing in a formula; names that hold such signs stand in quotes",
                    other.escape_debug()
                );
                return Err(Flaw::new(start..start + other.len_utf8(), why));
            }
        };
        lexemes.push(Lexeme { token, at: start..start + length });
        rest = &rest[length..];
    }
    Ok(lexemes)
}

fn number(rest: &str, start: usize) -> Result<(Token, usize), Flaw> {
    let bytes = rest.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let mut length = digits(0);
    if bytes.get(length) == Some(&b'.') {
        length += 1 + digits(length + 1);
    }
    if matches!(bytes.get(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
        let exponent = digits(length + 1 + sign);
        if exponent > 0 {
            length += 1 + sign + exponent;
        }
    }
    let at = start..start + length;
    let value: f64 = rest[..length]
        .parse()
        .map_err(|_| Flaw::new(at.clone(), format!("\"{}\" is not a number", &rest[..length])))?;
    if rest[length..].chars().next().is_some_and(|c| goes_on(c) || c == '.') {
        let end = length
            + rest[length..].find(|c| !goes_on(c) && c != '.').unwrap_or(rest.len() - length);
        let why = format!(
            "\"{}\" is neither a number nor a name; names that begin with a digit stand in quotes, \
             and a product is written with *",
            shortened(&rest[..end])
        );
        return Err(Flaw::new(start..start + end, why));
    }
    // Latents are 32-bit numbers: what does not fit there could never meet one.
    if !(value as f32).is_finite() {
        return Err(Flaw::new(at, "this number is too large"));
    }
    Ok((Token::Number(value), length))
}

fn quoted(rest: &str, start: usize) -> Result<(Token, usize), Flaw> {
    let mut chars = rest.char_indices();
    let close = chars.next().and_then(|(_, open)| closing(open));
    let mut name = String::new();
    while let Some((i, c)) = chars.next() {
        if Some(c) == close {
            return Ok((Token::Quoted(name), i + c.len_utf8()));
        }
        match c {
            '\\' => name.extend(chars.next().map(|(_, c)| c)),
            _ => name.push(c),
        }
    }
    Err(Flaw::new(start..start + rest.len(), "this quote is never closed"))
}

/// The beginning of a word that may be very long.
pub(super) fn shortened(word: &str) -> String {
    let mut short: String = word.chars().take(32).collect();
    if short.len() < word.len() {
        short.push('…');
    }
    short
}
