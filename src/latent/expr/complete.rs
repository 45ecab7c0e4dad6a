//! Names and functions that fit what is being typed, and the name that was probably meant.

use std::ops::Range;

use super::lexer::{ZERO, closing, goes_on, starts_word};
use super::{Function, quoted};

/// Most completions that are offered.
const MAX_OFFERS: usize = 12;

/// The one of `names` that is nearest to `word`, if it is near enough to be a slip of the finger; of two
/// that are as near the first in the alphabet. Each name comes with itself in small letters.
pub(crate) fn nearest<'a, F: AsRef<str>>(
    word: &str,
    names: impl IntoIterator<Item = (&'a str, F)>,
) -> Option<&'a str> {
    /// Longer words are nobody's slip, and comparing takes the product of both lengths.
    const LONGEST: usize = 100;
    let lower = word.to_lowercase();
    let length = length_of(&lower);
    if length > LONGEST {
        return None;
    }
    let mut most = (length / 3).clamp(1, 3);
    let mut best: Option<(usize, &str)> = None;
    for (name, folded) in names {
        let folded = folded.as_ref();
        let name_length = length_of(folded);
        if name_length.abs_diff(length) > most {
            continue;
        }
        // Another single letter is another name, not a misspelt one.
        let found = distance(&lower, folded, most).filter(|d| *d < length.max(name_length));
        if let Some(found) = found.map(|distance| (distance, name))
            && best.is_none_or(|best| found < best)
        {
            most = found.0;
            best = Some(found);
        }
    }
    best.map(|(_, name)| name)
}

/// Characters in `text`.
fn length_of(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().count() }
}

/// The optimal string alignment distance of two words, unless it is more than `most`. Most names of a
/// large library are known to be far before anything is counted in a table.
fn distance(a: &str, b: &str, most: usize) -> Option<usize> {
    let same = |(x, y): &(char, char)| x == y;
    let before: usize = a.chars().zip(b.chars()).take_while(same).map(|(c, _)| c.len_utf8()).sum();
    let (a, b) = (&a[before..], &b[before..]);
    let behind: usize =
        a.chars().rev().zip(b.chars().rev()).take_while(same).map(|(c, _)| c.len_utf8()).sum();
    let (a, b) = (&a[..a.len() - behind], &b[..b.len() - behind]);
    // What one has of a letter and the other has not must at least be replaced.
    let mut surplus = [0i32; 32];
    a.chars().for_each(|c| surplus[c as usize % 32] += 1);
    b.chars().for_each(|c| surplus[c as usize % 32] -= 1);
    let more: i32 = surplus.iter().filter(|count| **count > 0).sum();
    let less: i32 = -surplus.iter().filter(|count| **count < 0).sum::<i32>();
    if more.max(less) as usize > most {
        return None;
    }
    Some(strsim::osa_distance(a, b)).filter(|distance| *distance <= most)
}

/// What could stand at the cursor, `cursor` bytes into `text`: the part of the text to replace, and
/// what to put there, the likeliest first. Names come quoted where they need it, functions with
/// their opening bracket. Each of `names` comes with itself in small letters; of two that fit
/// equally well the earlier is offered first.
pub fn completions<'a, F: AsRef<str>>(
    text: &str,
    cursor: usize,
    names: impl IntoIterator<Item = (&'a str, F)>,
) -> (Range<usize>, Vec<String>) {
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
    let is_there = |offer: &str| *offer == text[start..end];
    let mut begin_so: Vec<String> = Vec::new();
    let mut hold_it: Vec<String> = Vec::new();
    for (name, folded) in names {
        let folded = folded.as_ref();
        let list = if folded.starts_with(&word) {
            &mut begin_so
        } else if !word.is_empty() && hold_it.len() < MAX_OFFERS && folded.contains(&word) {
            &mut hold_it
        } else {
            continue;
        };
        let offer = quoted(name);
        // What is there already needs no offer.
        if !is_there(&offer) {
            list.push(offer.into_owned());
        }
        if begin_so.len() == MAX_OFFERS {
            break;
        }
    }
    if quote.is_none() && !word.is_empty() {
        let functions = Function::ALL.map(|function| format!("{}(", function.name()));
        let written = functions.into_iter().chain([ZERO.to_owned()]);
        begin_so.extend(written.filter(|offer| offer.starts_with(&word) && !is_there(offer)));
    }
    begin_so.append(&mut hold_it);
    begin_so.truncate(MAX_OFFERS);
    (start..end, begin_so)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against the whole table of a public crate.
        #[test]
        fn short_cuts_do_not_change_a_distance(a in "[abcä ]{0,9}", b in "[abcä ]{0,9}", most in 0usize..5) {
            let whole = strsim::osa_distance(&a, &b);
            prop_assert_eq!(distance(&a, &b, most), (whole <= most).then_some(whole));
        }
    }
}
