//! Writing to stdout: colours where they are wanted, lines as wide as the terminal. A reader that went away is no error.

use std::fmt;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::Path;

use anstream::{AutoStream, ColorChoice};
use miette::MietteHandlerOpts;
use terminal_size::{Width, terminal_size_of};
use textwrap::{WordSeparator, WordSplitter};

use super::args::Color;

/// Columns of a message where stderr is no terminal, and the most where it is.
const MESSAGE_WIDTH: usize = 80;
const MESSAGE_WIDTH_MAX: usize = 120;

/// Decides about colours, for stdout and for messages.
pub fn set_up(color: Color) {
    let choice = match color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };
    choice.write_global();
    let colored = AutoStream::choice(&io::stderr()) != ColorChoice::Never;
    let width = terminal_size_of(io::stderr()).map_or(MESSAGE_WIDTH, |(Width(columns), _)| usize::from(columns));
    let handler = move |_: &_| -> Box<dyn miette::ReportHandler> {
        let options = MietteHandlerOpts::new()
            .color(colored)
            .width(width.min(MESSAGE_WIDTH_MAX))
            .break_words(false)
            .word_separator(WordSeparator::AsciiSpace)
            .word_splitter(WordSplitter::NoHyphenation);
        Box::new(options.build())
    };
    // A second handler is refused, and then the first, of the same process, still serves.
    drop(miette::set_hook(Box::new(handler)));
}

/// Columns of the terminal that stdout is; none where it is something else, into which nothing is wrapped.
pub fn width() -> Option<usize> {
    let stdout = io::stdout();
    stdout.is_terminal().then(|| terminal_size_of(stdout)).flatten().map(|(Width(columns), _)| usize::from(columns))
}

/// Why nothing can be written below `out`, as far as that shows before anything is asked.
pub fn obstacle(out: &Path) -> Option<String> {
    let nearest = out.ancestors().find(|folder| folder.exists())?;
    let shown = nearest.display();
    if !nearest.is_dir() {
        return Some(format!("{shown} is no folder"));
    }
    let read_only = nearest.metadata().is_ok_and(|metadata| metadata.permissions().readonly());
    read_only.then(|| format!("{shown} is read-only"))
}

/// Writes to stdout; ends the process quietly if nobody reads any more.
pub fn write(text: fmt::Arguments<'_>) {
    let mut stdout = anstream::stdout().lock();
    if let Err(error) = stdout.write_fmt(text).and_then(|()| stdout.flush()) {
        let code = if error.kind() == ErrorKind::BrokenPipe { super::AS_EXPECTED } else { super::BAD_INPUT };
        std::process::exit(i32::from(code));
    }
}

/// `println!`, by [`write`].
macro_rules! say {
    () => { crate::cli::output::write(format_args!("\n")) };
    ($($text:tt)*) => { crate::cli::output::write(format_args!("{}\n", format_args!($($text)*))) };
}

/// [`say!`], wrapped to the terminal with a hanging indent of so many columns.
macro_rules! say_wrapped {
    ($indent:expr, $($text:tt)*) => {
        crate::cli::output::say!("{}", crate::cli::layout::wrapped(&format!($($text)*), $indent, crate::cli::output::width()))
    };
}

pub(crate) use {say, say_wrapped};
