//! Progress bars.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on standard error over `total` things; nothing where that is no terminal.
pub fn bar(total: usize, things: &str) -> ProgressBar {
    let bar = ProgressBar::new(total as u64);
    let template = format!("{{bar:32}} {{human_pos}}/{{human_len}} {things} · {{eta}} left");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar
}

/// A bar in percent whose words are set by [`ProgressBar::set_message`].
pub fn worded_bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:24} {percent:>3} % · {msg}") {
        bar.set_style(style);
    }
    bar
}
