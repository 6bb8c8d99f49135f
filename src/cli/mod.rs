//! The command line: what was typed, turned into requests, and their output.

mod args;
mod bad_input;
mod check;
mod check_json;
mod check_text;
mod explore;
mod input;
pub mod layout;
mod models;
mod output;
mod placement;
mod placement_args;
mod profiles;
mod replay;
mod report;
mod select;
mod tale;
mod vectors;
mod vectors_emit;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Subcommand};

/// Every verdict is as expected.
pub const AS_EXPECTED: u8 = 0;
/// Some verdict is not.
pub const NOT_AS_EXPECTED: u8 = 1;
/// The input is bad; nothing was done.
pub const BAD_INPUT: u8 = 2;
/// A search was cut short.
pub const CUT_SHORT: u8 = 3;

/// Runs the command line `arguments` (the program's name first) and returns its exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // clap's own codes: 0 for help and version, 2 for bad usage.
            let code = if error.use_stderr() { BAD_INPUT } else { AS_EXPECTED };
            drop(error.print());
            return ExitCode::from(code);
        }
    };
    output::set_up(arguments.color);
    let result = match arguments.command.unwrap_or_else(|| Subcommand::Check(args::CheckArgs::default())) {
        Subcommand::Check(args) => check::run(&args),
        Subcommand::Models(args) => models::run(&args),
        Subcommand::Profiles(args) => Ok(profiles::run(&args)),
        Subcommand::Replay(args) => replay::run(&args),
        Subcommand::Report(args) => report::run(&args),
        Subcommand::Explore(args) => explore::run(&args),
        Subcommand::Vectors(args) => vectors::run(&args),
        Subcommand::Placement(args) => {
            placement::run(&args, output::width(), &mut anstream::stdout().lock(), &mut anstream::stderr().lock())
        }
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(report) => {
            anstream::eprintln!("{report:?}");
            ExitCode::from(BAD_INPUT)
        }
    }
}
