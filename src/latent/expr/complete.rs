//! Names and functions that fit what is being typed, and the name that was probably meant.

use std::ops::Range;

use super::lexer::{ZERO, closing, goes_on, starts_word};
use super::{Function, quoted};

/// Most completions that are offered.
const MAX_OFFERS: usize = 12;

/// The one of `names` that is nearest to `word`, if it is near enough to be a slip of the finger.
pub(crate) fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Longer words are nobody's slip, and comparing takes the product of both lengths.
    const LONGEST: usize = 100;
    let length = word.chars().take(LONGEST + 1).count();
    if length > LONGEST {
        return None;
    }
    let lower = word.to_lowercase();
    let allowed = (length / 3).clamp(1, 3);
    let near = |name: &&'a str| {
        let name_length = name.chars().take(LONGEST + allowed + 1).count();
        if name_length.abs_diff(length) > allowed {
            return None;
        }
        let other = name.to_lowercase();
        let distance = strsim::osa_distance(&lower, &other);
        // Another single letter is another name, not a misspelt one.
        (distance <= allowed && distance < length.max(name_length)).then_some(distance)
    };
    let found = names.into_iter().filter_map(|name| near(&name).map(|distance| (distance, name)));
    found.min().map(|(_, name)| name)
}

/// What could stand at the cursor, `cursor` bytes into `text`: the part of the text to replace, and
/// what to put there, the likeliest first. Names come quoted where they need it, functions with
/// their opening bracket.
pub fn completions(text: &str, cursor: usize, names: &[&str]) -> (Range<usize>, Vec<String>) {
    let cursor = text.floor_char_boundary(cursor);
    let start = word_start(&text[..cursor]);
    let typed = &text[start..cursor];
    let quote = typed.chars().next().filter(|c| closing(*c).is_some());
    let word = quote.map_or(typed, |c| &typed[c.len_utf8()..]).to_lowercase();
    let mut end = cursor;
    let close = quote.and_then(closing);
    // The rest of the word goes with it; of a quoted name, only the quote that follows at once.
    match close {
        Some(close) if text[cursor..].starts_with(close) => end += close.len_utf8(),
        Some(_) => {}
        None => end += text[cursor..].find(|c| !goes_on(c)).unwrap_or(text.len() - cursor),
    }
    let mut offers: Vec<(u8, usize, String)> = Vec::new();
    for (i, name) in names.iter().enumerate() {
        let lower = name.to_lowercase();
        if lower.starts_with(&word) {
            offers.push((0, i, quoted(name).into_owned()));
        } else if !word.is_empty() && lower.contains(&word) {
            offers.push((2, i, quoted(name).into_owned()));
        }
    }
    if quote.is_none() {
        let functions = Function::ALL.map(|function| format!("{}(", function.name()));
        for (i, written) in functions.into_iter().chain([ZERO.to_owned()]).enumerate() {
            if written.starts_with(&word) && !word.is_empty() {
                offers.push((1, i, written));
            }
        }
    }
    offers.sort();
    // What is there already needs no offer.
    offers.retain(|(_, _, offer)| *offer != text[start..end]);
    offers.truncate(MAX_OFFERS);
    (start..end, offers.into_iter().map(|(_, _, offer)| offer).collect())
}

/// Where the word begins that ends with `text`: at an open quote, or at the first letter of a name.
fn word_start(text: &str) -> usize {
    let mut open: Option<(usize, Option<char>)> = None;
    let mut chars = text.char_indices();
    while let Some((i, c)) = chars.next() {
        match open {
            Some((_, close)) if Some(c) == close => open = None,
            Some(_) if c == '\\' => {
                chars.next();
            }
            Some(_) => {}
            None if closing(c).is_some() => open = Some((i, closing(c))),
            None => {}
        }
    }
    if let Some((start, _)) = open {
        return start;
    }
    let start = text.char_indices().rev().take_while(|(_, c)| goes_on(*c)).last();
    match start {
        // `2x` is no beginning of a name.
        Some((i, c)) if starts_word(c) => i,
        _ => text.len(),
    }
}
