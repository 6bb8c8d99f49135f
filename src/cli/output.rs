//! Writing to stdout. A reader that went away is no error.

use std::fmt;
use std::io::{ErrorKind, Write};

/// Writes to stdout; ends the process quietly if nobody reads any more.
pub fn write(text: fmt::Arguments<'_>) {
    let mut stdout = std::io::stdout().lock();
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

pub(crate) use say;
