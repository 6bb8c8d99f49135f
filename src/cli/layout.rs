//! Text as a reader sees it: wrapped at words with hanging indents, and coloured by what it says.
//!
//! Colours only repeat what the words say. They are always written here; the output takes them off where they are
//! not wanted.

use anstyle::{AnsiColor, Style};
use textwrap::{Options, WordSeparator, WordSplitter};

use crate::text::grouped;

/// As it should be.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// Broken, and known to be.
pub const KNOWN: Style = AnsiColor::Cyan.on_default();
/// Not as it should be.
pub const WRONG: Style = AnsiColor::Red.on_default().bold();
/// Not told, or told of less than was asked.
pub const UNTOLD: Style = AnsiColor::Yellow.on_default();
/// What goes wrong in a behaviour.
pub const FAULT: Style = AnsiColor::Yellow.on_default();
/// Names of what follows.
pub const HEADING: Style = Style::new().bold();
/// Beside the point.
pub const ASIDE: Style = Style::new().dimmed();

/// The narrowest column that text is wrapped into; below it the hanging indent gives way.
const COLUMN_MIN: usize = 24;
/// The hanging indent that is left then.
const INDENT_MIN: usize = 4;

/// `text` in a style.
pub fn painted(text: &str, style: Style) -> String {
    if text.is_empty() { String::new() } else { format!("{style}{text}{style:#}") }
}

/// `text` filled up with spaces to `width` columns.
pub fn padded(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(textwrap::core::display_width(text));
    format!("{text}{}", " ".repeat(missing))
}

/// `text`, one line, wrapped at words to `width` columns; the lines after the first are indented by `indent`. A word that
/// is longer than a line stays whole. Without a width nothing is wrapped.
pub fn wrapped(text: &str, indent: usize, width: Option<usize>) -> String {
    let Some(width) = width else { return text.to_owned() };
    let indent = if indent + COLUMN_MIN > width { INDENT_MIN } else { indent };
    let hanging = " ".repeat(indent);
    let options = Options::new(width)
        .subsequent_indent(&hanging)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .break_words(false);
    textwrap::fill(text, options)
}

/// A number of things: `1 model`, `2 models`; `many` is the word for several.
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}
